"""A reading counted again from its stored bytes, before the eyes of whoever asked: every stretch says how far it came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

from services.metrics.cells import Snapshot
from services.metrics.evidence import Looked, how_many, projected, rows
from services.metrics.figures import Value, value_of
from services.metrics.journey import Row, fold
from services.metrics.record import standings
from services.metrics.shares import Asked, sums_of
from services.metrics.view import read
from shared.eventsourcing.records import Place
from shared.kafka.fetch import fetch_records

STRETCH_EVENTS = 4_000
FIRST_STRETCH_EVENTS = 400
"""The first sign of progress comes soon."""
LOOKED_EVERY = 5_000
RECOUNT_MAX_S = 240.0
GIVE_WAY_EVERY = 200


@dataclass(slots=True)
class Count:
    """What was counted so far."""

    of: int
    looked_at: int = 0
    journeys: int = 0
    events: int = 0
    started: float = field(default_factory=perf_counter)

    def told(self) -> dict[str, Any]:
        """How far it is, as plain values."""
        return {
            "looked_at": self.looked_at,
            "of": self.of,
            "journeys": self.journeys,
            "events": self.events,
            "took_ms": round((perf_counter() - self.started) * 1000),
        }


class Tally(Protocol):
    """A reading that is counted again, row by row."""

    asked: Asked

    async def said(self, snap: Snapshot) -> Value:
        """What the projection says."""

    def rests_on(self, looked: Looked) -> bool:
        """Whether a row has to be counted again."""

    def add(self, again: Looked) -> None:
        """Count a row that was folded again."""

    def value(self) -> Value:
        """What was counted."""


@dataclass(slots=True)
class Summed:
    """A reading that is a sum over journeys, or the ratio of two."""

    asked: Asked
    sums: dict[str, int] = field(default_factory=dict)

    async def said(self, snap: Snapshot) -> Value:
        return await projected(snap, self.asked)

    def rests_on(self, looked: Looked) -> bool:
        found = sums_of(looked.row, self.asked.slice)
        return any(found.get(measure) for measure in self.asked.reading.measures)

    def add(self, again: Looked) -> None:
        for measure, amount in sums_of(again.row, self.asked.slice).items():
            self.sums[measure] = self.sums.get(measure, 0) + amount

    def value(self) -> Value:
        return value_of(self.asked.reading, self.sums)


async def recounting(snap: Snapshot, bootstrap: str, tally: Tally) -> AsyncIterator[dict[str, Any]]:
    """The state of the count after every stretch; the last one has the result. Raises `UnavailableError` without Kafka."""
    said = await tally.said(snap)
    count = Count(await how_many(snap, tally.asked))
    waiting: list[Looked] = []
    events, limit = 0, FIRST_STRETCH_EVENTS
    yield count.told()
    async for looked in rows(snap, tally.asked):
        count.looked_at += 1
        if tally.rests_on(looked):
            waiting.append(looked)
            events += looked.row.events
        if events >= limit or count.looked_at % LOOKED_EVERY == 0:
            await _count(bootstrap, tally, waiting, count)
            waiting, events, limit = [], 0, STRETCH_EVENTS
            yield count.told()
            if perf_counter() - count.started > RECOUNT_MAX_S:
                return
    await _count(bootstrap, tally, waiting, count)
    yield {**count.told(), **result_of(tally.asked, said, tally.value())}


def result_of(asked: Asked, said: Value, counted: Value) -> dict[str, Any]:
    """Both numbers, and whether they are one."""
    return {
        "figure": asked.figure.code,
        "reading": asked.reading.code,
        "projected": said._asdict(),
        "recounted": counted._asdict(),
        "equal": said == counted,
    }


async def _count(bootstrap: str, tally: Tally, waiting: list[Looked], count: Count) -> None:
    wanted = [(s.place, s.offset) for looked in waiting for s in standings(looked.row, looked.partition)]
    bodies = await fetch_records(bootstrap, wanted) if wanted else {}
    for number, looked in enumerate(waiting):
        if number % GIVE_WAY_EVERY == GIVE_WAY_EVERY - 1:
            await asyncio.sleep(0)
        tally.add(_refolded(looked, bodies))
    count.journeys += len(waiting)
    count.events += len(wanted)


def _refolded(looked: Looked, bodies: dict[tuple[Place, int], bytes]) -> Looked:
    again = Row(looked.row.journey)
    for standing in standings(looked.row, looked.partition):
        again = fold(again, read(bodies[standing.place, standing.offset]), standing.offset)
    return Looked(again, looked.partition)


async def last(telling: AsyncIterator[dict[str, Any]]) -> dict[str, Any]:
    """What a count said at last: its result, without `equal` if it took too long."""
    found: dict[str, Any] = {}
    async for told in telling:
        found = told
    return found
