"""Mutants of reactions: checkpoints, heads, parking, redriving, and what partners ask."""

from __future__ import annotations

from tests.faults.mutants.mutant import Edit, Mutant, Schedules, suite

_INBOUND = "shared/postgres/inbound.py"
_INGRESS = "shared/postgres/ingress_inbound.py"
_CHECKPOINTS = "shared/postgres/checkpoints.py"
_LOOP = "shared/kafka/consumer.py"
_ASSIGNMENT = "shared/kafka/assignment.py"
_ARRIVAL_TESTS = "integration/kafka/test_what_is_appended_arrives_once.py"
_WAITING_TESTS = "integration/kafka/test_what_cannot_be_applied_waits_with_its_journey_alone.py"
_PARKING_TESTS = "integration/postgres/test_a_parked_journey_waits_whole.py"
_PARTNER_TESTS = "integration/intake/test_partners_are_answered_on_their_own_topics.py"

MUTANTS = (
    Mutant(
        "a-partition-mixed",
        "a poll that asks twice never hands on a record twice",
        "R17, ruling 21",
        (Edit(_LOOP, "records += [record for record in behind if record.offset > last]", "records += behind"),),
        (suite("unit/kafka/test_a_rest_costs_one_turn_and_not_two.py"),),
    ),
    Mutant(
        "plans-by-guess",
        "commands find their rows by keys from the first one on",
        "DECISIONS.md",
        (Edit("shared/postgres/pool.py", "settings |= BY_KEY", "pass"),),
        (suite("integration/intake/test_a_full_record_is_never_read_whole.py"),),
    ),
    Mutant(
        "sleepers-ended-between-statements-only",
        "whoever stands still within a statement loses its locks too",
        "R18",
        (Edit("shared/postgres/sleepers.py", "wait_event_type = 'Client'", "state = 'idle in transaction'"),),
        (suite("integration/postgres/test_whoever_falls_asleep_in_a_statement_loses_its_locks.py"),),
    ),
    Mutant(
        "checkpoint-before-the-reaction",
        "a checkpoint commits with what it covers",
        "R17, ruling 21",
        (
            Edit(
                _INBOUND,
                "            if found.fresh:\n"
                "                await self._handler(tx, found.fresh)\n"
                "            await self._remember(tx, found)\n",
                "            kept.append(found)\n",
            ),
            Edit(
                _INBOUND,
                "        return await self._log.transact(work)\n\n    async def _sort",
                "        kept = []\n"
                "        moved = await self._log.transact(work)\n"
                "        async with self._log.transaction() as tx:\n"
                "            if kept[-1].fresh:\n"
                "                await self._handler(tx, kept[-1].fresh)\n"
                "            await self._remember(tx, kept[-1])\n"
                "        return moved\n\n    async def _sort",
            ),
        ),
        (Schedules("deliveries", 300),),
    ),
    Mutant(
        "checkpoint-offset-not-compared",
        "a slice is applied only from where its partition stands",
        "R17, ruling 21",
        (
            Edit(
                _CHECKPOINTS,
                "if held != dict(claims):",
                "if {p: c.epoch for p, c in held.items()} != {p: c.epoch for p, c in claims.items()}:",
            ),
            Edit(_CHECKPOINTS, "c.next_offset = n.expected AND c.epoch", "n.expected >= 0 AND c.epoch"),
        ),
        (suite(f"{_ARRIVAL_TESTS}::test_a_slice_from_an_old_place_is_fenced"),),
    ),
    Mutant(
        "checkpoint-epoch-not-compared",
        "whoever lost a partition applies nothing more of it",
        "R18, ruling 19",
        (
            Edit(
                _CHECKPOINTS,
                "if held != dict(claims):",
                "if {p: c.next_offset for p, c in held.items()} != {p: c.next_offset for p, c in claims.items()}:",
            ),
            Edit(_CHECKPOINTS, "AND c.epoch = n.epoch", "AND n.epoch > 0"),
        ),
        (suite(f"{_ARRIVAL_TESTS}::test_a_stale_owner_is_fenced"),),
    ),
    Mutant(
        "claim-keeps-the-epoch",
        "becoming the owner fences whoever was it before",
        "ruling 19",
        (Edit(_CHECKPOINTS, "SET epoch = checkpoint.epoch + 1\n", "SET epoch = checkpoint.epoch\n"),),
        (suite(f"{_ARRIVAL_TESTS}::test_a_stale_owner_is_fenced"),),
    ),
    Mutant(
        "reaction-without-dedupe",
        "what was applied before is a duplicate by its sequence",
        "ruling 2",
        (
            Edit(_INBOUND, "if sign.sequence <= head.sequence or sign.sequence in waiting", "if sign.sequence in waiting"),
            Edit(_INBOUND, "sign.sequence != head.sequence + 1:", "sign.sequence > head.sequence + 1:"),
        ),
        (Schedules("deliveries", 200),),
    ),
    Mutant(
        "gap-not-parked",
        "an event that comes too early waits",
        "ruling 2",
        (Edit(_INBOUND, "if reason is None and sign.sequence != head.sequence + 1:", "if False:"),),
        (suite(f"{_WAITING_TESTS}::test_a_gap_parks_its_journey_and_rubbish_becomes_a_dead_letter"),),
    ),
    Mutant(
        "fetching-that-ended-unnoticed",
        "a consumer that fetches no more is made anew",
        "F23",
        (Edit("shared/kafka/clients.py", "if task is not None and task.done():", "if task is None:"),),
        (suite("integration/kafka/test_a_consumer_that_fetches_no_more_says_so.py"),),
    ),
    Mutant(
        "a-headers-name-taken-for-text",
        "a record is read whatever its headers are called",
        "F14",
        (Edit("shared/kafka/clients.py", "read_any_names()\n", ""),),
        (suite("integration/kafka/test_the_name_of_a_header_may_be_any_bytes.py"),),
    ),
    Mutant(
        "gap-never-filled",
        "a journey that missed an event goes on when it comes",
        "R20, ruling 2",
        (Edit(_INBOUND, "in await filled(self._log, self.group, late) if late else ():", "in ():"),),
        (suite(f"{_PARKING_TESTS}::test_a_journey_that_missed_an_event_goes_on_by_itself_when_it_comes"),),
    ),
    Mutant(
        "gap-left-by-the-last-owner",
        "whoever takes over lets what was missed go on first",
        "R20, ruling 2",
        (Edit(_INBOUND, "in await filled(self._log, self.group):", "in ():"),),
        (suite(f"{_PARKING_TESTS}::test_whoever_takes_over_lets_what_was_missed_go_on_first"),),
    ),
    Mutant(
        "filled-though-something-failed",
        "a journey of which anything failed waits for its operator",
        "R20, ruling 2",
        (Edit("shared/postgres/gaps.py", "bool_and(error_code IN ('gap', 'behind'))", "true"),),
        (suite(f"{_PARKING_TESTS}::test_what_failed_is_not_tried_again_for_an_event_that_was_missed"),),
    ),
    Mutant(
        "conflict-taken-for-a-duplicate",
        "another event under a number that is taken is no duplicate",
        "R20, ruling 2",
        (Edit(_INBOUND, "if sign.sequence == head.sequence and head.id not in (None, sign.id):", "if False:"),),
        (suite(f"{_ARRIVAL_TESTS}::test_another_event_under_a_number_that_is_taken_is_no_duplicate"),),
    ),
    Mutant(
        "parked-journey-stops-nobody-of-its-own",
        "parking holds a journey, whatever the source of the event that failed",
        "ruling 50",
        (Edit(_INBOUND, '("behind" if sign.key in held_keys else None)', "None"),),
        (suite(_PARKING_TESTS),),
    ),
    Mutant(
        "parked-journey-stops-everybody",
        "a parked journey stops nobody else",
        "R22, ruling 21",
        (Edit(_INBOUND, "if sign.key in held_keys", "if held_keys"),),
        (suite(_PARKING_TESTS),),
    ),
    Mutant(
        "away-taken-for-poison",
        "a database that is away parks nobody",
        "R20",
        (Edit(_INBOUND, "_PASS_ON = (FencedError, UnavailableError, VersionConflictError)", "_PASS_ON = (FencedError,)"),),
        (suite("integration/postgres/test_a_database_that_is_away_parks_nobody.py"),),
    ),
    Mutant(
        "redrive-out-of-order",
        "what waits is applied in the order of its stream",
        "R23, ruling 21",
        (
            Edit(_INBOUND, "ORDER BY p.sequence = coalesce(h.version, 0) + 1 DESC, p.n LIMIT 1", "ORDER BY p.n DESC LIMIT 1"),
            Edit(_INBOUND, 'if row["sequence"] != (head or 0) + 1:', "if False:"),
        ),
        (suite(f"{_WAITING_TESTS}::test_a_failing_journey_parks_and_the_others_flow"),),
    ),
    Mutant(
        "redrive-forgets-the-head",
        "what was redriven is a duplicate when it comes again",
        "ruling 21",
        (
            Edit(
                _INBOUND,
                'await tx.execute(_REMEMBER, self.group, [row["source"]], [key], [row["sequence"]], [event_id])',
                "pass",
            ),
        ),
        (suite(f"{_WAITING_TESTS}::test_a_failing_journey_parks_and_the_others_flow"),),
    ),
    Mutant(
        "ignored-not-counted",
        "consumed is the sum of what became of every record",
        "ruling 27",
        (Edit(_INBOUND, "if event is None:\n            tally.ignored += 1", "if event is None:\n            pass"),),
        (Schedules("deliveries", 20),),
    ),
    Mutant(
        "dead-letter-after-the-commit",
        "a dead letter is written in the transaction that passes its record over",
        "ruling 24",
        (
            Edit(
                _INBOUND,
                "        await tx.say([dead_letter(self._log.source, self.group, record, code, keep_bytes=True)",
                "        late.extend([dead_letter(self._log.source, self.group, record, code, keep_bytes=True)",
            ),
            Edit(
                _INBOUND,
                "async def _remember(self, tx: Tx, found: _Sorted)",
                "async def _remember(self, tx: Tx, found: _Sorted, late: list)",
            ),
            Edit(_INBOUND, "await self._remember(tx, found)", "late.clear()\n            await self._remember(tx, found, late)"),
            Edit(
                _INBOUND,
                "        return await self._log.transact(work)\n\n    async def _sort",
                "        late: list = []\n"
                "        moved = await self._log.transact(work)\n"
                "        async with self._log.transaction() as apart:\n"
                "            await apart.say(late)\n"
                "        return moved\n\n    async def _sort",
            ),
        ),
        (Schedules("deliveries", 1_000),),
    ),
    Mutant(
        "first-offset-not-compared",
        "records continue exactly at the checkpoint, or the reader seeks again",
        "ruling 20",
        (
            Edit(
                _LOOP,
                "return first < expected or (self._begin_again is None and first != expected)",
                "return first < 0",
            ),
        ),
        (Schedules("deliveries", 500),),
    ),
    Mutant(
        "rebalance-not-noticed",
        "after a rebalance everything is claimed anew",
        "ruling 19",
        (Edit(_ASSIGNMENT, "if generation == self._seen:", "if self._seen >= 0:"),),
        (Schedules("deliveries", 200),),
    ),
    Mutant(
        "topic-made-anew-read-on",
        "a topic that ends before its checkpoint stops its reader",
        "ruling 48",
        (Edit(_ASSIGNMENT, "if cut:", "if False:"),),
        (
            suite(
                "integration/kafka/test_kafka_and_the_record_agree_or_nobody_goes_on.py"
                "::test_a_reader_of_our_own_topic_does_not_go_on_past_its_end"
            ),
        ),
    ),
    Mutant(
        "request-done-twice",
        "a partner's id is used once",
        "R4, ruling 51",
        (Edit(_INGRESS, "if firsts.get(ingress.id) is not record:", "if False:"),),
        (Schedules("requests", 200),),
    ),
    Mutant(
        "id-reused-for-another-request",
        "another request under a used id is refused",
        "R4, ruling 51",
        (Edit(_INGRESS, 'sha256(record.value or b"").digest()', 'b""'),),
        (Schedules("requests", 200), suite(_PARTNER_TESTS)),
    ),
    Mutant(
        "partners-share-their-ids",
        "each partner's ids are its own",
        "R4, ruling 51",
        (Edit(_INGRESS, 'f"ingress:{partner_of(record.topic)}"', '"ingress"'),),
        (suite(_PARTNER_TESTS),),
    ),
    Mutant(
        "request-blamed-for-the-database",
        "a request is not refused because the database is away",
        "R20",
        (
            Edit(
                _INGRESS,
                "_PASS_ON = (FencedError, UnavailableError, VersionConflictError)",
                "_PASS_ON = (FencedError, VersionConflictError)",
            ),
        ),
        (Schedules("requests", 200),),
    ),
    Mutant(
        "request-without-an-answer",
        "every request gets exactly one answer",
        "ruling 24",
        (Edit(_INGRESS, "found.answers.append((record, _refusal(record, refused)))", "pass"),),
        (Schedules("requests", 50),),
    ),
)
