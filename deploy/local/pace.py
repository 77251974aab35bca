"""How time passes in a story: in office hours and working days as history has it, or in seconds when it is played live."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Protocol

from deploy.local.population import working_days
from shared.reference.deadlines import CHINA

_OFFICE_HOURS = ((9, 0.28), (10, 0.24), (11, 0.08), (13, 0.06), (14, 0.16), (15, 0.12), (16, 0.06))
"""Two humps, before and after noon; the share of each hour."""
_HOME_HOURS = tuple((hour, 1.0 if hour < 18 else 1.4 if hour < 22 else 0.5) for hour in range(7, 24))


class Pace(Protocol):
    """The next moment after `then`, by what has to happen in between."""

    def minutes(self, then: datetime, low: int, high: int, /) -> datetime:
        """Some minutes later."""
        ...

    def office(self, then: datetime, low_wd: int, high_wd: int, /) -> datetime:
        """In office hours, so many working days later; on the same day if that is still possible."""
        ...

    def home(self, then: datetime, low: int, high: int, /) -> datetime:
        """At any time of day, so many days later."""
        ...

    def office_on(self, then: datetime, accepted: datetime, working_day: int, /) -> datetime:
        """In office hours of the n-th working day after `accepted`, and after `then`."""
        ...


class CalendarPace:
    """Real working days and office hours around `until`."""

    def __init__(self, rng: Random, until: date) -> None:
        self._rng = rng
        self._days = sorted_days(until)

    def minutes(self, then: datetime, low: int, high: int) -> datetime:
        return then + timedelta(seconds=self._rng.randint(low * 60, high * 60))

    def office(self, then: datetime, low_wd: int, high_wd: int) -> datetime:
        wanted = self._rng.randint(low_wd, high_wd)
        today = then.astimezone(CHINA).date()
        if wanted == 0 and self._is_open(today):
            moment = self.minutes(then, 4, 50)
            if moment.astimezone(CHINA).time() < time(17) and then.astimezone(CHINA).time() > time(8, 55):
                return moment
        return self.office_moment(self._days[bisect_right(self._days, today) + max(wanted, 1) - 1])

    def home(self, then: datetime, low: int, high: int) -> datetime:
        wanted = self._rng.randint(low, high)
        if wanted == 0:
            return self.minutes(then, 5, 90)
        return self._moment(then.astimezone(CHINA).date() + timedelta(days=wanted), _HOME_HOURS)

    def office_on(self, then: datetime, accepted: datetime, working_day: int) -> datetime:
        day = self.working_day_after(accepted.astimezone(CHINA).date(), working_day)
        if day > then.astimezone(CHINA).date():
            return self.office_moment(day)
        return self.minutes(then, 15, 150)

    def working_day_after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; `day` itself for 0."""
        return day if count == 0 else self._days[bisect_right(self._days, day) + count - 1]

    def office_moment(self, day: date) -> datetime:
        """Some moment of the office hours of `day`."""
        return self._moment(day, _OFFICE_HOURS)

    def home_moment(self, day: date) -> datetime:
        """Some moment of `day` at which people use the network."""
        return self._moment(day, _HOME_HOURS)

    def _is_open(self, day: date) -> bool:
        place = bisect_left(self._days, day)
        return self._days[place] == day

    def _moment(self, day: date, hours: tuple[tuple[int, float], ...]) -> datetime:
        (hour,) = self._rng.choices([h for h, _ in hours], [w for _, w in hours])
        return datetime(day.year, day.month, day.day, hour, tzinfo=CHINA) + timedelta(milliseconds=self._rng.randrange(3_600_000))


class PlayedPace:
    """A story told in seconds: what takes minutes takes a moment, what takes days takes a few seconds."""

    def __init__(self, rng: Random, brisk: float = 1.0) -> None:
        self._rng = rng
        self._brisk = brisk

    def minutes(self, then: datetime, _low: int, _high: int, /) -> datetime:
        return self._after(then, 0.3, 1.5)

    def office(self, then: datetime, _low_wd: int, _high_wd: int, /) -> datetime:
        return self._after(then, 1.0, 4.0)

    def home(self, then: datetime, _low: int, _high: int, /) -> datetime:
        return self._after(then, 1.0, 4.0)

    def office_on(self, then: datetime, _accepted: datetime, _working_day: int, /) -> datetime:
        return self._after(then, 2.0, 6.0)

    def _after(self, then: datetime, low: float, high: float) -> datetime:
        return then + timedelta(seconds=self._rng.uniform(low, high) * self._brisk)


_SORTED: dict[date, list[date]] = {}


def sorted_days(until: date) -> list[date]:
    """The working days around `until`, oldest first."""
    if until not in _SORTED:
        _SORTED[until] = sorted(working_days(until))
    return _SORTED[until]
