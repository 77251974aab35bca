"""A client whose fetch failed and waits to be tried again is let go without cancelling whoever lets it go."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from shared.contracts.topics import INTAKE_EVENTS, TOPICS
from shared.kafka.admin import ensure_topics
from shared.kafka.clients import consumer, let_go


async def test_nobody_is_cancelled_and_no_connection_stays_open(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await ensure_topics(kafka, [topic for topic in TOPICS if topic.name == INTAKE_EVENTS])
    client, failed = consumer(kafka, None, "lets-go"), asyncio.Event()
    await client.start()

    async def fails(*_: Any, **__: Any) -> None:
        failed.set()
        raise KafkaConnectionError

    monkeypatch.setattr(client._fetcher, "_retry_backoff", 60)
    monkeypatch.setattr(client._client, "send", fails)
    place = TopicPartition(INTAKE_EVENTS, 0)
    client.assign([place])
    client.seek(place, 0)
    async with asyncio.timeout(10):
        await failed.wait()
        await let_go(client, 5)

    assert client._client._sync_task is None, "the client's own connections were closed"
