"""Promise: after either was lost or restored to another moment than the other, nothing goes on quietly."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from uuid import uuid4

import pytest

from shared.contracts.topics import EVENT_TOPICS, TOPICS, Topic
from shared.eventsourcing.claims import Claim
from shared.eventsourcing.errors import RecordsLostError
from shared.eventsourcing.records import Place, Record
from shared.kafka.admin import end_offsets, ensure_topics
from shared.kafka.clients import admin, producer
from shared.kafka.consumer import ConsumerLoop
from shared.postgres.event_log import EventLog
from shared.runtime.agreement import DatabaseBehindError, Watch, agree
from tests.conftest import MakeLog, within

OWN = [t for t in TOPICS if t.owner == "approval" and t.name in EVENT_TOPICS]
PLACES = [Place(topic.name, n) for topic in OWN for n in range(topic.partitions)]
DEADLINE_S = 30
RECORDED = """
INSERT INTO event
SELECT 'long', n, ('00000000-0000-5000-8000-' || lpad(n::text, 12, '0'))::uuid, 'type', 'topic', 0, 'key', now(), '', ''
FROM generate_series(1, $1::int) AS n
"""


@pytest.fixture
async def log(make_log: MakeLog, kafka: str) -> EventLog:
    """A record of approval that acknowledged everything that its topics hold now."""
    await ensure_topics(kafka, TOPICS)
    made = await make_log("approval")
    for place, end in (await end_offsets(kafka, PLACES)).items():
        await made.pool.execute("INSERT INTO published VALUES ($1, $2, $3, $3)", place.topic, place.partition, end)
    return made


async def put(kafka: str, place: Place, value: bytes, *, by_relay: bool) -> None:
    speaker = producer(kafka, "test")
    await speaker.start()
    headers = [("hash", b"00")] if by_relay else []
    await speaker.send_and_wait(place.topic, value, partition=place.partition, headers=headers)
    await speaker.stop()


async def test_a_record_and_topics_that_fit_are_let_through(log: EventLog, kafka: str) -> None:
    await agree(log, kafka, "approval")


async def test_a_topic_that_ends_before_what_was_acknowledged_stops_the_service(log: EventLog, kafka: str) -> None:
    await log.pool.execute("UPDATE published SET end_offset = end_offset + 1 WHERE partition = 3")

    with pytest.raises(RecordsLostError, match="republish"):
        await agree(log, kafka, "approval")


async def test_a_database_that_does_not_know_its_newest_event_stops_the_service(log: EventLog, kafka: str) -> None:
    await put(kafka, PLACES[0], b'{"id": "6a5c1c9e-0000-5000-8000-000000000001"}', by_relay=True)
    await put(kafka, PLACES[0], b"not ours", by_relay=False)

    with pytest.raises(DatabaseBehindError, match="backup"):
        await agree(log, kafka, "approval")


async def test_an_id_that_is_none_is_known_to_no_record(log: EventLog, kafka: str) -> None:
    await put(kafka, PLACES[2], b'{"id": "none"}', by_relay=True)

    with pytest.raises(DatabaseBehindError, match="backup"):
        await agree(log, kafka, "approval")


async def test_a_long_record_is_asked_by_key(log: EventLog, kafka: str) -> None:
    await log.pool.execute(RECORDED, 1_000)
    await put(kafka, PLACES[3], b'{"id": "00000000-0000-5000-8000-000000000500"}', by_relay=True)

    await agree(log, kafka, "approval")

    async with log.reading() as tx:
        await tx.execute("SELECT pg_stat_force_next_flush()")
        read = await tx.fetchval("SELECT sum(idx_tup_read)::int FROM pg_stat_user_indexes WHERE relname = 'event'")
        read += await tx.fetchval("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'event'")
    assert read == 1


async def test_what_somebody_else_put_there_stops_nobody(log: EventLog, kafka: str) -> None:
    await put(kafka, PLACES[1], b'{"id": "6a5c1c9e-0000-5000-8000-000000000002"}', by_relay=False)

    await agree(log, kafka, "approval")


async def test_what_cannot_be_read_stops_nobody_whatever_its_header_says(log: EventLog, kafka: str) -> None:
    await put(kafka, PLACES[4], b"not ours", by_relay=True)

    await agree(log, kafka, "approval")


async def test_an_older_record_under_a_running_service_stops_it(log: EventLog, kafka: str) -> None:
    watch = Watch(log, kafka, "approval")
    await watch.look()
    await put(kafka, PLACES[5], b'{"id": "6a5c1c9e-0000-5000-8000-000000000003"}', by_relay=True)

    with pytest.raises(DatabaseBehindError, match="backup"):
        await watch.look()


async def test_an_older_record_is_noticed_also_after_it_has_published_more(log: EventLog, kafka: str) -> None:
    watch = Watch(log, kafka, "approval")
    for _ in range(4):
        await put(kafka, PLACES[6], b"an event", by_relay=True)
    await log.pool.execute("UPDATE published SET records = records + 3, end_offset = end_offset + 3 WHERE partition = 6")
    await watch.look()
    # It knew of one of the three, and published another behind them.
    await log.pool.execute("UPDATE published SET records = records - 1, end_offset = end_offset + 1 WHERE partition = 6")

    await agree(log, kafka, "approval")
    with pytest.raises(DatabaseBehindError, match="backup"):
        await watch.look()


class Reader:
    """Takes what comes, in memory, from where it is told."""

    def __init__(self, start: int) -> None:
        self.group = f"g-{uuid4().hex[:8]}"
        self.values: list[bytes | None] = []
        self.heard = asyncio.Event()
        self._next = start

    async def claim(self, places: Sequence[Place]) -> dict[Place, Claim]:
        return {place: Claim(self._next, 1) for place in places}

    async def begin_again(self, places: Sequence[Place]) -> dict[Place, Claim]:
        self._next = 0
        return await self.claim(places)

    async def apply(self, slices: Mapping[Place, tuple[Claim, Sequence[Record]]]) -> dict[Place, Claim]:
        for _, records in slices.values():
            self.values += [record.value for record in records]
        self.heard.set()
        return {place: Claim(records[-1].offset + 1, held.epoch) for place, (held, records) in slices.items()}


@pytest.fixture
async def topic(kafka: str) -> str:
    """A topic with one record, and a reader's checkpoint of 5 in it would be of its former self."""
    name = f"gov.portal.p{uuid4().hex[:8]}.submissions.v1"
    await ensure_topics(kafka, [Topic(name, "test", (), partitions=1)])
    await put(kafka, Place(name, 0), b"anew", by_relay=False)
    return name


