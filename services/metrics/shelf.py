"""The catalogue rows of the live build, read once and again only after one of them changed; so is what F1 says of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any, TypeAlias

from services.metrics import catalogue
from services.metrics.catalogue import CatalogueRow, Coverage, Published, Which, coverage_of, versions_on
from services.metrics.cells import Snapshot, version
from services.metrics.figures import FEW, Value
from services.metrics.names import FAMILIES, LEVELS, Words, basics_of, names
from services.metrics.slices import Slice, prefix_of
from shared.contracts.topics import CATALOGUE_EVENTS

DAYS_MAX = 8
SLICES_MAX = 256
"""Of how many days the version in effect is kept, a pointer for each row, and of how many slices what F1 says, a few numbers."""
InEffect: TypeAlias = Callable[[int, int | None], Sequence[Published | None]]
"""Of each row, in their order, the version in effect on a day by what was known up to the end of another, if that is named."""


class Stock:
    """The rows as they were read at one moment. What was asked of a day or of a slice is not counted a second time."""

    def __init__(self, rows: Sequence[CatalogueRow]) -> None:
        self.rows = rows
        # Functions of the rows, since a bound method would be a cycle: a stock that is replaced is large, and goes at once.
        self.in_effect: InEffect = lru_cache(DAYS_MAX)(partial(versions_on, rows))
        self.coverage: Callable[[int, int | None, Which], Sequence[Coverage]]
        self.coverage = lru_cache(SLICES_MAX)(partial(_coverage, self.in_effect))

    @cached_property
    def items(self) -> Sequence[CatalogueRow]:
        """The rows of items alone."""
        return [row for row in self.rows if row.key.startswith("item:")]

    @cached_property
    def basics(self) -> Words:
        """The names of things, which every board asks for."""
        return basics_of(self.rows)


def _coverage(in_effect: InEffect, day: int, known_to: int | None, which: Which) -> Sequence[Coverage]:
    return coverage_of(in_effect(day, known_to), which)


class Shelf:
    """All catalogue rows, by what the checkpoint says."""

    def __init__(self) -> None:
        self._version: tuple[int, int] = (0, -1)
        self._stock = Stock(())

    async def stock(self, snap: Snapshot) -> Stock:
        """What lies on it as of `snap`, in order of its keys."""
        seen = snap.generation, await version(snap, (CATALOGUE_EVENTS,))
        if self._version != seen:
            found = await snap.tx.fetch(f"SELECT key, body FROM {snap.room}.catalogue ORDER BY key")
            self._stock = Stock([catalogue.load(row["key"], row["body"]) for row in found])
            self._version = seen
        return self._stock

    async def coverage(self, snap: Snapshot, wanted: Slice) -> Sequence[Coverage]:
        """F1 per level of a slice that names its day, as of `snap`."""
        return (await self.stock(snap)).coverage(*bounds(wanted))

    async def names(self, snap: Snapshot, only: Collection[str] = FAMILIES) -> dict[str, Any]:
        """The names of these families as of `snap`."""
        stock = await self.stock(snap)
        if "basics" not in only:
            return names(stock.rows, only)
        return {**names(stock.rows, [family for family in only if family != "basics"]), "basics": stock.basics}


def _ratio(numerator: int, denominator: int) -> Value:
    return Value(numerator / denominator if denominator else None, numerator, denominator, few=denominator < FEW)


def readings_of(found: Sequence[Coverage]) -> dict[str, Value]:
    """F1's readings over these levels together."""
    items, once = sum(c.items for c in found), sum(c.once for c in found)
    exceptions, exceptions_once = sum(c.exceptions for c in found), sum(c.exceptions_once for c in found)
    return {
        "once": _ratio(once, items),
        "once_less_exceptions": _ratio(once - exceptions_once, items - exceptions),
        "zero": _ratio(sum(c.zero for c in found), items),
    }


def bounds(wanted: Slice) -> tuple[int, int | None, Which]:
    """The day that is spoken of, the last day of what was known, and of which items; for `coverage` to be given."""
    assert wanted.to_day is not None, "F1 is a figure of a day"
    known_to = None if wanted.known_at is None else wanted.known_at.toordinal()
    return wanted.to_day.toordinal(), known_to, Which("" if wanted.region is None else prefix_of(wanted.region), wanted.basic)


def covered(found: Sequence[Coverage]) -> dict[str, Any]:
    """F1 as an answer: each level with its readings and its mean per unit, and the total as a ratio of sums."""
    levels = [
        {
            "level": level.level,
            "name": LEVELS.get(number := str(level.level), {"zh": number, "en": number}),
            "units": level.units,
            "readings": shown(readings_of([level])),
            "mean_per_unit": {"once": level.once / level.units, "items": level.items / level.units},
        }
        for level in found
    ]
    return {"levels": levels, "total": {"units": sum(c.units for c in found), "readings": shown(readings_of(found))}}


def shown(values: dict[str, Value]) -> dict[str, dict[str, Any]]:
    """Readings as JSON."""
    return {code: value._asdict() for code, value in values.items()}
