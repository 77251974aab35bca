"""A client that waits for its broker or to try again is let go: it cancels nobody, and nothing of it goes on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from shared.contracts.topics import INTAKE_EVENTS, TOPICS
from shared.kafka.admin import ensure_topics
from shared.kafka.clients import consumer, let_go, producer


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


async def test_a_producer_whose_broker_is_silent_sends_nothing_more(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await ensure_topics(kafka, [topic for topic in TOPICS if topic.name == INTAKE_EVENTS])
    others, asked = asyncio.all_tasks(), asyncio.Event()
    client = producer(kafka, "lets-go")
    await client.start()

    async def never(*_: Any, **__: Any) -> None:
        asked.set()
        await asyncio.sleep(60)

    monkeypatch.setattr(client.client, "send", never)
    told = [await client.send(INTAKE_EVENTS, b"value", partition=n) for n in range(2)]
    async with asyncio.timeout(10):
        await asked.wait()
        await let_go(client, 1)

    assert client._sender.sender_task.done(), "nothing is left that would connect again"
    assert all(one.done() and one.exception() for one in told)
    await asyncio.sleep(0)
    # Clients of other tests may come and go meanwhile.
    assert not [task for task in asyncio.all_tasks() - others if "Sender" in str(task.get_coro())]
