"""Golden checks of deadlines and thresholds, worked out by hand from the law and the published rules."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from shared.reference.calendar import Calendars, WorkingCalendar
from shared.reference.clock import threshold_days, thresholds
from shared.reference.deadlines import (
    Pause,
    correction_notice_due,
    deemed_at,
    due_date,
    local_date,
    notice_clock,
    start_of_day,
    used_working_days,
)

PLAIN = Calendars((WorkingCalendar(2026, 1),))
FRIDAY = date(2026, 3, 6)
MONDAY = date(2026, 3, 9)


def test_a_friday_receipt_without_notice_is_deemed_accepted_after_the_next_friday() -> None:
    assert correction_notice_due(FRIDAY, PLAIN) == date(2026, 3, 13)
    assert local_date(deemed_at(FRIDAY, PLAIN)) == date(2026, 3, 14)


def test_a_makeup_saturday_brings_it_one_day_forward() -> None:
    calendars = Calendars((WorkingCalendar(2026, 1, makeup_workdays=frozenset({date(2026, 3, 7)})),))

    assert correction_notice_due(FRIDAY, calendars) == date(2026, 3, 12)


def test_the_five_days_for_a_notice_begin_when_all_is_here_and_from_afar_when_the_body_that_decides_has_it() -> None:
    complete, taken = start_of_day(FRIDAY), start_of_day(MONDAY)

    assert notice_clock(complete, taken, from_afar=False, at_handler=False) == complete
    assert notice_clock(complete, taken, from_afar=True, at_handler=False) is None
    assert notice_clock(complete, taken, from_afar=True, at_handler=True) == taken
    assert notice_clock(taken, complete, from_afar=True, at_handler=True) == taken
    assert notice_clock(complete, None, from_afar=True, at_handler=True) == complete


def test_an_expert_review_of_seven_days_moves_the_due_date_by_seven() -> None:
    review = Pause(date(2026, 3, 11), date(2026, 3, 20))

    assert due_date(MONDAY, 10, PLAIN) == date(2026, 3, 23)
    assert due_date(MONDAY, 10, PLAIN, [review]) == date(2026, 4, 1)


def test_nothing_is_used_up_while_the_clock_stands_still() -> None:
    review = Pause(date(2026, 3, 11))
    used = {used_working_days(MONDAY, date(2026, 3, 12) + timedelta(days=n), PLAIN, [review]) for n in range(9)}

    assert used == {2}


def test_promised_ten_days_reminder_at_day_nine_yellow_at_ten_red_at_eleven() -> None:
    days = threshold_days(MONDAY, 10, PLAIN)

    assert thresholds(10).reminder == 8
    assert {kind: PLAIN.working_days_between(MONDAY, day - timedelta(days=1)) for kind, day in days.items()} == {
        "reminder": 8,
        "yellow": 9,
        "red": 10,
    }
    assert days["red"] == due_date(MONDAY, 10, PLAIN) + timedelta(days=1)


@pytest.mark.parametrize("promised", [0, 1, 2])
def test_a_short_promise_knows_the_red_card_only(promised: int) -> None:
    assert set(threshold_days(MONDAY, promised, PLAIN)) == {"red"}


@pytest.mark.parametrize("promised", range(3, 90))
def test_the_three_signals_never_change_places(promised: int) -> None:
    limits = thresholds(promised)

    assert limits.reminder is not None
    assert limits.yellow is not None
    assert limits.reminder < limits.yellow <= limits.red


def test_on_the_spot_is_due_on_the_same_working_day() -> None:
    assert due_date(MONDAY, 0, PLAIN) == MONDAY


def test_no_signal_is_given_on_a_day_of_a_procedure_that_stopped_no_working_day() -> None:
    over_the_weekend = Pause(date(2026, 3, 20), date(2026, 3, 22))

    assert due_date(MONDAY, 10, PLAIN, [over_the_weekend]) == date(2026, 3, 23)
    assert threshold_days(MONDAY, 10, PLAIN, [over_the_weekend])["yellow"] == date(2026, 3, 23)
    assert threshold_days(MONDAY, 10, PLAIN, [over_the_weekend, Pause(date(2026, 3, 22))])["yellow"] == date(2026, 3, 23)


def test_procedures_one_after_the_other_stop_the_signals_until_the_last_one_ends() -> None:
    pauses = [Pause(date(2026, 3, 20), date(2026, 3, 21)), Pause(date(2026, 3, 21), date(2026, 3, 22))]

    assert threshold_days(MONDAY, 10, PLAIN, pauses)["yellow"] == date(2026, 3, 23)


SATURDAY = date(2026, 6, 6)


@pytest.mark.parametrize(
    ("pauses", "extended_wd", "due"),
    [
        ((), 0, date(2026, 6, 8)),
        ((), 1, date(2026, 6, 9)),
        ((Pause(date(2026, 6, 8), date(2026, 6, 10)),), 0, date(2026, 6, 10)),
        ((Pause(date(2026, 6, 8), date(2026, 6, 10)),), 1, date(2026, 6, 11)),
    ],
)
def test_on_the_spot_counts_from_the_first_working_day(pauses: tuple[Pause, ...], extended_wd: int, due: date) -> None:
    assert due_date(SATURDAY, 0, PLAIN, pauses, extended_wd) == due
    assert threshold_days(SATURDAY, 0, PLAIN, pauses, extended_wd) == {"red": due + timedelta(days=1)}


def test_a_day_starts_at_midnight_in_china() -> None:
    assert start_of_day(MONDAY).isoformat() == "2026-03-08T16:00:00+00:00"
    assert local_date(start_of_day(MONDAY)) == MONDAY
