"""The simulated database and PostgreSQL see the same things in the same stories, so what schedules prove of one holds for both."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from shared.postgres.event_log import EventLog
from tests.conftest import MakeLog, within
from tests.integration.simulation import consuming_cases, record_cases
from tests.integration.simulation.record_cases import Case
from tests.simulation import consuming_sql, notices_sql, projection_sql, record_sql
from tests.simulation.connection import log_of
from tests.simulation.database import Database
from tests.simulation.world import Process, Weather, World

TAUGHT: tuple[ModuleType, ...] = (record_sql, consuming_sql, projection_sql, notices_sql)
CASES = (*record_cases.CASES, *consuming_cases.CASES)


async def simulated(service: str, *_: Path) -> EventLog:
    """An event log over a simulated database, where no fault ever happens."""
    world = World(0)
    world.weather = Weather()
    return log_of(Database(world, service), Process(world, service))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
async def test_both_see_the_same(case: Case, make_log: MakeLog) -> None:
    async with within(30):
        seen = await case(simulated)
        expected = await case(make_log)

    assert seen == expected
