"""From one service's log over Kafka into another's: everything once, in order per journey, whatever is done to it."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from shared.contracts.topics import INTAKE_EVENTS, TOPICS
from shared.eventsourcing.claims import FencedError
from shared.eventsourcing.records import Place
from shared.kafka.admin import end_offsets, ensure_topics
from shared.kafka.consumer import ConsumerLoop
from shared.kafka.relay import Relay
from shared.postgres import conservation
from shared.postgres.inbound import Inbound
from shared.postgres.outbox import Outbox
from tests.conftest import MakeLog, until
from tests.integration.kafka.telling import OPENED, VOIDED, Seen, opened, records_of, tell, voided, with_memory


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
