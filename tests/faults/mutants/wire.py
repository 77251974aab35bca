"""Mutants of publishing: the relay, its outbox and lease, its promises, and publishing everything again."""

from __future__ import annotations

from tests.faults.mutants.mutant import Edit, Mutant, Schedules, suite

_RELAY = "shared/kafka/relay.py"
_OUTBOX = "shared/postgres/outbox.py"
_CLIENTS = "shared/kafka/clients.py"
_IN_STEP = "shared/kafka/instep.py"
_RELAY_TESTS = "unit/kafka/test_a_relay_forgets_only_what_was_acknowledged.py"
_PLACE_TESTS = "unit/kafka/test_a_place_that_fails_waits_by_itself.py"
_LEASE_TESTS = "integration/kafka/test_a_relay_forgets_nothing_and_waits_for_no_topic.py"
_WATERMARK_TESTS = "integration/kafka/test_the_watermark_passes_no_writer.py"
_CLIENT_TESTS = "integration/kafka/test_every_client_is_a_safe_one.py"
_IN_STEP_TESTS = "unit/kafka/test_topics_are_read_in_step.py"
_REPUBLISH_TESTS = "integration/postgres/test_everything_can_be_published_again.py"

MUTANTS = (
    Mutant(
        "forgotten-before-the-acknowledgement",
        "a row leaves the outbox only when the broker has it",
        "R15, ruling 15",
        (
            Edit(
                _RELAY,
                "done = await self._send([row for row in sure",
                "await self._outbox.acknowledge(self._epoch, [row.position for row in slice_], {})\n"
                "            done = await self._send([row for row in sure",
            ),
        ),
        (Schedules("deliveries", 200),),
    ),
    Mutant(
        "acknowledged-beyond-the-prefix",
        "only the longest acknowledged prefix of a partition is forgotten",
        "ruling 16",
        (
            Edit(
                _RELAY, "too_large.add(place.topic)\n                break", "too_large.add(place.topic)\n                continue"
            ),
        ),
        (suite(_RELAY_TESTS),),
    ),
    Mutant(
        "sent-behind-a-first-batch-in-doubt",
        "what a broker could take out of order waits until the first batch was acknowledged",
        "ruling 16",
        (Edit(_RELAY, "if left and place not in begun:", "if False:"),),
        (suite(_RELAY_TESTS),),
    ),
    Mutant(
        "lease-ignored",
        "without the lease a relay publishes nothing",
        "ruling 15",
        (Edit(_RELAY, "return self._epoch is not None", "self._epoch = self._epoch or 0\n        return True"),),
        (suite(_RELAY_TESTS),),
    ),
    Mutant(
        "lease-without-epoch",
        "a relay that lost its lease forgets nothing",
        "ruling 16",
        (Edit(_OUTBOX, "WHERE shard = $2 AND epoch = $3)", "WHERE shard = $2 AND $3::bigint > 0)"),),
        (suite(f"{_LEASE_TESTS}::test_a_relay_that_lost_its_lease_forgets_nothing"),),
    ),
    Mutant(
        "lease-taken-from-its-holder",
        "a lease that runs is not taken away",
        "ruling 15",
        (Edit(_OUTBOX, "lease.until < clock_timestamp()", "true"),),
        (suite(f"{_LEASE_TESTS}::test_a_relay_that_lost_its_lease_forgets_nothing"),),
    ),
    Mutant(
        "promise-past-a-writer-of-a-time-to-come",
        "while a clock was set back under an open writer nothing is promised",
        "ruling 17",
        (Edit(_OUTBOX, "CASE WHEN bool_or(xact_start > clock_timestamp()) THEN", "CASE WHEN bool_or(false) THEN"),),
        (suite(f"{_WATERMARK_TESTS}::test_nobody_knows_what_a_writer_of_a_time_to_come_will_have_recorded"),),
    ),
    Mutant(
        "lease-of-a-time-to-come",
        "a lease from before a clock was set back holds nobody up",
        "ruling 15",
        (Edit(_OUTBOX, "lease.until > clock_timestamp() + $3 * interval '1 second'", "false"),),
        (suite(f"{_LEASE_TESTS}::test_a_lease_from_before_a_clock_was_set_back_is_nobodys"),),
    ),
    Mutant(
        "producer-kept-after-an-error",
        "after an error the producer is made anew",
        "ruling 16",
        (
            Edit(
                _RELAY,
                "        dropped, self._producer = self._producer, None\n",
                "        dropped: AIOKafkaProducer | None = None\n",
            ),
        ),
        (Schedules("deliveries", 200),),
    ),
    Mutant(
        "bytes-written-anew-by-the-relay",
        "the bytes that are published are those that were recorded and hashed",
        "ruling 33",
        (Edit(_RELAY, "row.value,", "orjson.dumps(orjson.loads(row.value), option=orjson.OPT_SORT_KEYS),"),),
        (Schedules("deliveries", 20),),
    ),
    Mutant(
        "watermark-reads-the-outbox-first",
        "a promise claims no more than is published",
        "ruling 17",
        (
            Edit(_OUTBOX, "            writers: datetime | None = await tx.fetchval(_OLDEST_WRITER)\n", ""),
            Edit(
                _OUTBOX,
                "        return writers if",
                "        async with self._log.reading() as tx:\n"
                "            writers: datetime | None = await tx.fetchval(_OLDEST_WRITER)\n        return writers if",
            ),
        ),
        (Schedules("deliveries", 1_000),),
    ),
    Mutant(
        "watermark-passes-open-writers",
        "a promise does not pass the start of the oldest open writer",
        "ruling 17",
        (Edit(_OUTBOX, "least(statement_timestamp(), min", "greatest(statement_timestamp(), min"),),
        (suite(f"{_WATERMARK_TESTS}::test_the_watermark_never_passes_an_open_writer"),),
    ),
    Mutant(
        "watermark-takes-its-time",
        "a promise does not pass who began to write while it was made",
        "ruling 17",
        (Edit(_OUTBOX, "least(statement_timestamp(), min", "least(clock_timestamp(), min"),),
        (suite(f"{_WATERMARK_TESTS}::test_the_watermark_passes_nobody_who_begins_while_it_is_made"),),
    ),
    Mutant(
        "republish-by-the-clock",
        "what is published again keeps the order of each journey",
        "R9",
        (Edit(_OUTBOX, "ORDER BY max(recorded) OVER (PARTITION BY stream ORDER BY version), stream", "ORDER BY recorded, stream"),),
        (suite(_REPUBLISH_TESTS),),
    ),
    Mutant(
        "republish-keeps-checkpoints",
        "after everything is published again every reader begins at the new beginning",
        "ruling 25",
        (Edit(_OUTBOX, 'await tx.execute("DELETE FROM checkpoint")', "pass"),),
        (suite(_REPUBLISH_TESTS),),
    ),
    Mutant(
        "republish-in-any-order",
        "what is published again keeps the order of each journey",
        "ruling 25",
        (Edit(_OUTBOX, "ORDER BY max(recorded) OVER (PARTITION BY stream ORDER BY version), stream, version", "ORDER BY id"),),
        (suite(_REPUBLISH_TESTS),),
    ),
    Mutant(
        "republish-keeps-what-is-owed",
        "what is published again is owed once",
        "ruling 25",
        (Edit(_OUTBOX, "await tx.execute(\"DELETE FROM outbox WHERE kind = 'event'\")", "pass"),),
        (suite(_REPUBLISH_TESTS),),
    ),
    Mutant(
        "consumer-begins-at-the-end",
        "no client setting can drop an event silently",
        "R21, ruling 20",
        (Edit(_CLIENTS, '"auto_offset_reset": "none"', '"auto_offset_reset": "latest"'),),
        (suite(f"{_CLIENT_TESTS}::test_the_settings_of_every_client_are_the_safe_ones"),),
    ),
    Mutant(
        "producer-without-all-replicas",
        "no client setting can drop an event silently",
        "R15",
        (Edit(_CLIENTS, '"acks": "all"', '"acks": 1'),),
        (suite(f"{_CLIENT_TESTS}::test_the_settings_of_every_client_are_the_safe_ones"),),
    ),
    Mutant(
        "partitions-of-several-topics-apart",
        "equal partitions of several topics belong to one owner",
        "ruling 18",
        (Edit(_CLIENTS, "(RangePartitionAssignor,)", "()"),),
        (suite(f"{_CLIENT_TESTS}::test_the_settings_of_every_client_are_the_safe_ones"),),
    ),
    Mutant(
        "producer-let-go-and-still-sending",
        "a producer that is let go sends nothing more",
        "ruling 16",
        (Edit(_CLIENTS, "        await _silenced(client)\n", "        pass\n"),),
        (suite("integration/kafka/test_a_client_that_tries_again_is_let_go.py"),),
    ),
    Mutant(
        "topics-out-of-step",
        "no topic is handed on far ahead of the others",
        "ruling 20",
        (Edit(_IN_STEP, "if horizon is not None and self._newest[place] > horizon:", "if False:"),),
        (suite(_IN_STEP_TESTS),),
    ),
    Mutant(
        "in-step-without-end",
        "a partition that gives nothing is not waited for for ever",
        "ruling 20",
        (Edit(_IN_STEP, "< PATIENCE_S", "< 1_000 * PATIENCE_S"),),
        (suite(_IN_STEP_TESTS),),
    ),
    Mutant(
        "missing-topic-holds-up-all",
        "a topic that is missing holds up nothing else",
        "ruling 16",
        (Edit(_RELAY, "self._aside.put_topic(topic)", "pass"),),
        (suite(_RELAY_TESTS),),
    ),
    Mutant(
        "silent-place-holds-up-all",
        "a place that is silent is left out of the slice while it waits",
        "ruling 16",
        (Edit(_RELAY, "left_out = [*aside.places(), *self._probes]", "left_out = [*self._probes]"),),
        (suite(_PLACE_TESTS),),
    ),
    Mutant(
        "silent-place-waited-for-like-a-broker",
        "once one place is served the others may be late by little",
        "ruling 16",
        (Edit(_RELAY, "min(deadline - loop.time(), LATE_S)", "deadline - loop.time()"),),
        (suite(_PLACE_TESTS),),
    ),
    Mutant(
        "doubtful-place-asked-by-all-its-rows",
        "of a place that failed the oldest row is sent alone until it was acknowledged",
        "ruling 16",
        (Edit(_RELAY, "if not self._aside.is_doubtful(place):", "if True:"),),
        (suite(_PLACE_TESTS),),
    ),
    Mutant(
        "window-of-one-place-taken-for-the-broker",
        "a place that fills the window hides the others once",
        "ruling 16",
        (Edit(_RELAY, "may_hide_others=len(slice_) == SLICE_MAX", "may_hide_others=False"),),
        (suite(_PLACE_TESTS),),
    ),
    Mutant(
        "refused-watermark-holds-up-events",
        "a watermark that fails fails alone",
        "ruling 17",
        (Edit(_RELAY, "except (KafkaError, TimeoutError):", "except ZeroDivisionError:"),),
        (suite(_PLACE_TESTS),),
    ),
    Mutant(
        "large-event-holds-up-all",
        "an event too large for its topic holds up its journey alone",
        "ruling 16",
        (Edit(_RELAY, "if not done.too_large or not self._aside.put_journey(row.topic, row.key):", "if True:"),),
        (suite("integration/kafka/test_an_event_too_large_for_its_topic_holds_up_its_journey_alone.py"),),
    ),
    Mutant(
        "successor-without-new-topics",
        "a topic that the killed member never saw is read by its successor",
        "ruling 18",
        (Edit("shared/kafka/assignment.py", "            join_again(self._consumer)", "            pass"),),
        (suite("integration/kafka/test_a_successor_goes_on_at_once.py"),),
    ),
    Mutant(
        "stop-cancels-whoever-stops",
        "a client that is let go cancels nobody",
        "R18",
        (
            Edit(
                "shared/kafka/clients.py",
                "    await asyncio.wait(tasks, timeout=within_s)\n    if",
                "    await asyncio.wait_for(tasks[0], within_s)\n    if",
            ),
        ),
        (suite("unit/kafka/test_a_client_is_let_go_quietly.py"),),
    ),
    Mutant(
        "part-ends-unnoticed",
        "a part that ends before its service stops is a fault",
        "R18",
        (Edit("shared/runtime/parts.py", "raise PartEndedError(name) from None", "return"),),
        (suite("unit/runtime/test_no_part_ends_unnoticed.py"),),
    ),
    Mutant(
        "displays-waited-for",
        "no reader waits for Kafka to take offsets that are only displayed",
        "R18",
        (
            Edit(
                "shared/kafka/assignment.py",
                "async with asyncio.timeout(TELL_S):",
                "async with asyncio.timeout(None):",
            ),
        ),
        (suite("unit/kafka/test_nobody_waits_for_what_is_only_displayed.py"),),
    ),
    Mutant(
        "bombs-of-partners-taken",
        "on a partner's topic nothing is larger than it seems, and every codec can be read",
        "ruling 51",
        (Edit("shared/contracts/topics.py", 'compression="uncompressed",', 'compression="producer",'),),
        (suite("integration/kafka/test_a_compressed_bomb_is_refused_by_the_broker.py"),),
    ),
)
