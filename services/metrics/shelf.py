"""The catalogue rows of the live build, read once and again only after one of them changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from services.metrics import catalogue
from services.metrics.catalogue import CatalogueRow, Coverage, Which, coverage
from services.metrics.cells import Snapshot, version
from services.metrics.figures import FEW, Value
from services.metrics.names import FAMILIES, LEVELS, Words, basics_of, names
from services.metrics.slices import Slice, prefix_of
from shared.contracts.topics import CATALOGUE_EVENTS


class Shelf:
    """All catalogue rows, by what the checkpoint says."""

    def __init__(self) -> None:
        self._version: tuple[int, int] = (0, -1)
        self._rows: list[CatalogueRow] = []
        self._basics: Words | None = None

    async def rows(self, snap: Snapshot) -> list[CatalogueRow]:
        """The rows as of `snap`."""
        seen = snap.generation, await version(snap, (CATALOGUE_EVENTS,))
        if self._version != seen:
            found = await snap.tx.fetch(f"SELECT key, body FROM {snap.room}.catalogue ORDER BY key")
            self._rows = [catalogue.load(row["key"], row["body"]) for row in found]
            self._version = seen
            self._basics = None
        return self._rows

    async def names(self, snap: Snapshot, only: Collection[str] = FAMILIES) -> dict[str, Any]:
        """The names of these families as of `snap`; those of things, which every board asks for, are gathered once."""
        rows = await self.rows(snap)
        if "basics" not in only:
            return names(rows, only)
        if self._basics is None:
            self._basics = basics_of(rows)
        return {**names(rows, [family for family in only if family != "basics"]), "basics": self._basics}


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


def covered(rows: Sequence[CatalogueRow], wanted: Slice) -> dict[str, Any]:
    """F1 as an answer: each level with its readings and its mean per unit, and the total as a ratio of sums."""
    found = coverage(rows, *bounds(wanted))
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
