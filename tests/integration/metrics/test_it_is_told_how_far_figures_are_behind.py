"""As of when the figures are complete, and by how much that is behind the clock, whoever holds them up."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from services.metrics.cells import OWNERS, snapshot
from services.metrics.watermarks import Watermarks
from shared.postgres.event_log import EventLog
from shared.telemetry import clock

NOTED = "INSERT INTO watermark (generation, service, complete_to) VALUES (1, $1, $2)"


@pytest.fixture
async def newest(log: EventLog) -> datetime:
    """Every owner's promise is reached, the latest of them now."""
    now = clock.now()
    for behind, service in enumerate(OWNERS):
        await log.pool.execute(NOTED, service, now - timedelta(minutes=behind))
    return now


async def test_figures_wait_for_the_services_whose_facts_they_rest_on_and_no_others(log: EventLog, newest: datetime) -> None:
    await log.pool.execute(NOTED, "metrics", newest - timedelta(days=1))

    async with snapshot(log) as snap:
        assert snap.as_of == newest - timedelta(minutes=2)


async def test_one_owner_that_promised_nothing_leaves_it_open(log: EventLog, newest: datetime) -> None:
    await log.pool.execute("DELETE FROM watermark WHERE service = 'notify'")
    await log.pool.execute(NOTED, "metrics", newest)

    async with snapshot(log) as snap:
        assert snap.as_of is None


async def test_the_lag_is_told_although_nothing_more_is_reached(log: EventLog, newest: datetime) -> None:
    await Watermarks(log, "nowhere")._note_once(1)

    assert REGISTRY.get_sample_value("runonce_as_of_lag_seconds") == pytest.approx(120, abs=60)
