"""Slices: which cells a question is about, and by what its answer is grouped.

Pure; the SQL of `cells.py` says the same, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from services.metrics.contributions import Cell, Group
from services.metrics.ledger import Entry
from services.metrics.story import UNKNOWN
from shared.reference.regions import city_of

Axis = Literal["occurred", "known"]
Unit = Literal["week", "month"]
LayerChoice = Literal["all", "physical", "virtual"]
Filter = Literal["layer", "pair", "cause", "home"]
By = Literal["city", "county", "home", "item", "basic", "channel", "day", "week", "month", "cause", "pair", "scope"]

CAUSED: frozenset[Group] = frozenset({"extra", "visit"})
"""Groups whose tag is cause|responsible."""
LAYERED: frozenset[Group] = frozenset({"accepted", "custody"})
"""Groups whose tag ends in the layer."""
HOMED: frozenset[Group] = frozenset({"visit"})
"""Groups that know where somebody lives: it is their other region."""
PAIRED: frozenset[Group] = frozenset({"visit", "accepted", "custody"})
"""Groups that know two regions."""
FROM_REGION: frozenset[Group] = frozenset({"custody"})
"""Groups whose pair runs from `region` to `other`; for the rest it runs from `other` to `region`."""
KNOWN_BY: Mapping[Filter, frozenset[Group]] = {"layer": LAYERED, "pair": PAIRED, "cause": CAUSED, "home": HOMED}
"""The filters that not all groups know, with those that do."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of the figures is asked for. Days are both included.

    `region` is the province, city or county under which a figure is counted, or by four digits the bodies of a province alone;
    `home` is the city in which whoever came lives; `cause` is a cause with who answers for it, `cause|responsible`, or a cause
    alone, whoever does.
    """

    region: str | None = None
    item: str | None = None
    basic: str | None = None
    channel: str | None = None
    from_day: date | None = None
    to_day: date | None = None
    axis: Axis = "occurred"
    known_at: date | None = None
    layer: LayerChoice = "all"
    pair: str | None = None
    cause: str | None = None
    home: str | None = None


def filters_of(groups: Collection[str]) -> tuple[Filter, ...]:
    """Which of the filters that not all groups know every one of these knows."""
    return tuple(name for name, knowing in KNOWN_BY.items() if knowing.issuperset(groups))


def unfit(asked: Slice, groups: Collection[str]) -> Filter | None:
    """A filter of the slice that would cut some of these groups and leave others whole, or cut none of them; None if none is."""
    whole = Slice()
    fits = filters_of(groups)
    return next((name for name in KNOWN_BY if name not in fits and getattr(asked, name) != getattr(whole, name)), None)


def ends_on(asked: Slice, today: date) -> date:
    """The last day that a slice speaks of. One that names none was asked on the day as known on which it is asked."""
    return asked.to_day or min(asked.known_at or today, today)


def told(asked: Slice) -> dict[str, str | None]:
    """The slice as an answer repeats it."""
    return {
        "region": asked.region,
        "item": asked.item,
        "basic": asked.basic,
        "channel": asked.channel,
        "from": day_told(asked.from_day),
        "to": day_told(asked.to_day),
        "axis": asked.axis,
        "known_at": day_told(asked.known_at),
        "layer": asked.layer,
        "pair": asked.pair,
        "cause": asked.cause,
        "home": asked.home,
    }


def query_of(asked: Slice) -> dict[str, str]:
    """The parameters that ask for this slice again."""
    whole = told(Slice())
    return {name: word for name, word in told(asked).items() if word is not None and word != whole[name]}


def day_told(day: date | None) -> str | None:
    """A day as parameters and answers spell it."""
    return None if day is None else day.isoformat()


def prefix_of(region: str) -> str:
    """The digits that the codes of all divisions within `region` begin with."""
    if region.endswith("0000"):
        return region[:2]
    return region[:4] if region.endswith("00") else region


def city(region: str) -> str:
    """The city of a region, or the unknown bucket."""
    return region if region == UNKNOWN else city_of(region)


def column(region: str) -> str:
    """The `region` of a slice that holds what a table counts beside its cities: a city, or the bodies of a province alone."""
    found = city(region)
    return found[:4] if found.endswith("0000") else found


def pair_of(cell: Cell) -> str:
    """The pair of cities of a cell, in the direction in which the thing or the person goes."""
    here, there = city(cell.region), city(cell.other)
    return f"{here}>{there}" if cell.group in FROM_REGION else f"{there}>{here}"


def covers(asked: Slice, entry: Entry) -> bool:
    """Whether an entry belongs to the slice. A filter that a group knows nothing of leaves its cells in."""
    cell, known = entry
    day = cell.day if asked.axis == "occurred" else known
    if asked.from_day is not None and day < asked.from_day.toordinal():
        return False
    if asked.to_day is not None and day > asked.to_day.toordinal():
        return False
    if asked.known_at is not None and known > asked.known_at.toordinal():
        return False
    return _names_it(asked, cell)


def _names_it(asked: Slice, cell: Cell) -> bool:
    return (
        (asked.region is None or cell.region.startswith(prefix_of(asked.region)))
        and asked.item in (None, cell.item)
        and asked.basic in (None, cell.basic)
        and asked.channel in (None, cell.channel)
        and (asked.layer == "all" or cell.group not in LAYERED or cell.tag.endswith(asked.layer))
        and (asked.cause is None or cell.group not in CAUSED or f"{cell.tag}|".startswith(f"{asked.cause}|"))
        and (asked.pair is None or cell.group not in PAIRED or pair_of(cell) == asked.pair)
        and (asked.home is None or cell.group not in HOMED or city(cell.other) == asked.home)
    )


def key_of(entry: Entry, by: By, axis: Axis = "occurred") -> str | None:
    """The key under which an entry is grouped; None where its group does not know the dimension."""
    cell, known = entry
    match by:
        case "city":
            return city(cell.region)
        case "county":
            return cell.region
        case "home":
            return city(cell.other) if cell.group in HOMED else None
        case "item":
            return cell.item
        case "basic":
            return cell.basic
        case "channel":
            return cell.channel
        case "day" | "week" | "month":
            return _period(date.fromordinal(cell.day if axis == "occurred" else known), by)
        case "cause":
            return cell.tag if cell.group in CAUSED else None
        case "pair":
            return pair_of(cell) if cell.group in PAIRED else None
        case "scope":
            return cell.tag.partition("|")[0] if cell.group == "accepted" else None


def first_day(day: date, unit: Unit) -> date:
    """The first day of the week, which begins on Monday, or month of `day`."""
    return day - timedelta(days=day.weekday() if unit == "week" else day.day - 1)


def _period(day: date, by: Literal["day", "week", "month"]) -> str:
    if by == "day":
        return day.isoformat()
    first = first_day(day, by)
    return first.isoformat() if by == "week" else f"{first:%Y-%m}"
