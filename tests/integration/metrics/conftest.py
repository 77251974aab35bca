"""What the tests of the projection share: its own database, and one that holds many journeys already."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import pytest

import services.metrics
from services.metrics.store import Store
from shared.postgres.event_log import EventLog
from shared.postgres.migrations import migrate
from shared.postgres.pool import connect, open_pool
from shared.postgres.provisioning import ensure_database
from tests.conftest import MakeLog
from tests.integration.metrics.house import Hand, Wire, some_tales
from tests.unit.metrics.stories import Told

MIGRATIONS = Path(services.metrics.__file__).parent / "migrations"


@pytest.fixture
async def log(make_log: MakeLog) -> EventLog:
    """An empty database of metrics."""
    return await make_log("metrics", MIGRATIONS)


@pytest.fixture
def store(log: EventLog) -> Store:
    """The tables of the first build, empty."""
    return Store(log, 1)


@dataclass(frozen=True)
class Full:
    """A projection of many journeys, for reading only."""

    log: EventLog
    store: Store
    told: list[Told]


@pytest.fixture(scope="session")
async def full(postgres: str) -> AsyncIterator[Full]:
    """Many journeys, projected once for all tests that only read."""
    database = f"t_metrics_{token_hex(6)}"
    owner, app = await ensure_database(postgres, database, "test-only")
    await migrate(owner, [MIGRATIONS])
    log = EventLog(await open_pool(app, service="metrics"), "metrics")
    store, wire, told = Store(log, 1), Wire(), some_tales(60)
    wire.publish(told)
    await Hand(store, wire).project()
    yield Full(log, store, told)
    await log.pool.close()
    connection = await connect(postgres)
    await connection.execute(f"DROP DATABASE {database} WITH (FORCE)")
    await connection.close()
