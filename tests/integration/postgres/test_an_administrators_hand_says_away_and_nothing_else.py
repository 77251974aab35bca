"""Promise: whatever an administrator does to the database, work on it is told that it is away, soon, and goes on afterwards."""

from __future__ import annotations

import contextlib

import pytest

from shared.eventsourcing.errors import UnavailableError
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.pool import connect
from tests.conftest import MakeLog, within

SOON_S = 8.0


KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}' AND usename = 'runonce_app'"


@pytest.fixture
async def log(make_log: MakeLog) -> EventLog:
    """A log of which only the table of the cluster is used."""
    return await make_log("intake")


async def administrator(log: EventLog, postgres: str, *statements: str) -> None:
    database = await log.pool.fetchval("SELECT current_database()")
    connection = await connect(postgres.rpartition("/")[0] + "/" + database)
    for statement in statements:
        await connection.execute(statement.format(database=database))
    await connection.close()


async def write(tx: Tx) -> None:
    await tx.execute("INSERT INTO cluster (cluster_id) VALUES ('x') ON CONFLICT DO NOTHING")


async def is_away(log: EventLog) -> None:
    async with within(SOON_S):
        with pytest.raises(UnavailableError):
            await log.transact(write)


async def goes_on(log: EventLog) -> None:
    """The pool finds out about each dead connection when it hands it out, and then it is well again."""
    for _ in range(log.pool.get_max_size()):
        with contextlib.suppress(UnavailableError):
            await log.transact(write)
    await log.transact(write)


async def test_a_database_that_is_read_only(log: EventLog, postgres: str) -> None:
    setting = "ALTER ROLE runonce_app IN DATABASE {database} SET default_transaction_read_only = "
    await administrator(log, postgres, setting + "on", KILL)
    await is_away(log)
    await is_away(log)
    await administrator(log, postgres, setting + "off", KILL)

    await goes_on(log)


async def test_a_right_that_was_taken(log: EventLog, postgres: str) -> None:
    await administrator(log, postgres, "REVOKE INSERT ON cluster FROM runonce_app")
    await is_away(log)
    await administrator(log, postgres, "GRANT INSERT ON cluster TO runonce_app")

    await log.transact(write)


async def test_a_table_that_somebody_locks_for_long(log: EventLog, postgres: str) -> None:
    database = await log.pool.fetchval("SELECT current_database()")
    holder = await connect(postgres.rpartition("/")[0] + "/" + database)
    await holder.execute("BEGIN")
    await holder.execute("LOCK TABLE cluster IN ACCESS EXCLUSIVE MODE")
    await is_away(log)
    await holder.close()

    await log.transact(write)


async def test_connections_that_are_killed_in_the_middle(log: EventLog, postgres: str) -> None:
    async def is_killed(tx: Tx) -> None:
        await write(tx)
        await administrator(log, postgres, KILL)
        await tx.fetchval("SELECT 1")

    async with within(SOON_S):
        with pytest.raises(UnavailableError):
            await log.transact(is_killed)
    await goes_on(log)


async def test_a_statement_that_takes_too_long(log: EventLog) -> None:
    async def slow(tx: Tx) -> None:
        await tx.execute("SET LOCAL statement_timeout = 100")
        await tx.fetchval("SELECT pg_sleep(5)")

    with pytest.raises(UnavailableError):
        await log.transact(slow)
