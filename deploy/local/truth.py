"""The generator's truth: every figure by slice, counted from the scripts before anything enters the system.

Nothing here imports the rules of the services or of the projection. A reading is a pair of numerator and denominator (None
for a count); a slice is `all`, or a dimension with its value such as `city=330100` or `pair=330300>330100`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

from deploy.local.chronicle import Chronicle
from deploy.local.story import Story
from deploy.local.witness import Case, Catalogue, Life, Run, city, on, runs, scope

Readings = dict[str, tuple[int, int | None]]
Sums = Mapping[str, int]
ALL = "all"

_READINGS: dict[str, dict[str, tuple[dict[str, int], dict[str, int] | None]]] = {
    "F0": {
        "delivered": ({"done": 1}, None),
        "withdrawn": ({"withdrawn": 1}, None),
        "lapsed": ({"lapsed": 1}, None),
        "not_accepted": ({"not_accepted": 1}, None),
    },
    "F2": {"once": ({"lawful_0": 1, "lawful_1": 1}, {"done": 1}), "zero": ({"lawful_0": 1}, {"done": 1})},
    "F3": {
        "once": ({"lived_0": 1, "lived_1": 1}, {"done": 1}),
        "zero": ({"lived_0": 1}, {"done": 1}),
        "mean": ({"lived": 1}, {"done": 1}),
        "none_runs": ({"lived_0": 1}, {"done": 1}),
        "one_run": ({"lived_1": 1}, {"done": 1}),
        "two_runs": ({"lived_2": 1}, {"done": 1}),
        "more_runs": ({"lived_3": 1}, {"done": 1}),
    },
    "F4": {"kept": ({"kept": 1}, {"done": 1}), "gap": ({"lived": 1, "declared": -1}, {"done": 1})},
    "F5": {"extra": ({"extra": 1}, None), "share": ({"extra": 1}, {"lived": 1}), "per_journey": ({"extra": 1}, {"done": 1})},
    "F6": {
        "accepted": ({"accepted": 1}, None),
        "cross_city": ({"across": 1}, {"local": 1}),
        "cross_city_cases": ({"across": 1}, None),
    },
    "F7": {
        "away": ({"away": 1}, {"trips": 1, "homeless": -1}),
        "runs": ({"trips": 1}, None),
        "unknown": ({"homeless": 1}, None),
    },
    "F8": {
        "offered": ({"offered": 1}, None),
        "accepted": ({"taken": 1}, {"offered": 1}),
        "returned": ({"returned": 1}, {"offered": 1}),
        "withdrawn": ({"taken_back": 1}, {"offered": 1}),
        "open": ({"waiting": 1}, None),
        "overdue": ({"overdue": 1}, None),
    },
    "F9": {
        "on_time": ({"on_time": 1}, {"decided": 1}),
        "statutory_breach": ({"unlawful": 1}, {"decided": 1}),
        "statutory_breaches": ({"unlawful": 1}, None),
        "speed_up": ({"limit": 1, "used": -1}, {"limit": 1}),
        "decided": ({"decided": 1}, None),
    },
    "F10": {"unattributed": ({"nobodys": 1}, {"visits": 1}), "visits": ({"visits": 1}, None)},
    "F12": {
        f"{name}{suffix}": ({name: 1}, {"accepted": 1} if not suffix else None)
        for name in ("second_notices", "off_list", "yellow", "red")
        for suffix in ("", "_n")
    },
    "F13": {"failed": ({"failed": 1}, None), "share": ({"failed": 1}, {"visits": 1})},
}
"""What each reading divides by what, in the truth's own measures."""


