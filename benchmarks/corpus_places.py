"""Where the corpus happens: the province's cities and counties, a catalogue of items, offices and halls."""

from __future__ import annotations

from functools import cache
from itertools import accumulate
from typing import NamedTuple

from shared.reference.divisions import CITY_CODES
from shared.reference.regions import city_of

_COUNTIES_PER_CITY = 4
CITY_LEVEL = 3


class Item(NamedTuple):
    """A service item with its limits in working days."""

    code: str
    basic: str
    level: int
    promised_wd: int
    statutory_wd: int
    materials: tuple[str, ...]


class Office(NamedTuple):
    """A body and its region."""

    body: str
    region: str
    city: str


class Hall(NamedTuple):
    """A venue."""

    venue: str
    region: str
    kind: str


_NAMES = "transfer mortgage permit pension fund school birth shop food driving water gas building forestry health visa"


def _items() -> tuple[Item, ...]:
    made = []
    for n, name in enumerate(_NAMES.split()):
        promised = 1 + n % 5 * 3
        materials = ("id-card", "form", "contract")[: 1 + n % 3]
        made.append(Item(f"{name}-{n:02}", name, CITY_LEVEL + n % 2, promised, promised * 4, materials))
    return tuple(made)


ITEMS = _items()
ITEMS_WEIGHTS = tuple(accumulate(1 / (n + 1) for n in range(len(ITEMS))))
HOMES = tuple(f"{city[:4]}{n:02}" for city in CITY_CODES for n in range(1, _COUNTIES_PER_CITY + 1))
"""Where applicants live; a few of the numbers name no county that exists, and no bench cares."""
HOMES_WEIGHTS = tuple(accumulate(1 / (n // _COUNTIES_PER_CITY + 1) for n in range(len(HOMES))))


@cache
def office(region: str, level: int) -> Office:
    """The body that serves `region` at `level`."""
    place = city_of(region) if level == CITY_LEVEL else region
    return Office(f"11{place}MB0000{level:03}A", place, city_of(region))


@cache
def hall(region: str) -> Hall:
    """The hall of a region."""
    return Hall(f"hall-{region}", region, "hall")


def halls(home: str, chance: float) -> Hall:
    """Where somebody of `home` goes: mostly to the own county, sometimes to the city, seldom to a point nearby."""
    if chance < 0.7:
        return hall(home)
    if chance < 0.9:
        return hall(city_of(home))
    return Hall(f"point-{home}", home, "township_point")
