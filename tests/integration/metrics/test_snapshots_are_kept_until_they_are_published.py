"""A snapshot stays in the database as long as it is owed to Kafka, and no longer."""

from __future__ import annotations

from services.metrics.snapshots import _publish
from services.metrics.store import Store
from shared.contracts.topics import METRICS_SNAPSHOTS, dead_letters
from shared.eventsourcing.claims import Message
from shared.postgres.event_log import EventLog
from shared.telemetry import clock
from tests.integration.metrics.house import Hand, Wire, some_tales


async def snapshots(log: EventLog) -> int:
    found: int = await log.pool.fetchval("SELECT count(*) FROM message WHERE topic = $1", METRICS_SNAPSHOTS)
    return found


async def test_a_snapshot_goes_when_another_one_comes_and_it_is_published(store: Store) -> None:
    log, wire = store.log, Wire()
    async with log.transaction() as tx:
        await tx.say([Message(clock.new_id(), dead_letters("metrics"), "k", b"{}", 1)])
    wire.publish(some_tales(1))
    await Hand(store, wire).project()
    for _ in range(3):
        await _publish(log, (0, -1))
    assert await snapshots(log) == 3

    await log.pool.execute("DELETE FROM outbox")
    await _publish(log, (0, -1))

    assert await snapshots(log) == 1
    assert await log.pool.fetchval("SELECT count(*) FROM message") == 2
