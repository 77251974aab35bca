"""Deadlines of a case: due dates are local days, and only completed working days are used up.

Sources: Administrative Licensing Law Arts. 32, 42, 44, 45. The day of an act is not counted. China has kept one time
zone without summer time since 1991, so a fixed offset is exact for every case this system can hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from shared.reference.calendar import Calendars

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
CORRECTION_NOTICE_WD = 5
"""Within five days everything missing is told at once, else the application counts as accepted (Art. 32(4))."""
CORRECTION_ANSWER_WD = 15
"""How long an applicant may take to answer a notice; a profile value, the law names none."""
DELIVERY_WD = 10
"""The decision is delivered within ten days (Art. 44)."""
CUSTODY_WD = {"paper": 7, "electronic": 1}
"""How long a hand-over between bodies may take; profile values, the law names none."""


def local_date(instant: datetime) -> date:
    """The day in China on which `instant` falls."""
    return instant.astimezone(CHINA).date()


def start_of_day(day: date) -> datetime:
    """The instant at which `day` begins in China, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=CHINA).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Pause:
    """A special procedure: its time is not counted (Art. 45). Open while `ended_on` is None."""

    started_on: date
    ended_on: date | None = None


def due_date(accepted_on: date, limit_wd: int, calendars: Calendars, pauses: Sequence[Pause] = (), extended_wd: int = 0) -> date:
    """The last day in time: `limit_wd` working days after acceptance, moved by an extension and by the days that stood still.

    A limit of 0 is due on the same working day, or on the next one if it is accepted on a rest day, and from there it is moved.
    An open pause moves nothing yet.
    """
    moved = extended_wd + sum(_suspended(pause, calendars) for pause in pauses)
    return calendars.add_working_days(calendars.add_working_days(accepted_on, limit_wd), moved)


def _suspended(pause: Pause, calendars: Calendars) -> int:
    if pause.ended_on is None:
        return 0
    return calendars.working_days_between(pause.started_on, pause.ended_on)


def used_working_days(accepted_on: date, today: date, calendars: Calendars, pauses: Sequence[Pause] = ()) -> int:
    """Completed working days at the start of `today`, less those that stood still."""
    yesterday = today - timedelta(days=1)
    used = calendars.working_days_between(accepted_on, yesterday)
    for pause in pauses:
        last = min(pause.ended_on or yesterday, yesterday)
        used -= calendars.working_days_between(pause.started_on, last)
    return max(used, 0)


def correction_notice_due(received_on: date, calendars: Calendars) -> date:
    """The last day for telling what is missing."""
    return calendars.add_working_days(received_on, CORRECTION_NOTICE_WD)


def deemed_at(received_on: date, calendars: Calendars) -> datetime:
    """When an application without a notice counts as accepted: as the day after the last day begins."""
    return start_of_day(correction_notice_due(received_on, calendars) + timedelta(days=1))


def notice_clock(complete_since: datetime, taken_at: datetime | None, *, from_afar: bool, at_handler: bool) -> datetime | None:
    """From when the five days for a notice count: since all is complete; across cities not before the body took the case.

    None while a case from another city has not reached the body that handles it: its clock has not begun. A hand-over inside
    one city moves nothing, since the law counts from the receipt.
    """
    if not from_afar:
        return complete_since
    if not at_handler:
        return None
    return complete_since if taken_at is None else max(complete_since, taken_at)
