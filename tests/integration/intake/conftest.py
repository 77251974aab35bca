"""One city for each test."""

from __future__ import annotations

import pytest

from tests.conftest import MakeLog
from tests.integration.intake.city import MIGRATIONS, OPERATOR, SEED, City


@pytest.fixture
async def city(make_log: MakeLog) -> City:
    """Two cities, published and ready."""
    made = City(await make_log("intake", MIGRATIONS))
    await made.done(*SEED, by=OPERATOR)
    return made
