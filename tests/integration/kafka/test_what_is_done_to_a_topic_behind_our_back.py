"""Promise: deleted records and added partitions are noticed, and what Kafka remembers of a group does not matter."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import NewPartitions, RecordsToDelete

from shared.contracts.partitioning import partition_of
from shared.contracts.topics import INTAKE_EVENTS, NOTIFY_EVENTS, PARTITIONS, TOPICS
from shared.eventsourcing.errors import PartitionsAddedError, RecordsLostError
from shared.eventsourcing.records import Place
from shared.kafka.admin import ensure_topics, held_offsets
from shared.kafka.batches import BatchReader
from shared.kafka.clients import admin, consumer
from shared.kafka.consumer import ConsumerLoop
from shared.kafka.relay import Relay
from shared.postgres import checkpoints
from shared.postgres.event_log import EventLog
from shared.postgres.inbound import Inbound
from shared.postgres.outbox import Outbox
from shared.runtime.agreement import still_held
from tests.conftest import MakeLog, until, within
from tests.integration.kafka.telling import (
    OPENED,
    VOIDED,
    Seen,
    opened,
    tell,
    voided,
    with_memory,
)

ENDS_S = 30.0


async def make_anew(kafka: str, topic: str) -> None:
    """An empty topic of this name, whatever other tests did to it."""
    client = admin(kafka, "test")
    await client.start()
    await ensure_topics(kafka, TOPICS)
    await client.delete_topics([topic])
    async with within(ENDS_S):
        while topic in await client.list_topics():
            await asyncio.sleep(0.1)
    await client.close()
    await ensure_topics(kafka, TOPICS)


async def cut(kafka: str, topic: str, partition: int, before: int) -> None:
    """Delete the records of a partition before an offset, as a retention does."""
    client = admin(kafka, "test")
    await client.start()
    await client.delete_records({TopicPartition(topic, partition): RecordsToDelete(before_offset=before)})
    await client.close()


async def drained(log: EventLog, kafka: str) -> None:
    """Publish what is owed."""
    relay = Relay("intake", Outbox(log), kafka, "only", asyncio.Event())
    await relay.drain()
    await relay._drop_producer()


async def published(log: EventLog, kafka: str, count: int) -> int:
    """Publish `count` events of one journey; returns its partition."""
    journey = uuid4()
    await tell(log, journey, opened(), *(voided() for _ in range(count - 1)))
    await drained(log, kafka)
    return partition_of(str(journey), PARTITIONS)


async def refreshed(reader: BatchReader) -> None:
    """Refresh until something is assigned."""
    await reader.start()
    try:
        while not reader.claims:
            await reader.refresh()
            await asyncio.sleep(0.05)
    finally:
        await reader.stop()


async def test_a_reader_whose_unread_records_were_deleted_stops_and_says_so(make_log: MakeLog, postgres: str, kafka: str) -> None:
    await make_anew(kafka, INTAKE_EVENTS)
    source, target = await make_log("intake"), await with_memory(await make_log("approval"), postgres)
    partition = await published(source, kafka, 6)
    group = f"g-{uuid4().hex[:8]}"
    await target.pool.execute(
        "INSERT INTO checkpoint (grp, topic, partition, next_offset) VALUES ($1, $2, $3, 2)", group, INTAKE_EVENTS, partition
    )
    await cut(kafka, INTAKE_EVENTS, partition, 4)

    loop = ConsumerLoop(kafka, Inbound(target, group, frozenset({OPENED, VOIDED}), Seen()), topics=[INTAKE_EVENTS])
    reader = BatchReader(kafka, group, [INTAKE_EVENTS], lambda places: checkpoints.claim(target, group, places))

    async with within(ENDS_S):
        with pytest.raises(RecordsLostError, match="republish"):
            await loop.run(asyncio.Event())
        with pytest.raises(RecordsLostError, match="republish"):
            await refreshed(reader)


async def test_their_owner_notices_too_and_publishing_again_mends_it(make_log: MakeLog, postgres: str, kafka: str) -> None:
    await make_anew(kafka, INTAKE_EVENTS)
    source, target = await make_log("intake"), await with_memory(await make_log("approval"), postgres)
    partition = await published(source, kafka, 6)
    await still_held(source, kafka, "intake")
    await cut(kafka, INTAKE_EVENTS, partition, 4)

    with pytest.raises(RecordsLostError):
        await still_held(source, kafka, "intake")

    await Outbox(source).refill("the same")
    await drained(source, kafka)
    await still_held(source, kafka, "intake")
    held = await held_offsets(kafka, [Place(INTAKE_EVENTS, partition)])
    assert held[Place(INTAKE_EVENTS, partition)] == range(4, 12)
    stop, group = asyncio.Event(), f"g-{uuid4().hex[:8]}"
    inbound = Inbound(target, group, frozenset({OPENED, VOIDED}), Seen())
    reading = asyncio.create_task(ConsumerLoop(kafka, inbound, topics=[INTAKE_EVENTS]).run(stop))

    async def reacted() -> bool:
        # What is left of the first telling has no beginning, so the journey waits for that of the second.
        return [row["sequence"] for row in await target.pool.fetch("SELECT sequence FROM seen ORDER BY n")] == [1, 2, 3, 4, 5, 6]

    await until(reacted)
    stop.set()
    await reading
    assert await target.pool.fetchval("SELECT count(*) FROM parked") == 0


async def test_added_partitions_are_noticed(make_log: MakeLog, kafka: str) -> None:
    await make_anew(kafka, NOTIFY_EVENTS)
    target = await make_log("metrics")
    loop = ConsumerLoop(kafka, Inbound(target, f"g-{uuid4().hex[:8]}", frozenset(), Seen()), topics=[NOTIFY_EVENTS])
    running = asyncio.create_task(loop.run(asyncio.Event()))

    async def reads() -> bool:
        return loop.healthy

    await until(reads)
    client = admin(kafka, "test")
    await client.start()
    await client.create_partitions({NOTIFY_EVENTS: NewPartitions(total_count=PARTITIONS + 1)})
    await client.close()

    async with within(ENDS_S):
        with pytest.raises(PartitionsAddedError, match="delete the topic"):
            await running
    await make_anew(kafka, NOTIFY_EVENTS)


@pytest.mark.parametrize("offset", [0, 3, 6])
async def test_offsets_of_the_group_in_kafka_do_not_matter(make_log: MakeLog, postgres: str, kafka: str, offset: int) -> None:
    await make_anew(kafka, INTAKE_EVENTS)
    source, target = await make_log("intake"), await with_memory(await make_log("approval"), postgres)
    partition, group = await published(source, kafka, 6), f"g-{uuid4().hex[:8]}"
    meddler = consumer(kafka, group, "meddler")
    meddler.assign([TopicPartition(INTAKE_EVENTS, partition)])
    await meddler.start()
    await meddler.commit({TopicPartition(INTAKE_EVENTS, partition): offset})
    await meddler.stop()
    stop = asyncio.Event()
    loop = ConsumerLoop(kafka, Inbound(target, group, frozenset({OPENED, VOIDED}), Seen()), topics=[INTAKE_EVENTS])
    running = asyncio.create_task(loop.run(stop))

    async def all_applied() -> bool:
        return bool(await target.pool.fetchval("SELECT count(*) = 6 FROM seen"))

    await until(all_applied)
    stop.set()
    await running
    assert await target.pool.fetchval("SELECT sum(duplicate) FROM checkpoint") == 0


async def test_a_group_that_kafka_has_forgotten_goes_on_where_the_record_says(make_log: MakeLog, postgres: str, kafka: str) -> None:
    await make_anew(kafka, INTAKE_EVENTS)
    source, target = await make_log("intake"), await with_memory(await make_log("approval"), postgres)
    interested, old = frozenset({OPENED, VOIDED}), f"g-{uuid4().hex[:8]}"
    for expected, group in ((6, old), (12, f"{old}-new")):
        await target.pool.execute("UPDATE checkpoint SET grp = $1", group)
        await target.pool.execute("UPDATE seen_head SET grp = $1", group)
        await published(source, kafka, 6)
        stop = asyncio.Event()
        loop = ConsumerLoop(kafka, Inbound(target, group, interested, Seen()), topics=[INTAKE_EVENTS])
        running = asyncio.create_task(loop.run(stop))

        async def all_applied(expected: int = expected) -> bool:
            return bool(await target.pool.fetchval("SELECT count(*) = $1 FROM seen", expected))

        await until(all_applied)
        stop.set()
        await running
    assert await target.pool.fetchval("SELECT sum(duplicate) FROM checkpoint") == 0
