"""The revision bulletin of F1: how many items promised it then and later, and the facts of the catalogue in between."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from operator import attrgetter
from typing import Any, NamedTuple

from services.metrics.bulletin import about, difference, told_of
from services.metrics.catalogue import CatalogueRow, Published
from services.metrics.cells import Snapshot
from services.metrics.evidence import Leaf
from services.metrics.item_revision import Moment, Step, steps
from services.metrics.items import Shelved, said, these
from services.metrics.record import stored_at
from services.metrics.shares import Asked
from services.metrics.shelf import Shelf, bounds
from shared.contracts.topics import CATALOGUE_EVENTS
from shared.eventsourcing.records import Place
from shared.kafka.fetch import Stored


class _Listed(NamedTuple):
    """A step with the item it belongs to."""

    shelved: Shelved
    step: Step

    @property
    def at(self) -> tuple[Place, int]:
        return Place(CATALOGUE_EVENTS, self.shelved.partition), self.step.fact.offset


async def bulletin(
    shelf: Shelf, snap: Snapshot, bootstrap: str, asked: Asked, then: date, now: date, after: str, limit: int
) -> dict[str, Any]:
    """One page of the bulletin; over all pages the facts add up to the difference.

    Of a slice that names a day both sides speak; otherwise each side speaks of its own, as the board did on that day.
    """
    first, second = _on(asked, then), _on(asked, now)
    stock = await shelf.stock(snap)
    before, later = said(stock, first), said(stock, second)
    turned = _turned(stock.items, first, second, after, limit)
    listed = await _listed(snap, turned.found)
    stored, reachable = await stored_at(bootstrap, [one.at for one in listed])
    return {
        **about(asked),
        "then": {"known_at": then, "day": first.slice.to_day, **before._asdict()},
        "now": {"known_at": now, "day": second.slice.to_day, **later._asdict()},
        "difference": difference(before, later),
        "listed": {name: sum(getattr(one.step, name) for one in listed) for name in ("numerator", "denominator")},
        "facts": [_told(one, stored) for one in listed],
        "record_reachable": reachable,
        "looked_at": turned.looked_at,
        "of": len(stock.items),
        "next": turned.next,
    }


def _on(asked: Asked, known_at: date) -> Asked:
    return replace(asked, slice=replace(asked.slice, to_day=asked.slice.to_day or known_at, known_at=known_at))


def _turned(items: Sequence[CatalogueRow], first: Asked, second: Asked, after: str, limit: int) -> Leaf:
    (day, known, which), (later_day, later_known, _) = bounds(first.slice), bounds(second.slice)
    assert known is not None
    assert later_known is not None
    then, now = Moment(day, known), Moment(later_day, later_known)
    found: list[tuple[str, Step]] = []
    looked_at = 0
    for row in items[bisect_right(items, after, key=attrgetter("key")) :]:
        if len(found) >= limit:
            return Leaf(found, looked_at, after)
        found += [(row.key, step) for step in steps(row, first.reading.code, which, then, now)]
        looked_at += 1
        after = row.key
    return Leaf(found, looked_at, None)


async def _listed(snap: Snapshot, found: Sequence[tuple[str, Step]]) -> list[_Listed]:
    by_key = {shelved.row.key: shelved for shelved in await these(snap, sorted({key for key, _ in found}))}
    return [_Listed(by_key[key], step) for key, step in found]


def _told(one: _Listed, stored: Stored) -> dict[str, Any]:
    step = one.step
    newest = step.after or step.before
    return {
        "item": one.shelved.row.code,
        "basic": None if newest is None else newest.basic,
        **told_of(step, "intake", one.at, stored),
        "effective_from": date.fromordinal(step.fact.effective),
        "before": _version(step.before),
        "after": _version(step.after),
    }


def _version(version: Published | None) -> dict[str, Any] | None:
    """A version by what F1 looks at; None if the item was not in force."""
    if version is None:
        return None
    return {name: getattr(version, name) for name in ("version", "declared", "exception", "main", "eligible", "level", "region")}
