"""Ninety days of made-up history, and an endless supply of stories that are played live. Pure functions of seed and time.

Who applies for what and where follows population and popularity; what then happens is told by `Plot`. The n-th story does
not depend on how many others there are, so a larger scenario of the same seed begins with a smaller one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import accumulate
from random import Random

from deploy.local.codes import id_no
from deploy.local.pace import CalendarPace, Pace, PlayedPace
from deploy.local.plot import Plot
from deploy.local.population import KINDS, Item, Kind, Province, city_weights, province, working_days
from deploy.local.story import Step, Story
from deploy.local.teller import HISTORY, LIVE, Rates, Teller, Terms
from shared.reference.deadlines import CHINA

DAYS = 90
HISTORY_CALLER = "demo-history"
_CHANNELS = ("window", "terminal", "web", "app", "courier")
_CHANNEL_WEIGHTS = (0.30, 0.05, 0.29, 0.32, 0.04)
_NOBODY = 0.02
"""Share of stories that are a visit of somebody who gave no name."""
_AGENT = 0.03
_CITY_ITEM = 0.12
"""Of the things that counties handle, the share that goes to the city's body."""
_ACROSS_COUNTIES, _ACROSS_CITIES, _TRAVELS, _OTHER_PROVINCE = 0.08, 0.05, 0.03, 0.006
"""Of those who go somewhere: handed over between counties, between cities, or gone to the other city themselves."""
_ONLINE_ACROSS = 0.05
_SCATTERED = "medical-elsewhere"
"""People were treated elsewhere, so this thing crosses cities three times as often."""
_NEIGHBOUR_PROVINCES = ("310000", "320000", "340000", "350000")
_AT_A_POINT = 0.15


@dataclass(frozen=True, slots=True)
class Scenario:
    """A history of `journeys` stories over the ninety days up to `until`."""

    seed: int
    journeys: int
    until: datetime

    @property
    def name(self) -> str:
        """What the documents of this history are called after; another history has another name."""
        return f"h{self.seed}-{self.until.astimezone(CHINA):%y%m%d%H%M}"

    def stories(self) -> Iterator[Story]:
        """All stories, each as far as it has come by `until`."""
        for index in range(self.journeys):
            yield self.story(index)

    def story(self, index: int) -> Story:
        """The `index`-th story."""
        rng = Random(f"{self.seed}/{index}")
        last = self.until.astimezone(CHINA).date()
        pace = CalendarPace(rng, last)
        name = f"{self.name}-{index}"
        nobody = rng.random() < _NOBODY
        terms = _terms(rng, province(last), name, self.seed, index)
        start = _start(rng, pace, last, at_office=nobody or not terms.is_virtual)
        steps = _steps(rng, pace, province(last), terms, HISTORY, start, nobody=nobody)
        return Story(name, HISTORY_CALLER, tuple(steps)).until(self.until)


@dataclass(frozen=True, slots=True)
class LiveScenario:
    """Stories to be played now, in seconds. `run` makes their names unique among all runs of one installation."""

    seed: int
    run: str
    day: date

    def story(self, index: int, start: datetime) -> Story:
        """The `index`-th story with planned times from `start` on."""
        rng = Random(f"live/{self.seed}/{self.run}/{index}")
        name = f"l{self.run}-{index}"
        nobody = rng.random() < _NOBODY
        terms = _terms(rng, province(self.day), name, self.seed, index, run=self.run)
        steps = _steps(rng, PlayedPace(rng), province(self.day), terms, LIVE, start, nobody=nobody)
        return Story(name, "", tuple(steps))


def _steps(rng: Random, pace: Pace, where: Province, terms: Terms, rates: Rates, start: datetime, *, nobody: bool) -> list[Step]:
    if nobody:
        teller = Teller(rng, pace, where, terms, rates)
        teller.nameless(start)
        return teller.steps
    return Plot(rng, pace, where, terms, rates).tell(start)


