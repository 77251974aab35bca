"""Thresholds of the promised time: reminder at 80 %, yellow card at 90 %, red card when it is over.

Looked at when a day starts in China, in completed working days. Promises of fewer than three days know the red card only.
Source of the percentages: municipal supervision rules that publish them; configurable elsewhere, fixed here as version 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from shared.reference.calendar import Calendars
from shared.reference.deadlines import Pause, due_date

CardKind = Literal["reminder", "yellow", "red"]
RULE_NO: dict[CardKind, str] = {
    "reminder": "promised-time.reminder.1",
    "yellow": "promised-time.yellow.1",
    "red": "promised-time.red.1",
}
_GRADED_FROM_WD = 3


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Used working days at which each signal is raised; None where it is never raised."""

    reminder: int | None
    yellow: int | None
    red: int


def thresholds(promised_wd: int) -> Thresholds:
    """The thresholds for a promise of `promised_wd` working days."""
    if promised_wd < _GRADED_FROM_WD:
        return Thresholds(None, None, promised_wd)
    yellow = promised_wd * 9 // 10
    return Thresholds(min(promised_wd * 8 // 10, yellow - 1), yellow, promised_wd)


def threshold_days(
    accepted_on: date, promised_wd: int, calendars: Calendars, pauses: Sequence[Pause] = (), extended_wd: int = 0
) -> dict[CardKind, date]:
    """The day at whose start each signal is due, if the case is then undecided; none lies where the clock stands still.

    The pauses are in the order in which they began.
    """
    limits = thresholds(promised_wd + extended_wd)
    wanted: tuple[tuple[CardKind, int | None], ...] = (
        ("reminder", limits.reminder),
        ("yellow", limits.yellow),
        ("red", limits.red),
    )
    days = {}
    for kind, used in wanted:
        if used is not None:
            beyond = max(used - promised_wd, 0)
            last = due_date(accepted_on, used - beyond, calendars, pauses, beyond)
            days[kind] = _running(last + timedelta(days=1), pauses)
    return days


def _running(day: date, pauses: Sequence[Pause]) -> date:
    """`day`, or the first one after it on which no procedure stops the clock. One over rest days alone moves no due date."""
    for pause in pauses:
        if pause.ended_on is not None and pause.started_on < day <= pause.ended_on:
            day = pause.ended_on + timedelta(days=1)
    return day
