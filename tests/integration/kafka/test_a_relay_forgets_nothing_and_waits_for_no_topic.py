"""A relay without its lease forgets nothing, a lease outlives no clock, and a missing topic holds up its own rows alone."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from shared.contracts.topics import TOPICS, Topic
from shared.eventsourcing.claims import Message
from shared.kafka.admin import ensure_topics
from shared.kafka.relay import Relay
from shared.postgres.outbox import Outbox
from tests.conftest import MakeLog, until
from tests.integration.kafka.telling import opened, tell


async def test_a_relay_that_lost_its_lease_forgets_nothing(make_log: MakeLog) -> None:
    source = await make_log("intake")
    await tell(source, uuid4(), opened())
    outbox = Outbox(source)
    mine = await outbox.lease("one", 0.0)
    theirs = await outbox.lease("two", 5.0)
    assert mine is not None
    assert theirs is not None
    rows = await outbox.slice(10)

    assert not await outbox.acknowledge(mine, [row.position for row in rows], {})
    assert await source.pool.fetchval("SELECT count(*) FROM outbox") == 1
    assert await outbox.lease("one", 5.0) is None


async def test_a_lease_from_before_a_clock_was_set_back_is_nobodys(make_log: MakeLog) -> None:
    source = await make_log("intake")
    outbox = Outbox(source)
    mine = await outbox.lease("one", 5.0)
    assert await outbox.lease("two", 5.0) is None
    assert mine is not None

    await source.pool.execute("UPDATE lease SET until = until + interval '1 hour'")

    assert await outbox.lease("two", 5.0) == mine + 1


async def test_a_topic_that_is_missing_holds_up_nothing_else(make_log: MakeLog, kafka: str) -> None:
    await ensure_topics(kafka, TOPICS)
    log, journey, stop = await make_log("intake"), uuid4(), asyncio.Event()
    nowhere = Message(uuid4(), f"gov.portal.p{journey.hex[:8]}.receipts.v1", "k", b"{}", 1)
    await log.transact(lambda tx: tx.say([nowhere]))
    await tell(log, journey, opened())
    relay = asyncio.create_task(Relay("intake", Outbox(log), kafka, "only", asyncio.Event()).run(stop))

    async def published() -> bool:
        return bool(await log.pool.fetchval("SELECT count(*) = 1 FROM outbox"))

    await until(published)
    assert await log.pool.fetchval("SELECT topic FROM outbox") == nowhere.topic

    await ensure_topics(kafka, [Topic(nowhere.topic, "intake", (), partitions=1)])

    async def all_published() -> bool:
        return bool(await log.pool.fetchval("SELECT count(*) = 0 FROM outbox"))

    await until(all_published)
    stop.set()
    await relay
