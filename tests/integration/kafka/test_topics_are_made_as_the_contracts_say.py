"""Every topic of ours is made with the partitions, retention and compaction that its contract names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.contracts.topics import TOPICS, WATERMARKS, Topic, partner_topics, submissions
from shared.kafka.admin import ensure_topics
from shared.kafka.clients import admin, producer
from shared.telemetry import clock
from tests.conftest import until

AGO_MAX_S = 60


async def settings(kafka: str, topics: list[str]) -> dict[str, dict[str, str]]:
    client = admin(kafka, "test")
    await client.start()
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    found: dict[str, dict[str, str]] = {}

    async def all_known() -> bool:
        # A broker hears of a new topic a moment after its controller said yes.
        told: Any = await client.describe_configs(asked)
        found.update({one[3]: {entry[0]: entry[1] for entry in one[4]} for answer in told for one in answer.resources})
        return all(found.values())

    await until(all_known)
    await client.close()
    return found


def anew(*topics: Topic) -> list[Topic]:
    """The same topics under names that nobody else here has touched."""
    return [replace(topic, name=f"{topic.name}-{uuid4().hex[:8]}") for topic in topics]


async def test_each_topic_has_its_own_settings(kafka: str) -> None:
    await ensure_topics(kafka, topics := anew(*TOPICS))

    found = await settings(kafka, [topic.name for topic in topics])

    for topic in topics:
        assert found[topic.name]["cleanup.policy"] == topic.cleanup_policy
        assert found[topic.name]["retention.ms"] == str(topic.retention_ms)
        assert found[topic.name]["max.message.bytes"] == str(topic.max_message_bytes)


async def test_what_is_kept_for_a_while_is_kept_from_when_it_came(kafka: str) -> None:
    partner = f"p{uuid4().hex[:8]}"
    await ensure_topics(kafka, partner_topics("portal", partner))
    sender = producer(kafka, "test")
    await sender.start()
    told = await sender.send_and_wait(submissions(partner), b"{}", key=b"k", timestamp_ms=0)
    await sender.stop()

    assert told.timestamp is not None
    assert abs(told.timestamp / 1_000 - clock.now().timestamp()) < AGO_MAX_S


async def test_what_only_counts_in_its_newest_is_compacted_soon(kafka: str) -> None:
    await ensure_topics(kafka, topics := anew(*(topic for topic in TOPICS if topic.name == WATERMARKS)))

    (found,) = (await settings(kafka, [topic.name for topic in topics])).values()

    assert int(found["segment.ms"]) <= 600_000
    assert int(found["segment.bytes"]) <= 16_777_216
