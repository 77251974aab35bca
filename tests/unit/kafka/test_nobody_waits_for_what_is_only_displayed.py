"""Promise: telling Kafka how far a reader is holds up no reader, whatever the broker does, and tells its own partitions only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError

from shared.eventsourcing.records import Place
from shared.kafka import assignment
from shared.kafka.assignment import Assignment

MINE, ANOTHERS = Place("gov.intake.events.v1", 3), Place("gov.intake.events.v1", 4)
DEADLINE_S = 5.0


class _Member:
    """A consumer that owns one partition and takes offsets as it is told to."""

    def __init__(self, take: Callable[[Mapping[TopicPartition, int]], Awaitable[None]]) -> None:
        self.commit = take

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset({TopicPartition(MINE.topic, MINE.partition)})


async def _tell(take: Callable[[Mapping[TopicPartition, int]], Awaitable[None]]) -> None:
    async def claim_none(_: Any) -> dict[Any, Any]:
        return {}

    held = Assignment(cast(AIOKafkaConsumer, _Member(take)), claim_none)
    telling = asyncio.create_task(held.tell({MINE: 7, ANOTHERS: 9}))
    done, _ = await asyncio.wait({telling}, timeout=DEADLINE_S)
    telling.cancel()
    assert done, "a reader waits for a display"
    telling.result()


async def test_a_broker_that_never_takes_the_offsets_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assignment, "TELL_S", 0.01)

    async def never(_: Mapping[TopicPartition, int]) -> None:
        await asyncio.Event().wait()

    await _tell(never)


async def test_a_broker_that_refuses_them_stops_nobody() -> None:
    async def refuse(_: Mapping[TopicPartition, int]) -> None:
        raise CommitFailedError

    await _tell(refuse)


async def test_offsets_of_partitions_of_others_are_not_told() -> None:
    told: list[Mapping[TopicPartition, int]] = []

    async def take(offsets: Mapping[TopicPartition, int]) -> None:
        told.append(offsets)

    await _tell(take)

    assert told == [{TopicPartition(MINE.topic, MINE.partition): 7}]
