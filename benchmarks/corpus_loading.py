"""Putting the corpus into a broker: topics of twelve partitions, whole record batches, each record in its own place."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

from benchmarks.corpus import SEED, Record, records
from benchmarks.projection_task import Count, Outcome
from shared.contracts.topics import EVENT_TOPICS, TOPICS
from shared.kafka.admin import ensure_topics
from shared.kafka.clients import PRODUCER

_IN_FLIGHT = 24
Place = tuple[str, int]


class Loaded(NamedTuple):
    """How many records there are now, duplicates included, and what a right outcome of them is."""

    records: int
    outcome: Outcome


async def load(bootstrap: str, size: int, seed: int = SEED, compression: str | None = None) -> Loaded:
    """Make the topics and publish `size` distinct events with their duplicates, in order. The topics must be empty."""
    await ensure_topics(bootstrap, [topic for topic in TOPICS if topic.name in EVENT_TOPICS])
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, compression_type=compression, **PRODUCER | {"request_timeout_ms": 60_000}
    )
    await producer.start()
    try:
        right, sent = Count(), 0
        publishing = _Publishing(producer)
        for record in records(size, seed, right):
            if not publishing.add(record):
                await publishing.send(record)
            sent += 1
        await publishing.finish()
    finally:
        await producer.stop()
    return Loaded(sent, right.outcome())


class _Publishing:
    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._batches: dict[Place, Any] = {}
        self._sent: list[asyncio.Future[Any]] = []

    def add(self, record: Record) -> bool:
        """Put a record into its partition's batch; False if that is full."""
        batch = self._batches.get((record.topic, record.partition))
        if batch is None:
            batch = self._batches[record.topic, record.partition] = self._producer.create_batch()
        return batch.append(key=record.key, value=record.value, timestamp=record.at_ms) is not None

    async def send(self, record: Record) -> None:
        """Send the full batch of a record's partition and begin another with the record."""
        await self._flush((record.topic, record.partition))
        self.add(record)
        if len(self._sent) >= _IN_FLIGHT:
            await asyncio.gather(*self._sent)
            self._sent.clear()

    async def finish(self) -> None:
        """Send what is left and wait for all of it."""
        for place in list(self._batches):
            await self._flush(place)
        await asyncio.gather(*self._sent)

    async def _flush(self, place: Place) -> None:
        batch = self._batches.pop(place)
        batch.close()
        self._sent.append(await self._producer.send_batch(batch, place[0], partition=place[1]))
