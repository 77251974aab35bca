"""Working days equal the State Council's notices, and adding and counting them are each other's inverse."""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.reference.calendar import Calendars, WorkingCalendar


def published(year: int) -> WorkingCalendar:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(365 + (year % 4 == 0))]
    worked = {day for day in days if chinese_calendar.is_workday(day)}
    return WorkingCalendar(
        year,
        1,
        days_off=frozenset(day for day in days if day.weekday() < 5 and day not in worked),
        makeup_workdays=frozenset(day for day in days if day.weekday() >= 5 and day in worked),
    )


CALENDARS = Calendars((published(2025), published(2026)))
DAYS = st.dates(date(2025, 1, 1), date(2026, 10, 1))


@pytest.mark.parametrize("makeup", [date(2026, 2, 14), date(2026, 9, 20), date(2026, 10, 10)])
def test_a_makeup_saturday_or_sunday_is_worked(makeup: date) -> None:
    assert CALENDARS.is_working_day(makeup)


@given(day=DAYS, count=st.integers(1, 60))
def test_counting_back_what_was_added_gives_the_same_number(day: date, count: int) -> None:
    due = CALENDARS.add_working_days(day, count)

    assert CALENDARS.working_days_between(day, due) == count
    assert CALENDARS.is_working_day(due)


def test_what_is_left_until_a_day_goes_below_zero_when_a_working_day_has_passed_since() -> None:
    friday = date(2026, 3, 6)

    assert [CALENDARS.working_days_left(friday + timedelta(days=days), friday) for days in (-1, 0, 1, 3)] == [1, 0, 0, -1]


@given(day=DAYS, count=st.integers(0, 40))
def test_a_later_start_never_ends_earlier(day: date, count: int) -> None:
    assert CALENDARS.add_working_days(day, count) <= CALENDARS.add_working_days(day + timedelta(days=1), count)


def test_a_year_without_a_notice_is_provisional_and_says_so() -> None:
    assert CALENDARS.of(2027).provisional
    assert CALENDARS.version_for(date(2026, 12, 1), date(2027, 1, 10)) == "2026.1+2027.0p"
    assert CALENDARS.provisional_year(date(2026, 12, 1), date(2027, 1, 10)) == 2027
    assert CALENDARS.provisional_year(date(2025, 12, 1), date(2026, 12, 31)) is None


def test_a_higher_version_replaces_a_lower_one_whatever_the_order() -> None:
    revised = WorkingCalendar(2026, 2, days_off=frozenset({date(2026, 3, 2)}))

    assert CALENDARS.including([revised]).of(2026).version == 2
    assert Calendars((revised,)).including([published(2026)]).of(2026).version == 2


@pytest.mark.parametrize(
    ("named", "newer"),
    [
        ("2025.1+2026.1", []),
        ("2026.0p", ["2026.1"]),
        ("2026.2", []),
        ("2026.1+2027.0p", []),
        ("2025.0p+2026.0p", ["2025.1", "2026.1"]),
    ],
)
def test_what_was_published_after_an_arithmetic_is_told(named: str, newer: list[str]) -> None:
    calendars = Calendars((WorkingCalendar(2025, 1), WorkingCalendar(2026, 1)))

    assert [calendar.label for calendar in calendars.newer_than(named)] == newer
