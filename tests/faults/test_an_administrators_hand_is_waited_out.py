"""Promise: killed connections, long locks, a read-only database and taken rights cost time and nothing else."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator

import asyncpg
import pytest

from shared.contracts.topics import SERVICES
from tests.faults.living import Living

STORM = 15
HELD_S = 9.0
READ_ONLY_S = 8.0
BACK_S = 30.0
_CONNECTIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"


@pytest.fixture(autouse=True)
def agreement(living: Living) -> Iterator[None]:
    """After each of these everybody goes on without anybody's help, the processes are the same, and everything agrees."""
    before = {name: living.found.pids[name] for name in SERVICES}
    yield
    living.moves(BACK_S)
    assert {name: living.found.pids[name] for name in SERVICES} == before
    living.agrees()


async def superuser(living: Living, database: str) -> asyncpg.Connection:
    root = living.data / "postgres"
    port = int((root / "data" / "postmaster.pid").read_text().splitlines()[3])
    password = (root / "password").read_text()
    return await asyncpg.connect(host="127.0.0.1", port=port, user="runonce_owner", password=password, database=database)


async def databases(living: Living) -> list[str]:
    connection = await superuser(living, "postgres")
    rows = await connection.fetch("SELECT datname FROM pg_database WHERE datname = ANY($1)", list(SERVICES))
    await connection.close()
    assert len(rows) == len(SERVICES)
    return [row["datname"] for row in rows]


def test_all_connections_killed_again_and_again(living: Living, rng: random.Random) -> None:
    async def storm() -> None:
        names = await databases(living)
        connection = await superuser(living, "postgres")
        for _ in range(STORM):
            await asyncio.sleep(rng.random())
            for name in rng.sample(names, rng.randint(1, len(names))):
                await connection.execute(_CONNECTIONS.replace("$1", f"'{name}'"))
        await connection.close()

    asyncio.run(storm())


@pytest.mark.parametrize("table", ["event", "outbox", "checkpoint"])
def test_a_table_locked_for_longer_than_anybody_waits(living: Living, table: str) -> None:
    async def hold() -> None:
        held = [await superuser(living, name) for name in await databases(living)]
        for connection in held:
            if await connection.fetchval("SELECT to_regclass($1)", table):
                await connection.execute("BEGIN")
                await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        await asyncio.sleep(HELD_S)
        for connection in held:
            await connection.close()

    asyncio.run(hold())


def test_a_database_that_takes_nothing_for_a_while(living: Living) -> None:
    async def set_read_only(value: str) -> None:
        for name in await databases(living):
            connection = await superuser(living, name)
            await connection.execute("SET default_transaction_read_only = off")
            await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")
            await connection.execute(_CONNECTIONS.replace("$1", f"'{name}'"))
            await connection.close()

    asyncio.run(set_read_only("on"))
    time.sleep(READ_ONLY_S)  # The fault itself.
    asyncio.run(set_read_only("off"))


def test_rights_that_are_taken_for_a_while(living: Living) -> None:
    async def change(words: str) -> None:
        for name in await databases(living):
            connection = await superuser(living, name)
            await connection.execute(words)
            await connection.close()

    asyncio.run(change("REVOKE INSERT ON ALL TABLES IN SCHEMA public FROM runonce_app"))
    time.sleep(READ_ONLY_S)  # The fault itself.
    asyncio.run(change("GRANT INSERT ON ALL TABLES IN SCHEMA public TO runonce_app"))
