"""Promise: on a partner's topic nothing is larger than it seems, and everything that is taken can be read."""

from __future__ import annotations

from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from shared.contracts.topics import partner_topics, submissions
from shared.kafka.admin import ensure_topics
from shared.kafka.clients import consumer
from tests.conftest import within

BOMB = 20_000_000
SOON_S = 60.0


async def test_a_bomb_is_refused_and_what_follows_is_read(kafka: str) -> None:
    partner = f"p{uuid4().hex[:8]}"
    topic = submissions(partner)
    await ensure_topics(kafka, partner_topics("portal", partner))
    sender = AIOKafkaProducer(bootstrap_servers=kafka, compression_type="gzip", max_request_size=2 * BOMB, max_batch_size=2 * BOMB)
    await sender.start()
    async with within(SOON_S):
        with pytest.raises(KafkaError):
            await sender.send_and_wait(topic, b"\0" * BOMB, key=b"k", partition=0)
        told = await sender.send_and_wait(topic, b"\0" * 1_000, key=b"k", partition=0)
        await sender.stop()
        reader = consumer(kafka, None, "test")
        reader.assign([place := TopicPartition(topic, 0)])
        await reader.start()
        reader.seek(place, told.offset)
        record = await reader.getone()
        await reader.stop()
    assert len(record.value) == 1_000