async def test_a_reader_of_our_own_topic_does_not_go_on_past_its_end(kafka: str, topic: str) -> None:
    async with within(DEADLINE_S):
        with pytest.raises(RecordsLostError, match=topic):
            await ConsumerLoop(kafka, Reader(5), topics=[topic]).run(asyncio.Event())


async def test_a_partners_topic_that_was_made_anew_is_read_from_its_beginning(kafka: str, topic: str) -> None:
    reader, stop = Reader(5), asyncio.Event()
    loop = asyncio.create_task(ConsumerLoop(kafka, reader, topics=[topic], begin_again=reader.begin_again).run(stop))
    async with within(DEADLINE_S):
        await reader.heard.wait()
    stop.set()
    await loop

    assert reader.values == [b"anew"]


async def test_a_topic_that_was_deleted_under_its_reader_and_made_anew_is_noticed(kafka: str, topic: str) -> None:
    reader = Reader(0)
    loop = asyncio.create_task(ConsumerLoop(kafka, reader, topics=[topic]).run(asyncio.Event()))
    async with within(DEADLINE_S):
        await reader.heard.wait()
        reader._next = 1
        client = admin(kafka, "test")
        await client.start()
        await client.delete_topics([topic])
        await client.close()
        while not await _made_anew(kafka, topic):
            await asyncio.sleep(0.1)
        with pytest.raises(RecordsLostError, match=topic):
            await loop


async def _made_anew(kafka: str, topic: str) -> bool:
    """Deleting takes the broker a moment, in which the name is still taken."""
    await ensure_topics(kafka, [Topic(topic, "test", (), partitions=1)])
    return (await end_offsets(kafka, [Place(topic, 0)]))[Place(topic, 0)] == 0
