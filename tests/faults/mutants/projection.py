"""Mutants of figures: the projector and its tables, rows and cells, both axes of time, rebuilds and what is promised of them."""

from __future__ import annotations

from tests.faults.mutants.mutant import Edit, Mutant, Schedules, suite

_STORE = "services/metrics/store.py"
_CHECKPOINTS = "shared/postgres/checkpoints.py"
_PROJECTOR = "services/metrics/projector.py"
_BATCH = "services/metrics/batch.py"
_JOURNEY = "services/metrics/journey.py"
_LEDGER = "services/metrics/ledger.py"
_CONTRIBUTIONS = "services/metrics/contributions.py"
_REDRIVE = "services/metrics/redrive.py"
_ROW_TESTS = "unit/metrics/test_every_interleaving_gives_the_same_row.py"
_CELL_TESTS = "unit/metrics/test_cells_do_not_depend_on_the_order_of_arrival.py"
_RULE_TESTS = "unit/metrics/test_one_journey_moves_the_figures_as_the_rules_say.py"
_SWAP_TESTS = "integration/metrics/test_a_rebuild_is_served_when_it_has_arrived.py"
_COUNT_TESTS = "integration/metrics/test_the_projection_counts_every_event_once.py"

MUTANTS = (
    Mutant(
        "snapshot-held-for-a-silent-broker",
        "a journey is told while its bytes cannot be reached",
        "R27",
        (Edit("services/metrics/record.py", "SHOWN_WITHIN_S = 4.0", "SHOWN_WITHIN_S = 10.0"),),
        (
            suite(
                "integration/metrics/test_the_doors_answer_and_refuse.py"
                "::test_a_silent_broker_is_not_waited_for_until_the_snapshot_is_gone"
            ),
        ),
    ),
    Mutant(
        "checkpoint-before-the-rows",
        "a checkpoint commits with the rows it covers",
        "R19, ruling 21",
        (
            Edit(
                _STORE,
                "            await self._advance(tx, batch)\n            await self.write",
                "            await self._advance(tx, batch)\n"
                "        async with self.log.transaction() as tx:\n"
                "            await self.write",
            ),
        ),
        (Schedules("projections", 500),),
    ),
    Mutant(
        "checkpoint-without-the-rows",
        "what a checkpoint passed over is counted",
        "ruling 3",
        (
            Edit(
                _STORE,
                "            await self._advance(tx, batch)\n            await self.write(tx, batch)",
                "            await self._advance(tx, batch)\n            len(batch.journeys) > 1 or await self.write(tx, batch)",
            ),
        ),
        (Schedules("projections", 50),),
    ),
    Mutant(
        "rows-before-the-checkpoint",
        "rows commit with their checkpoint",
        "ruling 21",
        (
            Edit(
                _STORE,
                "            await self._advance(tx, batch)\n            await self.write(tx, batch)",
                "            await self.write(tx, batch)\n"
                "        async with self.log.transaction() as tx:\n"
                "            await self._advance(tx, batch)",
            ),
        ),
        (Schedules("projections", 500),),
    ),
    Mutant(
        "projector-ignores-the-fence",
        "a projector whose claim is stale writes nothing",
        "ruling 21",
        (Edit(_CHECKPOINTS, "if len(moved) != len(rows):", "if False:"),),
        (Schedules("projections", 300),),
    ),
    Mutant(
        "projector-offset-not-compared",
        "a batch is applied only from where its partitions stand",
        "ruling 21",
        (Edit(_CHECKPOINTS, "c.next_offset = n.expected AND c.epoch", "n.expected >= 0 AND c.epoch"),),
        (suite(f"{_COUNT_TESTS}::test_a_batch_from_an_old_place_writes_nothing"),),
    ),
    Mutant(
        "projector-epoch-not-compared",
        "whoever lost a partition writes nothing of it",
        "ruling 19",
        (Edit(_CHECKPOINTS, "AND c.epoch = n.epoch", "AND n.epoch >= 0"),),
        (suite(f"{_COUNT_TESTS}::test_a_stale_claim_writes_nothing"),),
    ),
    Mutant(
        "dead-letter-after-the-batch",
        "a dead letter is written in the transaction that passes its record over",
        "ruling 24",
        (
            Edit(_STORE, "                await tx.say([dead_letter(", "                late.extend([dead_letter("),
            Edit(
                _STORE,
                "            await self._advance(tx, batch)\n            await self.write",
                "            late = []\n            await self._advance(tx, batch)\n            await self.write",
            ),
            Edit(
                _STORE,
                "                await _announce(tx, self.generation, batch)\n",
                "                await _announce(tx, self.generation, batch)\n"
                "        async with self.log.transaction() as apart:\n"
                "            await apart.say(late)\n",
            ),
        ),
        (Schedules("projections", 1_000),),
    ),
    Mutant(
        "projection-without-dedupe",
        "an event that comes again is counted once",
        "ruling 2",
        (Edit(_JOURNEY, "if sequence == head + 1:", "if 1 <= sequence <= head + 1:"),),
        (suite(f"{_ROW_TESTS}::test_repeated_deliveries_change_nothing"),),
    ),
    Mutant(
        "early-event-counted",
        "an event that comes too early moves no figure and says so",
        "ruling 2",
        (Edit(_JOURNEY, "if sequence == head + 1:", "if sequence > head:"),),
        (suite(_ROW_TESTS),),
    ),
    Mutant(
        "other-fact-taken-for-a-duplicate",
        "another fact under a number that is taken is a conflict",
        "R20",
        (Edit(_JOURNEY, "if not _is_same(known, told):", "if False:"),),
        (suite(_ROW_TESTS),),
    ),
    Mutant(
        "waiting-journey-goes-on",
        "a journey that waits takes nothing from any service",
        "ruling 50",
        (Edit(_BATCH, "elif seen.key in self._memory.waiting:", "elif False:"),),
        (suite("unit/metrics"),),
    ),
    Mutant(
        "failed-figures-stay-applied",
        "events whose figures cannot be computed wait with their journey",
        "R22",
        (Edit(_BATCH, "self._give_back(key, type(error).__name__)", "pass"),),
        (Schedules("projections", 100),),
    ),
    Mutant(
        "memory-kept-after-a-failure",
        "after any failure the database alone knows",
        "ruling 22",
        (Edit(_PROJECTOR, "self._memory.forget()", "pass"),),
        (Schedules("projections", 300),),
    ),
    Mutant(
        "projector-reads-astray",
        "records continue exactly at the checkpoint, or the reader seeks again",
        "ruling 20",
        (
            Edit(
                "shared/kafka/batches.py",
                "claim is None or records[0].offset != self._assignment.expected(place):",
                "claim is None:",
            ),
        ),
        (Schedules("projections", 500),),
    ),
    Mutant(
        "projection-never-filled",
        "a row that missed an event is folded on when it comes",
        "R20, ruling 2",
        (
            Edit(
                "services/metrics/projector.py",
                'if late := {parked.sign.key for parked in batch.parked if parked.reason == "behind"}:',
                "if late := {parked.sign.key for parked in batch.parked if False}:",
            ),
        ),
        (
            suite(
                "integration/metrics/test_the_projector_lives_on_a_real_broker.py::test_an_event_that_comes_last_is_missed_no_more"
            ),
        ),
    ),
    Mutant(
        "projection-redriven-without-a-fence",
        "a redrive fences the projector that holds the row in memory",
        "ruling 21",
        (Edit(_REDRIVE, "await tx.execute(_CLAIM, store.group, list(EVENT_TOPICS), waiting[0].partition)", "pass"),),
        (Schedules("projections", 2_500),),
    ),
    Mutant(
        "redriven-log-row-lost",
        "a row of a log that waited is kept when it is redriven",
        "ruling 3",
        (Edit(_REDRIVE, "(await store.keep(tx, folder.batch.reports)).items()", "dict[Place, Counts]().items()"),),
        (suite(f"{_COUNT_TESTS}::test_a_row_of_a_log_that_waited_is_kept_when_it_is_redriven"),),
    ),
    Mutant(
        "redrive-stopped-by-one",
        "a journey that cannot be written stops no other one that is redriven",
        "ruling 50",
        (Edit(_REDRIVE, '_log.exception("redrive-failed", extra={"error_class": type(error).__name__})', "raise"),),
        (suite(f"{_COUNT_TESTS}::test_a_journey_that_cannot_be_written_stops_no_other_one_that_is_redriven"),),
    ),
    Mutant(
        "contribution-not-withdrawn",
        "what a row no longer says is taken off the figures",
        "ruling 3",
        (Edit(_CONTRIBUTIONS, "if cell not in after:", "if False:"),),
        (suite(_CELL_TESTS, _RULE_TESTS),),
    ),
    Mutant(
        "late-fact-booked-today",
        "a fact that is known late moves the figures of the day on which it was known",
        "ruling 37",
        (Edit(_LEDGER, "if len(days) == 1 and first >= before.newest:", "if len(days) == 1:"),),
        (suite(_CELL_TESTS),),
    ),
    Mutant(
        "spans-stand-still",
        "spans move with their cells, in the same transaction",
        "ruling 3",
        (Edit(_STORE, "await tx.execute(\"SELECT add_spans($1, 'stage_cell')\", self.room)", "pass"),),
        (suite("integration/metrics/test_spans_are_what_their_cells_add_up_to.py"),),
    ),
    Mutant(
        "days-before-a-span-forgotten",
        "a slice is whole spans and the days around them",
        "ruling 3",
        (
            Edit(
                "services/metrics/spans.py", "if days.first is not None and first is not None and days.first < first:", "if False:"
            ),
        ),
        (suite("unit/metrics/test_a_slice_is_whole_spans_and_the_days_around.py"),),
    ),
    Mutant(
        "known-day-ignored",
        "as known on a day means by the facts known by then",
        "ruling 37",
        (Edit(_LEDGER, "Entry(cell, first): amounts\n", "Entry(cell, before.newest or first): amounts\n"),),
        (suite(_CELL_TESTS),),
    ),
    Mutant(
        "voided-visit-counted",
        "a visit that was taken off counts nowhere",
        "ruling 6",
        (Edit("services/metrics/story.py", "story.visits.pop(fact.visit, None)", "return"),),
        (suite(f"{_RULE_TESTS}::test_a_voided_visit_counts_nowhere"),),
    ),
    Mutant(
        "rebuild-swapped-too-early",
        "a new build is served when it has reached the live one, and not before",
        "ruling 26",
        (Edit("services/metrics/builds.py", "await self._stretch(store, behind)", "pass"),),
        (suite(_SWAP_TESTS),),
    ),
    Mutant(
        "rebuild-compared-under-locks",
        "the live build goes on while a new one is compared with it",
        "ruling 26",
        (
            Edit(
                "services/metrics/builds.py",
                "            return await compare(snap, live, store.generation)",
                "                return await compare(snap, live, store.generation)",
            ),
        ),
        (suite(f"{_SWAP_TESTS}::test_nobody_is_held_up_while_the_builds_are_compared"),),
    ),
    Mutant(
        "rebuild-swapped-twice",
        "a build that is served already changes places with nobody",
        "ruling 26",
        (Edit("services/metrics/builds.py", 'if state != "building":', "if False:"),),
        (suite(f"{_SWAP_TESTS}::test_a_build_that_another_process_has_served_meanwhile_is_left_alone"),),
    ),
    Mutant(
        "rebuild-that-fell-behind-stands-still",
        "a build that fell far behind reads on by itself",
        "ruling 26",
        (
            Edit(
                "services/metrics/builds.py",
                "            await self._read_on(store, stop)\n            if report",
                "            await self._read_on(store, stop) if report is None else None\n            if report",
            ),
        ),
        (suite(f"{_SWAP_TESTS}::test_a_build_that_fell_far_behind_reads_on_by_itself"),),
    ),
    Mutant(
        "watermark-counts-too-early",
        "a promise counts when the checkpoints have reached it",
        "ruling 17",
        (Edit("services/metrics/watermarks.py", "checkpoints.get(place, 0) >= end", "checkpoints.get(place, 0) >= end - 1"),),
        (suite("unit/metrics/test_the_watermark_claims_no_more_than_is_applied.py"),),
    ),
    Mutant(
        "old-topic-waited-for",
        "a topic that was begun anew holds up no later promise",
        "ruling 17",
        (Edit("services/metrics/watermarks.py", "            waiting.clear()\n            claimed.clear()", "            pass"),),
        (suite("unit/metrics/test_the_watermark_claims_no_more_than_is_applied.py"),),
    ),
    Mutant(
        "promise-of-a-time-to-come",
        "a promise that a clock set back made false is taken back",
        "ruling 17",
        (Edit("services/metrics/watermarks.py", "            self.taken_back.add(mark.service)\n", ""),),
        (
            suite("unit/metrics/test_the_watermark_claims_no_more_than_is_applied.py"),
            suite("integration/metrics/test_the_projector_lives_on_a_real_broker.py"),
        ),
    ),
    Mutant(
        "law-forgets-dead-letters",
        "the law of conservation counts every fate",
        "ruling 27",
        (Edit("services/metrics/trust.py", "for name in _CONSUMED[1:])", "for name in _CONSUMED[1:-1])"),),
        (suite("unit/metrics/test_the_conservation_law_is_told_as_it_is.py"),),
    ),
    Mutant(
        "law-forgets-what-waits",
        "appended is published and waiting",
        "ruling 27",
        (Edit("services/metrics/trust.py", 'row["published"] + row["waiting"]', 'row["published"]'),),
        (suite("unit/metrics/test_the_conservation_law_is_told_as_it_is.py"),),
    ),
    Mutant(
        "a-checkpoint-may-pass-over-an-event",
        "of a topic of events everything up to the checkpoint was consumed",
        "ruling 27",
        (Edit("services/metrics/trust.py", " and passed_over == 0", ""),),
        (suite("unit/metrics/test_the_conservation_law_is_told_as_it_is.py"),),
    ),
    Mutant(
        "a-failed-batch-is-looked-for-anywhere",
        "whoever spoils a batch is looked for where the batch came from",
        "R21",
        (
            Edit(
                "services/metrics/projector.py", "WAIT_MS, self._suspect(reader))\n        if taken", "WAIT_MS)\n        if taken"
            ),
            Edit("services/metrics/projector.py", "take(1, WAIT_MS, self._suspect(reader))", "take(1, WAIT_MS)"),
        ),
        (
            suite(
                "integration/metrics/test_the_projector_lives_on_a_real_broker.py"
                "::test_whoever_spoils_a_batch_is_found_at_once_while_others_keep_coming"
            ),
        ),
    ),
    Mutant(
        "events-of-an-unreadable-row-are-buried",
        "what follows a row that cannot be read waits until it is mended",
        "ruling 24",
        (
            Edit(
                "services/metrics/projector.py",
                "        await self._recall_if_it_can_be(record)\n        folder = Folder(self._memory)\n        try:\n",
                "        folder = Folder(self._memory)\n        try:\n"
                "            await self.store.recall(self._memory, [record])\n",
            ),
        ),
        (
            suite(
                "integration/metrics/test_the_projector_lives_on_a_real_broker.py"
                "::test_events_of_a_row_that_cannot_be_read_wait_until_it_is_mended"
            ),
        ),
    ),
    Mutant(
        "an-online-case-passed-on-as-papers",
        "online nobody passes papers on, so nobody waits for them",
        "F8",
        (Edit("services/metrics/handovers.py", 'how == "accepted" and wait.layer == "physical"', 'how == "accepted"'),),
        (suite("unit/metrics/test_a_hand_over_waits_as_the_figure_says.py"),),
    ),
    Mutant(
        "fallen-due-by-what-came-later",
        "a bulletin names the fact that a hand-over counts by, and none that came after it",
        "observed-run part 4",
        (Edit("services/metrics/handover_bulletin.py", "of_end=ended and not (is_overdue and is_new)", "of_end=ended"),),
        (suite("unit/metrics/test_a_bulletin_of_waits_names_what_each_came_by.py"),),
    ),
)
