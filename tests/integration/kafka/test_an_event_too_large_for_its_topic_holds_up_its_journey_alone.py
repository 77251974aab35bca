"""Promise: when a topic's limit is lowered below an event, its journey waits, all others flow, and the relay heals by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.contracts.partitioning import partition_of
from shared.contracts.topics import INTAKE_EVENTS, PARTITIONS, TOPICS
from shared.kafka.admin import ensure_topics
from shared.kafka.clients import admin
from shared.kafka.relay import Relay
from shared.postgres.event_log import EventLog
from shared.postgres.outbox import Outbox
from tests.conftest import MakeLog, until
from tests.integration.kafka.telling import opened, tell, voided

LOWERED = "2000"
"""More than one event of the smallest kind, and less than two: a batch is refused where its only record is not."""


async def limit(kafka: str, size: str) -> None:
    client = admin(kafka, "test")
    await client.start()
    await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, INTAKE_EVENTS, {"max.message.bytes": size})])
    await client.close()


def neighbours(count: int) -> Sequence[UUID]:
    """Journeys of one and the same partition."""
    found = [uuid4()]
    while len(found) < count:
        if partition_of(str(other := uuid4()), PARTITIONS) == partition_of(str(found[0]), PARTITIONS):
            found.append(other)
    return found


async def waiting(log: EventLog) -> dict[str, int]:
    rows = await log.pool.fetch("SELECT key, count(*) AS n FROM outbox GROUP BY key")
    return {row["key"]: row["n"] for row in rows}


async def test_its_journey_waits_its_neighbours_flow_and_nothing_is_restarted(make_log: MakeLog, kafka: str) -> None:
    await ensure_topics(kafka, TOPICS)
    log, stop, wake = await make_log("intake"), asyncio.Event(), asyncio.Event()
    large, small, other = neighbours(3)
    await limit(kafka, LOWERED)
    try:
        await tell(log, small, opened())
        await tell(log, large, voided(), opened().model_copy(update={"item_code": "x" * 10_000}), voided())
        for _ in range(5):
            await tell(log, other, opened(), voided())
        await tell(log, small, voided())
        relay = asyncio.create_task(Relay("intake", Outbox(log), kafka, "only", wake).run(stop))

        async def only_the_large_one_waits() -> bool:
            return await waiting(log) == {str(large): 2}

        await until(only_the_large_one_waits)
        await tell(log, other, voided())
        await until(only_the_large_one_waits)
    finally:
        await limit(kafka, "1048576")

    async def nothing_waits() -> bool:
        return await waiting(log) == {}

    await until(nothing_waits)
    stop.set()
    await relay
