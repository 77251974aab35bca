"""Working days. The State Council's yearly notice moves rest days, so a Saturday can be a working day: calendars are data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

_ONE_DAY = timedelta(days=1)
_SATURDAY = 5
_LABEL = re.compile(r"([0-9]{4})\.([0-9]+)")


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """One year's working days: weekends and `days_off` are off, `makeup_workdays` are worked.

    A provisional calendar knows weekends only: it stands in until the year's notice is published.
    """

    year: int
    version: int
    days_off: frozenset[date] = frozenset()
    makeup_workdays: frozenset[date] = frozenset()
    provisional: bool = False

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on `day`, which must lie in this calendar's year."""
        if day in self.makeup_workdays:
            return True
        return day.weekday() < _SATURDAY and day not in self.days_off

    @property
    def label(self) -> str:
        """The name of this version, e.g. `2026.1`; a provisional one ends in `p`."""
        return f"{self.year}.{self.version}{'p' if self.provisional else ''}"


@dataclass(frozen=True)
class Calendars:
    """The newest calendar of each published year; any other year is provisional."""

    published: tuple[WorkingCalendar, ...] = ()
    _by_year: dict[int, WorkingCalendar] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for calendar in sorted(self.published, key=lambda c: c.version):
            self._by_year[calendar.year] = calendar

    def including(self, calendars: Iterable[WorkingCalendar]) -> Calendars:
        """These calendars and `calendars`; of two versions of a year the higher one counts."""
        return Calendars(tuple(sorted({*self.published, *calendars}, key=lambda c: (c.year, c.version))))

    def of(self, year: int) -> WorkingCalendar:
        """The calendar of `year`, provisional if none is published."""
        return self._by_year.get(year) or WorkingCalendar(year, 0, provisional=True)

    def newer_than(self, versions: str) -> list[WorkingCalendar]:
        """The calendars that were published after those that `version_for` once named."""
        named = ((int(year), int(version)) for year, version in _LABEL.findall(versions))
        return [self.of(year) for year, version in named if self.of(year).version > version]

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on `day`."""
        return self.of(day.year).is_working_day(day)

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`, which itself is not counted; for 0 the first working day from `day` on."""
        if count < 0:
            raise ValueError("a deadline lies ahead: count must not be negative")
        current = day
        if count == 0:
            while not self.is_working_day(current):
                current += _ONE_DAY
            return current
        while count:
            current += _ONE_DAY
            count -= self.is_working_day(current)
        return current

    def working_days_between(self, start: date, end: date) -> int:
        """How many working days lie after `start` and before or on `end`; 0 if `end` is not after `start`."""
        days = (end - start).days
        return sum(self.is_working_day(start + timedelta(days=n)) for n in range(1, days + 1))

    def working_days_left(self, today: date, due: date) -> int:
        """How many working days are left until a day; below zero, those that have passed since."""
        if due >= today:
            return self.working_days_between(today, due)
        return -self.working_days_between(due, today)

    def provisional_year(self, start: date, end: date) -> int | None:
        """The first year without a published calendar that an arithmetic between two days rests on; None if there is none."""
        return next((year for year in range(start.year, end.year + 1) if self.of(year).provisional), None)

    def version_for(self, start: date, end: date) -> str:
        """The versions that an arithmetic between two days rests on, e.g. `2026.1` or `2026.1+2027.0p`."""
        return "+".join(self.of(year).label for year in range(start.year, end.year + 1))
