"""From one service's log over Kafka into another's: everything once, in order per journey, whatever is done to it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.contracts.envelope import Actor, Envelope
from shared.contracts.intake import JourneyOpened, VisitVoided
from shared.contracts.topics import INTAKE_EVENTS, TOPICS, WATERMARKS, Topic
from shared.eventsourcing.claims import FencedError, Message
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.plan import Context, Order
from shared.eventsourcing.records import Place, Record
from shared.kafka.admin import cluster_id, end_offsets, ensure_topics
from shared.kafka.clients import CONSUMER, PRODUCER, InsecureBrokerError, consumer, producer
from shared.kafka.consumer import ConsumerLoop
from shared.kafka.fetch import fetch_records
from shared.kafka.relay import Relay
from shared.postgres import conservation
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.inbound import Inbound
from shared.postgres.outbox import _OLDEST_WRITER, Outbox
from shared.postgres.pool import connect
from tests.conftest import MakeLog, within

NOW = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
OPENED, VOIDED = str(JourneyOpened.type), str(VisitVoided.type)


class Tell:
    """Appends whatever facts it is told."""

    def __init__(self, *facts: Any) -> None:
        self.now = NOW
        self.facts = list(facts)


TELLER: Decider[Tell, int] = Decider(0, lambda command, _: command.facts, lambda state, _, __: state + 1)


def opened() -> JourneyOpened:
    return JourneyOpened(item_code="item-1", basic_code="basic-1", declared_visits=1, first_contact=NOW)


def voided() -> VisitVoided:
    return VisitVoided(visit_id=uuid4(), reason_code="mistake")


async def tell(log: EventLog, journey: UUID, *facts: Any) -> None:
    seed = uuid4()
    context = Context(seed, Actor("clerk", "c"), seed, seed)

    async def work(tx: Tx) -> None:
        await tx.act(TELLER, [Order(f"journey-{journey}", str(journey), Tell(*facts), context)])

    await log.transact(work)


class Seen:
    """What a service applied: sequences by journey. It fails for journeys it is told to fail for."""

    def __init__(self) -> None:
        self.sequences: dict[str, list[int]] = defaultdict(list)
        self.failing: set[str] = set()

    async def __call__(self, tx: Tx, events: Sequence[Envelope[Any]]) -> None:
        for event in events:
            if event.key in self.failing:
                raise LookupError(event.key)
        # Only what commits counts: the table is the memory.
        await tx.executemany("INSERT INTO seen (key, sequence) VALUES ($1, $2)", [(event.key, event.sequence) for event in events])

    async def read(self, log: EventLog) -> dict[str, list[int]]:
        rows = await log.pool.fetch("SELECT key, sequence FROM seen ORDER BY n")
        found: dict[str, list[int]] = defaultdict(list)
        for row in rows:
            found[row["key"]].append(row["sequence"])
        return found


async def with_memory(log: EventLog, postgres: str) -> EventLog:
    from shared.postgres.pool import connect

    database = await log.pool.fetchval("SELECT current_database()")
    owner = await connect(postgres.rpartition("/")[0] + "/" + database)
    await owner.execute(
        "CREATE TABLE seen (n bigint GENERATED ALWAYS AS IDENTITY, key text, sequence int, PRIMARY KEY (key, sequence));"
        "GRANT ALL ON seen TO runonce_app"
    )
    await owner.close()
    return log


def records_of(bodies: list[bytes], key: str, start: int = 0) -> list[Record]:
    return [Record(INTAKE_EVENTS, 0, start + n, key.encode(), body, 0) for n, body in enumerate(bodies)]


async def until(condition: Any, seconds: float = 30.0) -> None:
    async with within(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


async def test_events_cross_kafka_once_and_in_order_under_a_rebalance(make_log: MakeLog, postgres: str, kafka: str) -> None:
    await ensure_topics(kafka, TOPICS)
    source, target = await make_log("intake"), await with_memory(await make_log("approval"), postgres)
    wake, stop = asyncio.Event(), asyncio.Event()
    source._on_commit = wake.set
    place_ends = await end_offsets(kafka, [Place(INTAKE_EVENTS, n) for n in range(12)])
    for place, offset in place_ends.items():
        await target.pool.execute(
            "INSERT INTO checkpoint (grp, topic, partition, next_offset) VALUES ('g', $1, $2, $3)",
            place.topic,
            place.partition,
            offset,
        )
    journeys = [uuid4() for _ in range(40)]
    seen = Seen()
    group = f"g-{uuid4().hex[:8]}"
    await target.pool.execute("UPDATE checkpoint SET grp = $1", group)

    def loop() -> ConsumerLoop:
        return ConsumerLoop(kafka, Inbound(target, group, frozenset({OPENED, VOIDED}), seen), topics=[INTAKE_EVENTS])

    stop_second = asyncio.Event()
    jobs = [
        asyncio.create_task(Relay("intake", Outbox(source), kafka, "one", wake).run(stop)),
        asyncio.create_task(loop().run(stop)),
    ]
    for journey in journeys:
        await tell(source, journey, opened())
    second = asyncio.create_task(loop().run(stop_second))
    for journey in journeys:
        await tell(source, journey, voided(), voided())

    async def arrived() -> bool:
        return bool(await target.pool.fetchval("SELECT count(*) FROM seen") >= 60)

    await until(arrived)
    stop_second.set()
    await second
    for journey in journeys:
        await tell(source, journey, voided())

    async def complete() -> bool:
        return bool(await target.pool.fetchval("SELECT count(*) FROM seen") == 160)

    await until(complete)
    stop.set()
    await asyncio.gather(*jobs)

    assert await seen.read(target) == {str(journey): [1, 2, 3, 4] for journey in journeys}
    written = await conservation.written(source)
    assert sum(row["appended"] for row in written) == sum(row["published"] for row in written) == 160
    consumed = await conservation.consumed(target)
    assert sum(row["applied"] for row in consumed) == 160
    assert all(
        row["consumed"] == row["applied"] + row["duplicate"] + row["ignored"] + row["parked"] + row["dead_lettered"]
        for row in consumed
    )


async def test_a_relays_duplicates_are_absorbed_and_counted(make_log: MakeLog, postgres: str) -> None:
    source, target = await make_log("intake"), await with_memory(await make_log("approval"), postgres)
    journey = uuid4()
    await tell(source, journey, opened(), voided())
    bodies = await source.read_stream(f"journey-{journey}")
    seen = Seen()
    inbound = Inbound(target, "g", frozenset({OPENED, VOIDED}), seen)
    place = Place(INTAKE_EVENTS, 0)
    held = (await inbound.claim([place]))[place]

    held = (await inbound.apply({place: (held, records_of(bodies, str(journey)))}))[place]
    await inbound.apply({place: (held, records_of(bodies, str(journey), 2))})

    assert await seen.read(target) == {str(journey): [1, 2]}
    (row,) = await conservation.consumed(target)
    assert (row["consumed"], row["applied"], row["duplicate"]) == (4, 2, 2)


async def test_a_stale_owner_is_fenced(make_log: MakeLog, postgres: str) -> None:
    source, target = await make_log("intake"), await with_memory(await make_log("approval"), postgres)
    journey = uuid4()
    await tell(source, journey, opened())
    bodies = await source.read_stream(f"journey-{journey}")
    inbound = Inbound(target, "g", frozenset({OPENED}), Seen())
    place = Place(INTAKE_EVENTS, 0)
    old = (await inbound.claim([place]))[place]
    await inbound.claim([place])

    with pytest.raises(FencedError):
        await inbound.apply({place: (old, records_of(bodies, str(journey)))})


async def test_a_slice_from_an_old_place_is_fenced(make_log: MakeLog, postgres: str) -> None:
    source, target = await make_log("intake"), await with_memory(await make_log("approval"), postgres)
    journey = uuid4()
    await tell(source, journey, opened())
    bodies = await source.read_stream(f"journey-{journey}")
    inbound = Inbound(target, "g", frozenset({OPENED}), Seen())
    place = Place(INTAKE_EVENTS, 0)
    held = (await inbound.claim([place]))[place]
    await inbound.apply({place: (held, records_of(bodies, str(journey)))})

    with pytest.raises(FencedError):
        await inbound.apply({place: (held, records_of(bodies, str(journey)))})

    (row,) = await conservation.consumed(target)
    assert (row["next_offset"], row["consumed"], row["duplicate"]) == (1, 1, 0)


async def test_a_failing_journey_parks_and_the_others_flow(make_log: MakeLog, postgres: str) -> None:
    source, target = await make_log("intake"), await with_memory(await make_log("approval"), postgres)
    sick, well = uuid4(), uuid4()
    await tell(source, sick, opened(), voided(), voided())
    await tell(source, well, opened(), voided())
    seen = Seen()
    seen.failing.add(str(sick))
    inbound = Inbound(target, "g", frozenset({OPENED, VOIDED}), seen)
    place = Place(INTAKE_EVENTS, 0)
    held = (await inbound.claim([place]))[place]
    sick_bodies = await source.read_stream(f"journey-{sick}")
    well_bodies = await source.read_stream(f"journey-{well}")
    both = [
        Record(INTAKE_EVENTS, 0, n, b"", body, 0)
        for n, body in enumerate([sick_bodies[0], well_bodies[0], sick_bodies[1], well_bodies[1], sick_bodies[2]])
    ]

    await inbound.apply({place: (held, both)})

    assert await seen.read(target) == {str(well): [1, 2]}
    assert [r["sequence"] for r in await target.pool.fetch("SELECT sequence FROM parked ORDER BY n")] == [1, 2, 3]
    seen.failing.clear()
    assert await inbound.redrive() == 3
    assert (await seen.read(target))[str(sick)] == [1, 2, 3]
    (row,) = await conservation.consumed(target)
    assert (row["applied"], row["parked"]) == (5, 0)


async def test_a_gap_parks_its_journey_and_rubbish_becomes_a_dead_letter(make_log: MakeLog, postgres: str) -> None:
    source, target = await make_log("intake"), await with_memory(await make_log("approval"), postgres)
    journey = uuid4()
    await tell(source, journey, opened(), voided())
    _, second = await source.read_stream(f"journey-{journey}")
    inbound = Inbound(target, "g", frozenset({OPENED, VOIDED}), Seen())
    place = Place(INTAKE_EVENTS, 0)
    held = (await inbound.claim([place]))[place]

    rubbish = [b"\xff\xfe", b"{", b"[]", b"null", b'{"type": 3}', b""]
    records = [*records_of([second], str(journey)), *records_of(rubbish, "x", 1)]
    await inbound.apply({place: (held, records)})

    (row,) = await conservation.consumed(target)
    assert (row["parked"], row["dead_lettered"], row["applied"]) == (1, 6, 0)
    assert await target.pool.fetchval("SELECT count(*) FROM outbox WHERE topic = 'gov.approval.dlq.v1'") == 6


async def test_what_cannot_even_be_parked_becomes_a_dead_letter(make_log: MakeLog, postgres: str) -> None:
    source, target = await make_log("intake"), await with_memory(await make_log("approval"), postgres)
    journey = uuid4()
    await tell(source, journey, opened())
    (body,) = await source.read_stream(f"journey-{journey}")
    monstrous = [
        body.replace(b'"sequence":1', b'"sequence":4611686018427387904'),
        body.replace(str(journey).encode(), b"\\u0000").replace(b'"sequence":1', b'"sequence":2'),
        body.replace(b'"sequence":1', b'"sequence":18446744073709551615'),
    ]
    inbound = Inbound(target, "g", frozenset({OPENED}), Seen())
    place = Place(INTAKE_EVENTS, 0)
    held = (await inbound.claim([place]))[place]

    await inbound.apply({place: (held, records_of([*monstrous, body], str(journey)))})

    (row,) = await conservation.consumed(target)
    assert (row["consumed"], row["applied"], row["dead_lettered"]) == (4, 1, 3)


async def test_another_event_under_a_number_that_is_taken_is_no_duplicate(make_log: MakeLog, postgres: str) -> None:
    source, target = await make_log("intake"), await with_memory(await make_log("approval"), postgres)
    journey = uuid4()
    await tell(source, journey, opened())
    restored = await make_log("intake")
    await tell(restored, journey, opened())
    bodies = [(await log.read_stream(f"journey-{journey}"))[0] for log in (source, source, restored)]
    inbound = Inbound(target, "g", frozenset({OPENED}), Seen())
    place = Place(INTAKE_EVENTS, 0)

    held = (await inbound.claim([place]))[place]
    held = (await inbound.apply({place: (held, records_of(bodies[:2], str(journey)))}))[place]
    await inbound.apply({place: (held, records_of(bodies[2:], str(journey), 2))})

    (row,) = await conservation.consumed(target)
    assert (row["applied"], row["duplicate"], row["dead_lettered"]) == (1, 1, 1)
    (notice,) = await target.pool.fetch("SELECT body FROM message WHERE topic = 'gov.approval.dlq.v1'")
    assert b'"error_code":"conflict"' in notice["body"]


async def test_a_relay_that_lost_its_lease_forgets_nothing(make_log: MakeLog) -> None:
    source = await make_log("intake")
    await tell(source, uuid4(), opened())
    outbox = Outbox(source)
    mine = await outbox.lease("one", 0.0)
    theirs = await outbox.lease("two", 5.0)
    assert mine is not None
    assert theirs is not None
    rows = await outbox.slice(10)

    assert not await outbox.acknowledge(mine, [row.position for row in rows], {})
    assert await source.pool.fetchval("SELECT count(*) FROM outbox") == 1
    assert await outbox.lease("one", 5.0) is None


async def test_a_lease_from_before_a_clock_was_set_back_is_nobodys(make_log: MakeLog) -> None:
    source = await make_log("intake")
    outbox = Outbox(source)
    mine = await outbox.lease("one", 5.0)
    assert await outbox.lease("two", 5.0) is None
    assert mine is not None

    await source.pool.execute("UPDATE lease SET until = until + interval '1 hour'")

    assert await outbox.lease("two", 5.0) == mine + 1


async def test_a_topic_that_is_missing_holds_up_nothing_else(make_log: MakeLog, kafka: str) -> None:
    await ensure_topics(kafka, TOPICS)
    log, journey, stop = await make_log("intake"), uuid4(), asyncio.Event()
    nowhere = Message(uuid4(), f"gov.portal.p{journey.hex[:8]}.receipts.v1", "k", b"{}", 1)
    await log.transact(lambda tx: tx.say([nowhere]))
    await tell(log, journey, opened())
    relay = asyncio.create_task(Relay("intake", Outbox(log), kafka, "only", asyncio.Event()).run(stop))

    async def published() -> bool:
        return bool(await log.pool.fetchval("SELECT count(*) = 1 FROM outbox"))

    await until(published)
    assert await log.pool.fetchval("SELECT topic FROM outbox") == nowhere.topic

    await ensure_topics(kafka, [Topic(nowhere.topic, "intake", (), partitions=1)])

    async def all_published() -> bool:
        return bool(await log.pool.fetchval("SELECT count(*) = 0 FROM outbox"))

    await until(all_published)
    stop.set()
    await relay


async def test_the_watermark_never_passes_an_open_writer(make_log: MakeLog) -> None:
    source = await make_log("intake")
    outbox = Outbox(source)
    async with source.transaction() as tx:
        seed = uuid4()
        order = Order("journey-x", "x", Tell(opened()), Context(seed, Actor("clerk", "c"), seed, seed))
        await tx.act(TELLER, [order])
        recorded = tx.appended[0].recorded
        during = await outbox.complete_to()
    after = await outbox.complete_to()
    assert during is not None
    assert after is not None
    assert during < recorded
    assert after <= recorded


async def test_the_watermark_passes_nobody_who_begins_while_it_is_made(make_log: MakeLog, postgres: str) -> None:
    source, holder = await make_log("intake"), await connect(postgres)
    try:
        async with source.reading() as tx:
            # Whoever looks at the writers waits for this, and they do not.
            await holder.execute("BEGIN; LOCK TABLE pg_database IN ACCESS EXCLUSIVE MODE")
            looking = asyncio.create_task(tx.execute(f"CREATE TEMP TABLE told AS {_OLDEST_WRITER}"))
            await asyncio.sleep(0.2)
            begun = await holder.fetchval("SELECT clock_timestamp()")
            await holder.execute("COMMIT")
            await looking
            assert await tx.fetchval("SELECT least FROM told") < begun
    finally:
        await holder.close()


@pytest.mark.parametrize(("begun", "is_known"), [("- interval '1 hour'", True), ("+ interval '1 hour'", False)])
async def test_nobody_knows_what_a_writer_of_a_time_to_come_will_have_recorded(
    make_log: MakeLog, begun: str, is_known: bool
) -> None:
    writers = f"(VALUES (current_database(), '1'::xid, 0, clock_timestamp() {begun})) AS s(datname, backend_xid, pid, xact_start)"

    told = await (await make_log("intake")).pool.fetchval(_OLDEST_WRITER.replace("pg_stat_activity", writers))

    assert (told is not None) is is_known


async def test_evidence_is_the_exact_bytes_at_their_offset(kafka: str) -> None:
    await ensure_topics(kafka, TOPICS)
    sender = producer(kafka, "test")
    await sender.start()
    told = [await sender.send_and_wait(WATERMARKS, f"v{n}".encode(), b"test-evidence") for n in range(5)]
    await sender.stop()

    places = [(Place(WATERMARKS, 0), record.offset) for record in told]
    found = await fetch_records(kafka, places)

    assert [found[place] for place in places] == [b"v0", b"v1", b"v2", b"v3", b"v4"]
    assert await cluster_id(kafka)


def test_the_settings_of_every_client_are_the_safe_ones() -> None:
    assert PRODUCER["acks"] == "all"
    assert PRODUCER["enable_idempotence"] is True
    assert CONSUMER["enable_auto_commit"] is False
    assert CONSUMER["auto_offset_reset"] == "none"
    assert CONSUMER["isolation_level"] == "read_committed"
    assert [assignor.name for assignor in CONSUMER["partition_assignment_strategy"]] == ["range"]


async def test_an_unencrypted_broker_elsewhere_is_refused() -> None:
    with pytest.raises(InsecureBrokerError):
        consumer("broker.example:9092", None, "test")
    with pytest.raises(InsecureBrokerError):
        producer("127.0.0.1:9092,10.0.0.1:9092", "test")