@dataclass
class Truth:
    """What the scripts must have led to. `waits` are the seconds of accepted hand-overs, at least and at most."""

    sums: dict[str, dict[str, Counter[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Counter)))
    waits: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    events: Counter[str] = field(default_factory=Counter)
    journeys: int = 0

    def add(self, figures: str, dimensions: Mapping[str, str], amounts: Mapping[str, int]) -> None:
        """Count `amounts` for each of the figures (words of `figures`), in every slice that the dimensions name."""
        slices = [ALL, *(f"{name}={value}" for name, value in dimensions.items())]
        for figure in figures.split():
            of_figure = self.sums[figure]
            for name in slices:
                of_figure[name].update(amounts)

    def slices(self, figure: str) -> set[str]:
        """The slices in which something of the figure was counted."""
        return set(self.sums[figure])

    def readings(self, figure: str, name: str = ALL) -> Readings:
        """All readings of a figure in one slice."""
        sums = self.sums[figure].get(name, Counter())
        return {
            code: (_total(above, sums), None if below is None else _total(below, sums))
            for code, (above, below) in _READINGS[figure].items()
        }

    def wait_quantile(self, share: float, name: str = ALL) -> tuple[float, float] | None:
        """The wait that `share` of the accepted hand-overs do not exceed, at least and at most; None without any."""
        waits = self.waits.get(name)
        if not waits:
            return None
        place = ceil(share * len(waits)) - 1
        return sorted(low for low, _ in waits)[place], sorted(high for _, high in waits)[place]


def figures() -> tuple[str, ...]:
    """The figures that the truth knows."""
    return tuple(_READINGS)


def count(stories: Iterable[Story], catalogue: Catalogue, as_of: datetime) -> Truth:
    """The truth of these stories as it must stand at `as_of`."""
    truth = Truth()
    for story in stories:
        chronicle = Chronicle(catalogue, story, as_of)
        truth.events.update(chronicle.events)
        for life in chronicle.lives:
            truth.journeys += 1
            _count_life(truth, catalogue, life, as_of)
    return truth


def _total(wanted: Mapping[str, int], sums: Sums) -> int:
    return sum(weight * sums.get(name, 0) for name, weight in wanted.items())


def _count_life(truth: Truth, catalogue: Catalogue, life: Life, as_of: datetime) -> None:
    counted = runs(life)
    _count_visits(truth, catalogue, life, counted)
    case = life.case
    if case is not None:
        _count_case(truth, catalogue, case, as_of)
        if case.handed is not None:
            _count_delivered(truth, catalogue, case, [run for run in counted if run.own], sum(run.statutory for run in counted))
    if life.ended_at is not None and life.end in {"withdrawn", "lapsed", "not_accepted"}:
        where = _handling(catalogue, case) if case is not None else {"city": "unknown", "county": "unknown"}
        what = {"item": life.item, "basic": _basic(catalogue, life.item), "channel": "none" if case is None else case.channel}
        truth.add("F0", {**where, **what, "day": on(life.ended_at).isoformat()}, {life.end: 1})


def _basic(catalogue: Catalogue, item: str) -> str:
    basic: str = catalogue.items[item]["basic_code"]
    return basic


def _handling(catalogue: Catalogue, case: Case) -> dict[str, str]:
    region = catalogue.region_of(case.item)
    return {"city": city(region), "county": region}


def _of_case(catalogue: Catalogue, case: Case, day: datetime) -> dict[str, str]:
    what = {"item": case.item, "basic": _basic(catalogue, case.item), "channel": case.channel}
    return {**_handling(catalogue, case), **what, "day": on(day).isoformat()}


def _count_visits(truth: Truth, catalogue: Catalogue, life: Life, counted: list[Run]) -> None:
    channel = "none" if life.case is None else life.case.channel
    basic = _basic(catalogue, life.item)
    for visit in life.visits.values():
        where = {"city": city(visit.region), "county": visit.region, "item": visit.item, "basic": basic, "channel": channel}
        dimensions = {**where, "day": visit.day.isoformat(), "cause": f"{visit.cause}|{visit.blame}"}
        failed = int(visit.outcome != "done")
        truth.add("F10 F13", dimensions, {"visits": 1, "nobodys": int(not life.named), "failed": failed})
    if not life.named:
        return
    for run in counted:
        if run.own:
            # Whoever says no more than that they live in this province may live in any of its cities.
            homeless = life.home == run.region[:2] + "0000"
            home = "unknown" if homeless else city(life.home)
            pair = f"{home}>{city(run.region)}"
            where = {"city": city(run.region), "county": run.region, "item": run.item, "basic": basic, "channel": channel}
            dimensions = {**where, "day": run.day.isoformat(), "cause": f"{run.cause}|{run.blame}", "pair": pair}
            away = not homeless and home != city(run.region)
            truth.add("F7", dimensions, {"trips": 1, "away": int(away), "homeless": int(homeless)})


