"""A consumer whose library gave up fetching is made anew, instead of reading nothing for ever."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from shared.contracts.topics import INTAKE_EVENTS, TOPICS, Topic
from shared.eventsourcing.claims import Claim
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.records import Place
from shared.kafka.admin import ensure_topics
from shared.kafka.batches import BatchReader
from shared.kafka.clients import consumer, let_go
from shared.kafka.consumer import poll
from shared.kafka.follow import follow
from tests.conftest import within

STOP_S = 5.0


async def ended(client: object) -> None:
    """End the task that fetches, as the library does when one of its fetches is cancelled."""
    task: asyncio.Task[None] = client._fetcher._fetch_task  # type: ignore[attr-defined]
    task.cancel()
    await asyncio.wait([task])


async def test_a_poll_says_so(kafka: str) -> None:
    await ensure_topics(kafka, TOPICS)
    client = consumer(kafka, f"g-{uuid4().hex[:8]}", "ended")
    client.subscribe([INTAKE_EVENTS])
    await client.start()
    await ended(client)

    with pytest.raises(KafkaError):
        await poll(client)
    await let_go(client, STOP_S)


async def test_whoever_follows_a_topic_says_so(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[AIOKafkaConsumer] = []

    def remembered(*asked: Any) -> AIOKafkaConsumer:
        made.append(consumer(*asked))
        return made[-1]

    empty = Topic(f"gov.portal.p{uuid4().hex[:8]}.receipts.v1", "intake", (), partitions=1)
    await ensure_topics(kafka, [empty])
    monkeypatch.setattr("shared.kafka.follow.consumer", remembered)

    async def first() -> tuple[bytes, bytes]:
        return await anext(follow(kafka, empty.name, "ended", asyncio.Event()))

    following = asyncio.create_task(first())
    async with within(STOP_S):
        while not (made and made[0]._fetcher):
            await asyncio.sleep(0.01)
    await ended(made[0])

    with pytest.raises(UnavailableError):
        await following


async def test_a_reader_of_batches_says_so(kafka: str) -> None:
    async def claim_all(places: object) -> dict[Place, Claim]:
        return {}

    await ensure_topics(kafka, TOPICS)
    reader = BatchReader(kafka, f"g-{uuid4().hex[:8]}", [INTAKE_EVENTS], claim_all)
    await reader.start()
    await ended(reader._client)

    with pytest.raises(UnavailableError):
        await reader.take(10, 50)
    await reader.stop()
