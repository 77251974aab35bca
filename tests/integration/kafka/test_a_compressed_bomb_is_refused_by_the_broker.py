"""Promise: on a partner's topic nothing is larger than it seems, and everything that is taken can be read."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError

from deploy.local.kafka import NoKafkaError, jars, java
from shared.contracts.topics import partner_topics, submissions
from shared.kafka.admin import ensure_topics
from shared.kafka.clients import consumer
from tests.conftest import CACHE, within

BOMB = 20_000_000
SOON_S = 60.0
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
# Kafka's own client knows every codec; ours knows gzip alone, so it cannot play this partner.
PARTNER = """
import java.util.Map;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.serialization.StringSerializer;

class Partner {
    public static void main(String[] given) throws Exception {
        for (int n = 2; n < given.length; n++) {
            Map<String, Object> settings = Map.of("bootstrap.servers", given[0], "compression.type", given[n]);
            try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
                producer.send(new ProducerRecord<>(given[1], 0, "k", given[n] + " ".repeat(1000))).get();
            }
        }
    }
}
"""


@pytest.fixture
async def topic(kafka: str) -> str:
    partner = f"p{uuid4().hex[:8]}"
    await ensure_topics(kafka, partner_topics("portal", partner))
    return submissions(partner)


async def read(kafka: str, topic: str, offset: int, count: int) -> list[bytes]:
    reader = consumer(kafka, None, "test")
    reader.assign([place := TopicPartition(topic, 0)])
    await reader.start()
    try:
        reader.seek(place, offset)
        return [(await reader.getone()).value for _ in range(count)]
    finally:
        await reader.stop()


async def test_a_bomb_is_refused_and_what_follows_is_read(kafka: str, topic: str) -> None:
    sender = AIOKafkaProducer(bootstrap_servers=kafka, compression_type="gzip", max_request_size=2 * BOMB, max_batch_size=2 * BOMB)
    await sender.start()
    async with within(SOON_S):
        with pytest.raises(MessageSizeTooLargeError):
            await sender.send_and_wait(topic, b"\0" * BOMB, key=b"k", partition=0)
        told = await sender.send_and_wait(topic, b"\0" * 1_000, key=b"k", partition=0)
        await sender.stop()
        (value,) = await read(kafka, topic, told.offset, 1)
    assert len(value) == 1_000


@pytest.fixture
def partner(tmp_path: Path) -> list[str]:
    """The command of a partner's program."""
    try:
        program, path = java(), f"{jars(CACHE)}/*"
    except NoKafkaError as missing:
        pytest.skip(str(missing))
    modules = subprocess.run([program, "--list-modules"], capture_output=True, text=True, check=True).stdout
    if "jdk.compiler" not in modules:
        pytest.skip("this Java runs programs and compiles none")
    source = tmp_path / "Partner.java"
    source.write_text(PARTNER)
    return [program, "-Xmx96m", "-cp", path, str(source)]


async def test_whatever_codec_a_partner_writes_with_can_be_read(kafka: str, topic: str, partner: list[str]) -> None:
    async with within(SOON_S):
        writing = await asyncio.create_subprocess_exec(*partner, kafka, topic, *CODECS, stderr=subprocess.PIPE)
        _, said = await writing.communicate()
        assert writing.returncode == 0, said.decode()[-2_000:]

        assert await read(kafka, topic, 0, len(CODECS)) == [codec.encode() + b" " * 1_000 for codec in CODECS]
