"""Real servers for tests: one PostgreSQL and one Kafka a session, started only when a test asks for them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import randbelow, token_hex
from typing import Any

import pytest
from hypothesis import settings

from deploy.local.children import die_with_parent
from deploy.local.kafka import Kafka, NoKafkaError
from deploy.local.postgres import Postgres
from shared.postgres.event_log import EventLog
from shared.postgres.migrations import migrate
from shared.postgres.pool import connect, open_pool
from shared.postgres.provisioning import ensure_database

FAULTS = Path(__file__).parent / "faults"
ROOT = Path(__file__).parents[1]
CACHE = Path(os.environ.get("RUNONCE_CACHE", ROOT / ".run" / "cache"))
START_S = 60.0
# An example that took long says something about its machine, not about the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--faults` runs the fault campaign instead of the suite; it takes a while and is repeated by its seed."""
    parser.addoption("--faults", action="store_true", help="break things under load, and see that everything agrees afterwards")
    parser.addoption("--faults-seed", type=int, default=randbelow(10**6), help="repeat the faults of an earlier run")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--faults") and config.args == config.getini("testpaths"):
        config.args[:] = [str(FAULTS)]


def pytest_report_header(config: pytest.Config) -> str | None:
    return f"faults: --faults-seed {config.getoption('--faults-seed')}" if config.getoption("--faults") else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if collection_path == FAULTS and not config.getoption("--faults") else None


def _served(command: list[str], ready: Callable[[], bool], log: Path, stop: signal.Signals) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, preexec_fn=die_with_parent(), start_new_session=True)
    deadline = time.monotonic() + START_S
    pause = 0.02
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(log.read_text()[-2_000:])
        time.sleep(pause)
    yield
    process.send_signal(stop)
    process.wait(30)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The superuser DSN of a throw-away cluster, or of the one that RUNONCE_TEST_POSTGRES names."""
    given = os.environ.get("RUNONCE_TEST_POSTGRES")
    if given:
        yield given
        return
    root = tmp_path_factory.mktemp("postgres")
    server = Postgres(root, durable=False)
    server.prepare()
    for _ in _served(server.command(), server.ready, root / "log", signal.SIGINT):
        yield server.dsn


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a throw-away broker, or of the one that RUNONCE_TEST_KAFKA names."""
    given = os.environ.get("RUNONCE_TEST_KAFKA")
    if given:
        yield given
        return
    root = tmp_path_factory.mktemp("kafka")
    try:
        server = Kafka(root, CACHE)
    except NoKafkaError as missing:
        pytest.fail(str(missing))
    server.prepare()
    for _ in _served(server.command(), server.ready, root / "log", signal.SIGTERM):
        yield server.address


MakeLog = Callable[..., Awaitable[EventLog]]
Migrated = Callable[..., Awaitable[str]]


@pytest.fixture(scope="session")
async def migrated(postgres: str) -> AsyncIterator[Migrated]:
    """The name of a database to copy: a set of migrations runs once a session, and its tables, rights and rows go along."""
    made: dict[tuple[Path, ...], str] = {}

    async def template(*directories: Path) -> str:
        if directories not in made:
            name = f"t_template_{token_hex(6)}"
            owner, _ = await ensure_database(postgres, name, "test-only")
            await migrate(owner, directories)
            # Nobody may be connected to what is copied, not even whoever would tidy it up.
            await _execute(postgres, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            made[directories] = name
        return made[directories]

    yield template
    await _execute(postgres, *(f"DROP DATABASE {name} WITH (FORCE)" for name in made.values()))


async def _execute(dsn: str, *statements: str) -> None:
    connection = await connect(dsn)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


@pytest.fixture
async def make_log(postgres: str, migrated: Migrated) -> AsyncIterator[MakeLog]:
    """Make event logs, each in a database of its own: `await make_log("intake", migrations_directory)`."""
    logs: list[EventLog] = []
    databases: list[str] = []

    async def make(service: str, *directories: Path) -> EventLog:
        database = f"t_{service}_{token_hex(6)}"
        await _execute(postgres, f"CREATE DATABASE {database} TEMPLATE {await migrated(*directories)}")
        databases.append(database)
        _, app = await ensure_database(postgres, database, "test-only")
        logs.append(EventLog(await open_pool(app, service=service), service))
        return logs[-1]

    yield make
    for log in logs:
        await asyncio.wait_for(log.pool.close(), 10)
    await _execute(postgres, *(f"DROP DATABASE {database} WITH (FORCE)" for database in databases))


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Everything a test waits for has a deadline."""
    async with asyncio.timeout(seconds):
        yield


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Wait until `condition` holds. Raises `TimeoutError` if it does not within `seconds`."""
    async with within(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


async def until_a_lock_is_awaited(fetchval: Callable[[str], Awaitable[Any]]) -> None:
    """Wait until somebody's statement waits for a lock that another one holds; `fetchval` asks their server."""

    async def is_awaited() -> bool:
        return bool(await fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))

    await until(is_awaited)