def _terms(rng: Random, where: Province, name: str, seed: int, index: int, run: str = "") -> Terms:
    cities, weights = city_weights()
    (kind,) = rng.choices(KINDS, [k.weight for k in KINDS])
    (channel,) = rng.choices(_CHANNELS, _CHANNEL_WEIGHTS)
    (city,) = rng.choices(cities, weights)
    home = rng.choice(where.counties[city])
    agent = id_no(seed, rng.randrange(400), "A") if rng.random() < _AGENT else None
    item, receiving, hand_over = _route(rng, where, kind, city, home, channel)
    venue_id, channel = _venue(rng, where, receiving, channel)
    if rng.random() < _OTHER_PROVINCE:
        home = rng.choice(_NEIGHBOUR_PROVINCES)
    hall = receiving if channel in ("window", "terminal") else home if home in where.service_bodies else item.body.region
    return Terms(
        name=name,
        applicant=id_no(seed, index) if not run else f"SYNL{abs(hash_of(name)) % 10**14:014d}",
        agent=agent,
        home=home,
        item=item,
        channel=channel,
        hand_over=hand_over,
        venue_id=venue_id,
        receiving_region=receiving,
        hall_id=where.hall(hall).venue_id,
        contact={} if not run else {"email": f"{name}@example.invalid", "language": rng.choice(("zh", "zh", "en"))},
    )


def _route(rng: Random, where: Province, kind: Kind, city: str, home: str, channel: str) -> tuple[Item, str, str]:
    """Which body handles it, where it is handed in, and whether it has to change hands."""
    own = home if kind.county_level and rng.random() >= _CITY_ITEM else city
    chance = rng.random()
    scattered = 3 if kind.basic_code == _SCATTERED else 1
    elsewhere = _other_city(rng, city)
    if channel not in ("window", "terminal"):
        handling = _seat(rng, where, kind, elsewhere) if chance < _ONLINE_ACROSS * scattered else own
        return where.items[handling, kind.basic_code], home, "none"
    if chance < _ACROSS_CITIES * scattered:
        return where.items[_seat(rng, where, kind, elsewhere), kind.basic_code], home, "custody-city"
    if chance < (_ACROSS_CITIES + _TRAVELS) * scattered:
        handling = _seat(rng, where, kind, elsewhere)
        return where.items[handling, kind.basic_code], handling, "none"
    if own != city and chance > 1 - _ACROSS_COUNTIES:
        neighbour = rng.choice([c for c in where.counties[city] if c != home])
        return where.items[neighbour, kind.basic_code], home, "custody-county"
    return where.items[own, kind.basic_code], home, "none"


def _seat(rng: Random, where: Province, kind: Kind, city: str) -> str:
    return rng.choice(where.counties[city]) if kind.county_level else city


def _other_city(rng: Random, city: str) -> str:
    cities, weights = city_weights()
    others = [(c, w) for c, w in zip(cities, weights, strict=True) if c != city]
    (chosen,) = rng.choices([c for c, _ in others], [w for _, w in others])
    return chosen


def _venue(rng: Random, where: Province, region: str, channel: str) -> tuple[str, str]:
    """Where somebody of `region` goes; without a terminal nearby it is a window."""
    if channel == "terminal":
        terminal = f"{region}-terminal-1"
        return (terminal, channel) if terminal in where.venues else (f"{region}-hall", "window")
    point = f"{region}-township-point-1"
    if channel == "window" and rng.random() < _AT_A_POINT and point in where.venues:
        return point, channel
    return f"{region}-hall", channel


def hash_of(name: str) -> int:
    """A number that belongs to `name` on every machine."""
    return Random(name).getrandbits(48)


def _start(rng: Random, pace: CalendarPace, last: date, *, at_office: bool) -> datetime:
    days, totals = _day_weights(last, at_office)
    day = days[bisect_left(totals, rng.random() * totals[-1])]
    return pace.office_moment(day) if at_office else pace.home_moment(day)


@cache
def _day_weights(last: date, at_office: bool) -> tuple[list[date], list[float]]:
    """The ninety days up to `last` with running totals of their weights; the first day after a rest counts double."""
    open_days = working_days(last)
    days = [last - timedelta(days=n) for n in range(DAYS, -1, -1)]
    weights = []
    for day in days:
        first = day in open_days and day - timedelta(days=1) not in open_days
        resting = 0.0 if at_office else 0.6
        weights.append((2.0 if first else 1.0) if day in open_days else resting)
    return days, list(accumulate(weights))
