"""Promise: a record whose headers' names are no text is read like any other one, and so is what stands around it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from shared.contracts.topics import partner_topics, submissions
from shared.kafka.admin import ensure_topics
from shared.kafka.clients import consumer
from tests.conftest import within

SOON_S = 30.0
NO_TEXT = b"\xff\xfe\x00"


class Nameless(str):
    """A name that is sent as bytes which are no UTF-8, as other clients of Kafka may."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        return NO_TEXT


@pytest.fixture
async def topic(kafka: str) -> str:
    partner = f"p{uuid4().hex[:8]}"
    await ensure_topics(kafka, partner_topics("portal", partner))
    return submissions(partner)


async def publish(kafka: str, topic: str) -> None:
    """A sound record, one with such a header, one with two hundred headers, and a sound one again."""
    heads = [(), [(Nameless(), b"1"), ("sound", b"2")], [(f"h-{n}", b"x" * 100) for n in range(200)], ()]
    sender = AIOKafkaProducer(bootstrap_servers=kafka)
    await sender.start()
    batch = sender.create_batch()
    # The library's own writer in Python asks the name for its bytes; the compiled one takes no name but a plain text.
    batch._builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 1_000_000)
    for number, headers in enumerate(heads):
        assert batch.append(key=b"k", value=b"%d" % number, timestamp=None, headers=list(headers))
    await (await sender.send_batch(batch, topic, partition=0))
    await sender.stop()


async def test_what_stands_before_and_behind_it_is_read_and_so_is_the_record_itself(kafka: str, topic: str) -> None:
    await publish(kafka, topic)
    reader = consumer(kafka, None, "test")
    reader.assign([place := TopicPartition(topic, 0)])
    await reader.start()
    reader.seek(place, 0)

    read: list[Any] = []
    async with within(SOON_S):
        while len(read) < 4:
            read += (await reader.getmany(timeout_ms=200)).get(place, [])
    await reader.stop()

    assert [(record.offset, record.key, record.value) for record in read] == [(n, b"k", b"%d" % n) for n in range(4)]
    assert dict(read[1].headers)["sound"] == b"2"
    assert len(read[2].headers) == 200
