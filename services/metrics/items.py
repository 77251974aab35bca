"""The items behind F1: which count and under which version, where their events stand, and the same again from their bytes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple

from services.metrics import catalogue
from services.metrics.catalogue import CatalogueRow, Published, adds, coverage
from services.metrics.cells import Snapshot
from services.metrics.figures import Value
from services.metrics.record import Standing, chained, stored_at
from services.metrics.recounting import Count, result_of
from services.metrics.shares import Asked
from services.metrics.shelf import Shelf, Stock, bounds, readings_of
from services.metrics.view import read
from shared.contracts.topics import CATALOGUE_EVENTS
from shared.eventsourcing.records import Place
from shared.kafka.fetch import fetch_records

STRETCH_ITEMS = 1_000
_SHELVED = "SELECT key, partition, body FROM {room}.catalogue WHERE starts_with(key, 'item:') ORDER BY key"
_ONE = "SELECT key, partition, body FROM {room}.catalogue WHERE key = $1"
_THESE = "SELECT key, partition, body FROM {room}.catalogue WHERE key = ANY($1) ORDER BY key"


class Shelved(NamedTuple):
    """An item's row, with the partition of its events."""

    row: CatalogueRow
    partition: int


async def page(shelf: Shelf, snap: Snapshot, asked: Asked, after: str, limit: int) -> dict[str, Any]:
    """One page of the items that F1 counts; over all pages they add up to it. Only those that it shows are read."""
    stock = await shelf.stock(snap)
    keys = list(islice(_behind(stock, asked, after), limit + 1))
    behind = [(shelved, _counted(shelved.row, asked)) for shelved in await these(snap, keys[:limit])]
    return {
        "figure": asked.figure.code,
        "reading": asked.reading.code,
        "total": said(stock, asked)._asdict(),
        "rows": [_shown(shelved, version, asked.reading.code) for shelved, version in behind if version is not None],
        "next": keys[limit - 1] if len(keys) > limit else None,
    }


def _behind(stock: Stock, asked: Asked, after: str) -> Iterator[str]:
    """The keys of the items that count, from the first one behind `after` on."""
    day, known_to, which = bounds(asked.slice)
    versions = stock.in_effect(day, known_to)
    for n in range(bisect_right(stock.rows, after, key=attrgetter("key")), len(versions)):
        _, below = adds(versions[n], asked.reading.code, which)
        if below:
            yield stock.rows[n].key


def said(stock: Stock, asked: Asked) -> Value:
    """What the board says."""
    return readings_of(stock.coverage(*bounds(asked.slice)))[asked.reading.code]


async def one(snap: Snapshot, bootstrap: str, item: str) -> dict[str, Any] | None:
    """The events of one item with their stored bytes; None if the catalogue has no such item."""
    row = await snap.tx.fetchrow(_ONE.format(room=snap.room), f"item:{item}")
    if row is None:
        return None
    found = _loaded(row)
    stored, reachable = await stored_at(bootstrap, _places([found]))
    place = Place(CATALOGUE_EVENTS, found.partition)
    events = [Standing("intake", n, place, fact.offset, fact.at, fact.known) for n, fact in enumerate(found.row.facts, 1)]
    return {"item": item, "events": list(chained(events, stored)), "record_reachable": reachable}


async def recounting(snap: Snapshot, bootstrap: str, asked: Asked) -> AsyncIterator[dict[str, Any]]:
    """The state of the count after every stretch; the last one has the result. Raises `UnavailableError` without Kafka."""
    every = await _every(snap)
    count, again = Count(len(every)), list[CatalogueRow]()
    yield count.told()
    for begin in range(0, len(every), STRETCH_ITEMS):
        stretch = every[begin : begin + STRETCH_ITEMS]
        bodies = await fetch_records(bootstrap, _places(stretch))
        folded = [_refolded(shelved, bodies) for shelved in stretch]
        again += folded
        count.looked_at += len(stretch)
        count.events += len(bodies)
        count.journeys += sum(_counted(row, asked) is not None for row in folded)
        yield count.told()
    yield {**count.told(), **result_of(asked, _reading_of((shelved.row for shelved in every), asked), _reading_of(again, asked))}


async def these(snap: Snapshot, keys: Sequence[str]) -> list[Shelved]:
    """The rows of these items, in order of their keys."""
    return [_loaded(row) for row in await snap.tx.fetch(_THESE.format(room=snap.room), keys)]


async def _every(snap: Snapshot) -> list[Shelved]:
    return [_loaded(row) for row in await snap.tx.fetch(_SHELVED.format(room=snap.room))]


def _loaded(row: Any) -> Shelved:
    return Shelved(catalogue.load(row["key"], row["body"]), row["partition"])


def _places(shelf: Sequence[Shelved]) -> list[tuple[Place, int]]:
    return [(Place(CATALOGUE_EVENTS, shelved.partition), fact.offset) for shelved in shelf for fact in shelved.row.facts]


def _refolded(shelved: Shelved, bodies: dict[tuple[Place, int], bytes]) -> CatalogueRow:
    again = CatalogueRow(shelved.row.key)
    for at in _places([shelved]):
        again = catalogue.fold(again, read(bodies[at]), at[1])
    return again


def _counted(row: CatalogueRow, asked: Asked) -> Published | None:
    day, known_to, which = bounds(asked.slice)
    version = row.in_effect(day, known_to)
    _, below = adds(version, asked.reading.code, which)
    return version if below else None


def _reading_of(rows: Iterable[CatalogueRow], asked: Asked) -> Value:
    """What the reading says of these rows."""
    return readings_of(coverage(rows, *bounds(asked.slice)))[asked.reading.code]


def _shown(shelved: Shelved, version: Published, reading: str) -> dict[str, Any]:
    above, below = adds(version, reading)
    return {
        "key": shelved.row.key,
        "item": shelved.row.code,
        "version": version.version,
        "level": version.level,
        "region": version.region,
        "declared": version.declared,
        "exception": version.exception,
        "effective_from": date.fromordinal(version.effective).isoformat(),
        "numerator": above,
        "denominator": below,
        "topic": CATALOGUE_EVENTS,
        "partition": shelved.partition,
        "offset": version.offset,
    }
