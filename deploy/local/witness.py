"""The witness: what a story must have done to the record, worked out from the script alone.

This is the second of two independent ways to the same figures. It shares no rule with the services: working days, cards,
silence, scopes and runs are written here once more, from the law and the definitions, so that a mistake in one place shows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from deploy.local.story import LOCAL

_DAY = timedelta(days=1)
_FIRST, _LAST = date(2015, 1, 1), date(2060, 12, 31)


def on(moment: datetime) -> date:
    """The local day of a moment."""
    return moment.astimezone(LOCAL).date()


def midnight(day: date) -> datetime:
    """The moment at which a local day begins."""
    return datetime.combine(day, time(), LOCAL)


class WorkingDays:
    """Working days as a running total, so that counting is a difference and adding is a look-up."""

    def __init__(self, calendars: Iterable[Mapping[str, Any]]) -> None:
        off: set[str] = set()
        worked: set[str] = set()
        for calendar in calendars:
            off |= set(calendar["days_off"])
            worked |= set(calendar["makeup_workdays"])
        self._totals: list[int] = []
        total = 0
        for ordinal in range(_FIRST.toordinal(), _LAST.toordinal() + 1):
            day = date.fromordinal(ordinal)
            name = day.isoformat()
            total += name in worked or (day.isoweekday() <= 5 and name not in off)
            self._totals.append(total)

    def up_to(self, day: date) -> int:
        """Working days since the beginning of the table, `day` included."""
        return self._totals[day.toordinal() - _FIRST.toordinal()]

    def between(self, start: date, end: date) -> int:
        """Working days after `start` up to `end`."""
        return max(self.up_to(end) - self.up_to(start), 0)

    def is_open(self, day: date) -> bool:
        """Whether `day` is a working day."""
        return self.up_to(day) > self.up_to(day - _DAY)

    def after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; for 0 `day` itself, or the first working day after it if it is none."""
        wanted = self.up_to(day) + count if count else self.up_to(day - _DAY) + 1
        return date.fromordinal(_FIRST.toordinal() + bisect_left(self._totals, wanted))


@dataclass(slots=True)
class Visit:
    """One trip as it was told."""

    day: date
    venue: str
    region: str
    kind: str
    by: str
    person: str
    purpose: str
    outcome: str
    cause: str
    blame: str
    item: str


@dataclass(slots=True)
class Offer:
    """One offer of custody; `took` is its wait at least and at most, equal where the script fixes both moments."""

    at: datetime
    by: datetime
    due: date
    source: str
    target: str
    ending: str = ""
    took: tuple[float, float] | None = None


@dataclass(slots=True)
class Case:
    """One application."""

    at: datetime
    item: str
    channel: str
    virtual: bool
    received_in: str
    offers: list[Offer] = field(default_factory=list)
    notices: list[datetime] = field(default_factory=list)
    off_list: list[datetime] = field(default_factory=list)
    whole_since: datetime | None = None
    taken_at: datetime | None = None
    free_since: datetime | None = None
    answer_due: date | None = None
    accepted_on: date | None = None
    pauses: list[tuple[date, date | None]] = field(default_factory=list)
    extended: int = 0
    extended_on: date | None = None
    cards: list[tuple[str, date]] = field(default_factory=list)
    decided: datetime | None = None
    outcome: str = ""
    used: int = 0
    on_time: bool = False
    lawful: bool = False
    handed: datetime | None = None
    over: str = ""


@dataclass(slots=True)
class Life:
    """One journey."""

    began: datetime
    item: str
    named: bool
    home: str
    visits: dict[str, Visit] = field(default_factory=dict)
    case: Case | None = None
    end: str = ""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One trip that counts, after trips of one day to one place were put together."""

    day: date
    region: str
    item: str
    own: bool
    statutory: bool
    cause: str
    blame: str


class Catalogue:
    """What the published documents promise."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        self.items: dict[str, Mapping[str, Any]] = {}
        self.bodies: dict[str, Mapping[str, Any]] = {}
        self.venues: dict[str, Mapping[str, Any]] = {}
        calendars = []
        for document in documents:
            data = document["data"]
            match document["type"].split(".")[2]:
                case "publish-item":
                    self.items[data["item_code"]] = data
                case "register-body":
                    self.bodies[data["body_uscc"]] = data
                case "register-venue":
                    self.venues[data["venue_id"]] = data
                case "publish-calendar":
                    calendars.append(data)
        self.days = WorkingDays(calendars)

    def region_of(self, item: str) -> str:
        """The region of the body that handles an item."""
        region: str = self.bodies[self.items[item]["body_uscc"]]["region"]
        return region

    def level_of(self, item: str) -> int:
        """The level of the body that handles an item."""
        level: int = self.items[item]["level"]
        return level


def city(region: str) -> str:
    """The city of a region."""
    return region[:4] + "00"


def scope(received: str, handled: str, level: int) -> str:
    """How far a case goes from where it was handed in to where it is decided."""
    if received == handled:
        return "same-county"
    if received[:2] != handled[:2]:
        return "cross-province"
    if level <= 2 or "0000" in (received[2:], handled[2:]):
        return "vertical"
    if received[:4] != handled[:4]:
        return "cross-city"
    return "vertical" if level == 3 or handled.endswith("00") else "cross-county"


def runs(life: Life) -> list[Run]:
    """The trips that count, by the Provisions' article 2 and the sense of `experienced`: up to the day of delivery."""
    case = life.case
    handed = on(case.handed) if case is not None and case.handed is not None else None
    counted = [v for v in life.visits.values() if handed is None or v.day <= handed]
    begun = [v.day for v in counted if v.purpose == "apply"] + ([on(case.at)] if case is not None else [])
    together: dict[tuple[date, str, str, bool], list[Visit]] = {}
    for visit in counted:
        together.setdefault((visit.day, visit.venue, visit.person, visit.by == "applicant"), []).append(visit)
    return [_run(members, min(begun, default=None)) for members in together.values()]


def _run(members: list[Visit], begun: date | None) -> Run:
    first = members[0]
    told = next((v for v in members if v.cause != "normal"), first)
    own = first.by == "applicant"
    statutory = own and any(
        (v.outcome == "done" and v.purpose in {"apply", "presence", "collect"})
        or (v.blame == "government" and begun is not None and begun <= v.day)
        for v in members
    )
    return Run(first.day, first.region, first.item, own, statutory, told.cause, told.blame)
