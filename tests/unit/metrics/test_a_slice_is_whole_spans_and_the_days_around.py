"""Every day of a slice is told once: by a span that lies in the slice as a whole, or by its cells."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.contributions import GROUPS, Group
from services.metrics.slices import Axis, Slice, Unit
from services.metrics.spans import Days, Split, split, unit_of

DAYS = st.dates(date(2026, 1, 20), date(2026, 5, 10))
CALENDAR = [date(2025, 12, 1) + timedelta(days=n) for n in range(220)]


def within(day: date, days: Days) -> bool:
    return (days.first is None or days.first <= day) and (days.last is None or day <= days.last)


def starts_on(day: date, unit: Unit) -> date:
    """The start of the span of `day`, counted down day by day."""
    while (day.weekday() if unit == "week" else day.day - 1) != 0:
        day -= timedelta(days=1)
    return day


@given(st.sampled_from(sorted(GROUPS)), DAYS | st.none(), DAYS | st.none())
def test_no_day_is_told_twice_and_none_is_missing(group: Group, first: date | None, last: date | None) -> None:
    found = split(group, Slice(from_day=first, to_day=last), {"basic"})

    for day in CALENDAR:
        by_span = found.spans is not None and within(starts_on(day, unit_of(group)), found.spans)
        by_cell = sum(within(day, days) for days in found.cells)
        assert by_span + by_cell == within(day, Days(first, last)), day


def test_a_slice_without_ends_is_spans_alone() -> None:
    assert split("visit", Slice(), {"region", "other"}) == Split(Days(None, None), ())


def test_days_around_are_as_few_as_can_be() -> None:
    months = split("visit", Slice(from_day=date(2026, 1, 31), to_day=date(2026, 3, 1)), set())
    weeks = split("delivered", Slice(from_day=date(2026, 8, 3), to_day=date(2026, 8, 17)), {"week"})

    assert months.spans == Days(date(2026, 2, 1), date(2026, 2, 28))
    assert months.cells == (Days(date(2026, 1, 31), date(2026, 1, 31)), Days(date(2026, 3, 1), date(2026, 3, 1)))
    assert weeks == Split(Days(date(2026, 8, 3), date(2026, 8, 16)), (Days(date(2026, 8, 17), date(2026, 8, 17)),))


@pytest.mark.parametrize(
    ("group", "columns", "axis"),
    [
        ("accepted", {"item"}, "occurred"),
        ("accepted", {"channel"}, "occurred"),
        ("accepted", {"day"}, "occurred"),
        ("accepted", {"week"}, "occurred"),
        ("delivered", {"month"}, "occurred"),
        ("visit", {"tag"}, "occurred"),
        ("accepted", {"known"}, "occurred"),
        ("accepted", {"region"}, "known"),
    ],
)
def test_what_spans_do_not_know_is_left_to_cells(group: Group, columns: set[str], axis: Axis) -> None:
    assert split(group, Slice(axis=axis), columns) == Split(None, (Days(None, None),))