def _count_delivered(truth: Truth, catalogue: Catalogue, case: Case, lived: list[Run], lawful: int) -> None:
    assert case.handed is not None
    declared = catalogue.items[case.item]["declared_visits"]
    dimensions = _of_case(catalogue, case, case.handed)
    amounts = {
        "done": 1,
        "lived": len(lived),
        "declared": declared,
        f"lived_{min(len(lived), 3)}": 1,
        f"lawful_{min(lawful, 2)}": 1,
        "kept": int(len(lived) <= declared),
    }
    truth.add("F0 F2 F3 F4 F5", dimensions, amounts)
    for run in lived:
        if run.cause != "normal":
            truth.add("F5", {**dimensions, "cause": f"{run.cause}|{run.blame}"}, {"extra": 1})


def _count_case(truth: Truth, catalogue: Catalogue, case: Case, as_of: datetime) -> None:
    if case.accepted_on is not None:
        _count_accepted(truth, catalogue, case)
    if case.decided is not None and case.outcome:
        limit = catalogue.items[case.item]["statutory_wd"]
        amounts = {"decided": 1, "on_time": int(case.on_time), "unlawful": int(not case.lawful), "used": case.used, "limit": limit}
        truth.add("F9", _of_case(catalogue, case, case.decided), amounts)
    _count_offers(truth, catalogue, case, as_of)
    for moment in case.notices[1:]:
        truth.add("F12", _of_case(catalogue, case, moment), {"second_notices": 1})
    for moment in case.off_list:
        truth.add("F12", _of_case(catalogue, case, moment), {"off_list": 1})
    for name, day in case.cards:
        if name != "reminder":
            dimensions = _of_case(catalogue, case, case.at) | {"day": day.isoformat()}
            truth.add("F12", dimensions, {name: 1})


def _count_accepted(truth: Truth, catalogue: Catalogue, case: Case) -> None:
    assert case.accepted_on is not None
    handled = catalogue.region_of(case.item)
    level = catalogue.level_of(case.item)
    reach = scope(case.received_in, handled, level)
    dimensions = _of_case(catalogue, case, case.at) | {"day": case.accepted_on.isoformat()}
    local = int(level >= 3)
    amounts = {"accepted": 1, "local": local, "across": local * int(reach in {"cross-city", "cross-province"})}
    pair = f"{city(case.received_in)}>{city(handled)}"
    truth.add("F6", {**dimensions, "pair": pair, "scope": reach}, amounts)
    truth.add("F12", dimensions, {"accepted": 1})


def _count_offers(truth: Truth, catalogue: Catalogue, case: Case, as_of: datetime) -> None:
    names = {"accepted": "taken", "returned": "returned", "withdrawn": "taken_back", "": "waiting"}
    for offer in case.offers:
        pair = f"{city(offer.source)}>{city(offer.target)}"
        what = {"item": case.item, "basic": _basic(catalogue, case.item), "channel": case.channel, "pair": pair}
        dimensions = {"city": city(offer.source), "county": offer.source, **what, "day": on(offer.at).isoformat()}
        amounts = {"offered": 1, names[offer.ending]: 1, "overdue": int(not offer.ending and offer.due < on(as_of))}
        truth.add("F8", dimensions, amounts)
        if offer.took is not None:
            for name in (ALL, f"pair={pair}"):
                truth.waits[name].append(offer.took)
