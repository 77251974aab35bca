"""Topics as the contracts describe them, and the identity of the cluster that holds them."""

from __future__ import annotations

from collections.abc import Sequence

from aiokafka import TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.contracts.topics import FOREVER_MS, Topic
from shared.eventsourcing.records import Place
from shared.kafka.clients import admin, consumer, let_go

STOP_DEADLINE_S = 5.0


async def ensure_topics(bootstrap: str, topics: Sequence[Topic], replication: int = 1) -> None:
    """Make the topics that are missing. Raises the broker's error for any other failure."""
    client = admin(bootstrap, "runonce-admin")
    await client.start()
    try:
        response = await client.create_topics([_new(topic, replication) for topic in topics], timeout_ms=10_000)
    finally:
        await client.close()
    for name, code, *_ in response.topic_errors:
        if code and not issubclass(for_code(code), TopicAlreadyExistsError):
            raise for_code(code)(name)


def _new(topic: Topic, replication: int) -> NewTopic:
    configs = {
        "cleanup.policy": topic.cleanup_policy,
        "retention.ms": str(topic.retention_ms),
        "max.message.bytes": str(topic.max_message_bytes),
        "compression.type": topic.compression,
    }
    if topic.retention_ms != FOREVER_MS:
        # What is kept for so long is kept from when it came. A partner may date a record years ago, and it would go at once.
        configs["message.timestamp.type"] = "LogAppendTime"
    if topic.cleanup_policy == "compact":
        # Only closed segments are compacted, and by its default a quiet topic closes one in a week.
        configs |= {"segment.ms": "600000", "segment.bytes": "16777216", "min.cleanable.dirty.ratio": "0.1"}
    return NewTopic(topic.name, topic.partitions, replication, topic_configs=configs)


async def cluster_id(bootstrap: str) -> str:
    """The identity of the cluster; another one means that checkpoints do not fit its topics."""
    client = admin(bootstrap, "runonce-admin")
    await client.start()
    try:
        description = await client.describe_cluster()
        return str(description["cluster_id"])
    finally:
        await client.close()


async def end_offsets(bootstrap: str, places: Sequence[Place]) -> dict[Place, int]:
    """The offset that the next record of each partition will get."""
    return {place: held.stop for place, held in (await held_offsets(bootstrap, places)).items()}


async def held_offsets(bootstrap: str, places: Sequence[Place]) -> dict[Place, range]:
    """The offsets that each partition holds, up to the one that its next record will get."""
    client = consumer(bootstrap, None, "runonce-offsets")
    try:
        await client.start()
        asked = [TopicPartition(p.topic, p.partition) for p in places]
        begins, ends = await client.beginning_offsets(asked), await client.end_offsets(asked)
        return {Place(tp.topic, tp.partition): range(begins[tp], ends[tp]) for tp in asked}
    finally:
        await let_go(client, STOP_DEADLINE_S)
