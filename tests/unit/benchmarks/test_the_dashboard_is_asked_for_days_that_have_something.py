"""The slices whose answers are timed begin within the history that was loaded, whenever that is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from benchmarks.pipeline import SLICES, slices
from deploy.local.scenario import DAYS


@pytest.mark.parametrize("today", [date(2026, 11, 26), date(2031, 2, 3)])
def test_every_slice_begins_on_a_day_of_the_history(today: date) -> None:
    days = [date.fromisoformat(one["from"]) for one in slices(today)]

    assert len(days) == SLICES
    assert all(today - timedelta(days=DAYS) <= day <= today for day in days)
