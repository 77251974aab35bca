"""A migration is applied once, in its order and whole, whoever else begins; one that was edited afterwards is refused by name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import asyncpg
import pytest

from shared.postgres.migrations import COMMON, MigrationEditedError, migrate
from shared.postgres.pool import connect
from shared.postgres.provisioning import dsn_for, ensure_database
from tests.conftest import ROOT, MakeLog

FIRST, SECOND = "1_first.sql", "2_second.sql"
OBJECTS = """
SELECT n.nspname, c.relname, c.relkind::text, pg_get_userbyid(c.relowner), c.relacl::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""
FUNCTIONS = """
SELECT n.nspname, p.proname, pg_get_function_arguments(p.oid), pg_get_userbyid(p.proowner), p.proacl::text, p.prosrc
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""
ROOMS = "SELECT nspname, pg_get_userbyid(nspowner), nspacl::text FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%'"
APPLIED = "SELECT version, sha256 FROM schema_migrations"


@pytest.fixture
async def owner(postgres: str) -> AsyncIterator[str]:
    """The owner of a database in which nothing was applied."""
    database = f"t_migrated_{token_hex(6)}"
    dsn, _ = await ensure_database(postgres, database, "test-only")
    yield dsn
    connection = await connect(postgres)
    await connection.execute(f"DROP DATABASE {database} WITH (FORCE)")
    await connection.close()


def written(directory: Path, name: str, statement: str) -> None:
    """Write a migration with this statement."""
    (directory / name).write_text(f"-- migrate:up\n{statement};\n-- migrate:down\n", encoding="utf-8")


async def rows(dsn: str, *queries: str) -> list[set[tuple[Any, ...]]]:
    """What each query tells."""
    connection = await connect(dsn)
    try:
        return [{tuple(row) for row in await connection.fetch(query)} for query in queries]
    finally:
        await connection.close()


async def test_each_is_applied_once_and_in_order(owner: str, tmp_path: Path) -> None:
    common = [path.name for path in sorted(COMMON.glob("*.sql"))]
    written(tmp_path, FIRST, "CREATE TABLE thing (n integer)")

    assert await migrate(owner, [tmp_path]) == [*common, FIRST]
    written(tmp_path, SECOND, "INSERT INTO thing VALUES (1)")
    assert await migrate(owner, [tmp_path]) == [SECOND]
    assert await migrate(owner, [tmp_path]) == []
    assert await rows(owner, "SELECT n FROM thing") == [{(1,)}]


async def test_one_that_was_edited_is_refused_by_its_name(owner: str, tmp_path: Path) -> None:
    written(tmp_path, FIRST, "CREATE TABLE thing (n integer)")
    await migrate(owner, [tmp_path])
    written(tmp_path, FIRST, "CREATE TABLE thing (n bigint)")
    written(tmp_path, SECOND, "CREATE TABLE another (n integer)")

    with pytest.raises(MigrationEditedError, match=FIRST):
        await migrate(owner, [tmp_path])
    assert await rows(owner, "SELECT to_regclass('another')::text") == [{(None,)}]


async def test_one_that_fails_half_way_leaves_nothing_behind(owner: str, tmp_path: Path) -> None:
    written(tmp_path, FIRST, "CREATE TABLE thing (n integer); SELECT 1 / 0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(owner, [tmp_path])
    assert await rows(owner, "SELECT to_regclass('thing')::text") == [{(None,)}]
    written(tmp_path, FIRST, "CREATE TABLE thing (n integer)")

    assert await migrate(owner, [tmp_path]) == [FIRST]


async def test_of_two_that_begin_together_one_applies(owner: str, tmp_path: Path) -> None:
    written(tmp_path, FIRST, "CREATE TABLE thing (n integer)")

    both = await asyncio.gather(migrate(owner, [tmp_path]), migrate(owner, [tmp_path]))

    assert [names for names in both if not names] == [[]]


@pytest.mark.parametrize("service", ["intake", "approval", "metrics", "notify"])
async def test_what_a_test_is_given_is_what_they_make(make_log: MakeLog, owner: str, postgres: str, service: str) -> None:
    directory = ROOT / "services" / service / "migrations"
    log = await make_log(service, directory)
    await migrate(owner, [directory])
    told = (OBJECTS, FUNCTIONS, ROOMS, APPLIED)

    given = await rows(dsn_for(postgres, str(await log.pool.fetchval("SELECT current_database()"))), *told)
    made = await rows(owner, *told)

    assert given == made
    assert all(made)
