"""No process that stands still keeps a journey from all others, wherever in a statement it was stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.eventsourcing.errors import HeldUpError
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.pool import Connection
from shared.postgres.sleepers import end_sleepers
from tests.conftest import MakeLog, within

ASLEEP_MS = 300


async def falls_asleep(connection: Connection, *, copying: bool) -> None:
    """Take a lock, and keep the server waiting for the rest of a statement."""
    await connection.execute("BEGIN")
    await connection.execute("INSERT INTO cluster (cluster_id) VALUES ('here')")
    if copying:
        await connection.copy_to_table("due", source=never())
    else:
        await connection.prepare("SELECT $1::int")


async def never() -> AsyncIterator[bytes]:
    """A source that says nothing more."""
    await asyncio.Event().wait()
    yield b""


async def take_the_same(tx: Tx) -> None:
    await tx.execute("INSERT INTO cluster (cluster_id) VALUES ('there')")


async def ended(log: EventLog) -> int:
    """End sleepers as soon as there are any."""
    while not (sessions := await end_sleepers(log, ASLEEP_MS)):
        await asyncio.sleep(0.05)
    return sessions


@pytest.mark.parametrize("copying", [False, True], ids=["prepared", "copying"])
async def test_its_session_is_ended_and_others_go_on(make_log: MakeLog, copying: bool) -> None:
    log = await make_log("intake")
    async with within(20):
        connection = await log.pool.acquire()
        sleeper = asyncio.create_task(falls_asleep(connection, copying=copying))
        await asyncio.wait([sleeper], timeout=ASLEEP_MS / 1_000)
        with pytest.raises(HeldUpError):
            await log.transact(take_the_same)

        assert await ended(log) == 1
        await log.transact(take_the_same)
        sleeper.cancel()
        await asyncio.wait([sleeper])
    log.pool.terminate()


async def test_who_is_awake_is_left_alone(make_log: MakeLog) -> None:
    log = await make_log("intake")

    async with log.transaction() as tx:
        await take_the_same(tx)
        assert await end_sleepers(log) == 0
