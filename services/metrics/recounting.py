"""A reading counted again from its stored bytes, before the eyes of whoever asked: every stretch says how far it came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from services.metrics.cells import Snapshot
from services.metrics.evidence import how_many, projected, rows
from services.metrics.figures import Value, total
from services.metrics.journey import Row, fold
from services.metrics.record import standings
from services.metrics.shares import Asked, Share, entries_of, measured, share_of, valued
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
    numerator: int = 0
    denominator: int = 0
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


async def recounting(snap: Snapshot, bootstrap: str, asked: Asked) -> AsyncIterator[dict[str, Any]]:
    """The state of the count after every stretch; the last one has the result. Raises `UnavailableError` without Kafka."""
    said = await projected(snap, asked)
    count = Count(await how_many(snap, asked))
    waiting: list[Share] = []
    events, limit = 0, FIRST_STRETCH_EVENTS
    yield count.told()
    async for looked in rows(snap, asked):
        count.looked_at += 1
        share = share_of(looked.row, looked.partition, asked)
        if share.numerator or share.denominator:
            waiting.append(share)
            events += share.row.events
        if events >= limit or count.looked_at % LOOKED_EVERY == 0:
            await _count(bootstrap, asked, waiting, count)
            waiting, events, limit = [], 0, STRETCH_EVENTS
            yield count.told()
            if perf_counter() - count.started > RECOUNT_MAX_S:
                return
    await _count(bootstrap, asked, waiting, count)
    yield {**count.told(), **result_of(asked, said, valued(asked, count.numerator, count.denominator))}


def result_of(asked: Asked, said: Value, counted: Value) -> dict[str, Any]:
    """Both numbers, and whether they are one."""
    return {
        "figure": asked.figure.code,
        "reading": asked.reading.code,
        "projected": said._asdict(),
        "recounted": counted._asdict(),
        "equal": said == counted,
    }


async def _count(bootstrap: str, asked: Asked, waiting: list[Share], count: Count) -> None:
    wanted = [(s.place, s.offset) for share in waiting for s in standings(share.row, share.partition)]
    bodies = await fetch_records(bootstrap, wanted) if wanted else {}
    for number, share in enumerate(waiting):
        if number % GIVE_WAY_EVERY == GIVE_WAY_EVERY - 1:
            await asyncio.sleep(0)
        again = _refolded(share, bodies)
        found = measured(entries_of(again, asked.slice).items(), asked.slice)
        count.numerator += total(asked.reading.numerator, found)
        count.denominator += total(asked.reading.denominator or {}, found)
    count.journeys += len(waiting)
    count.events += len(wanted)


def _refolded(share: Share, bodies: dict[tuple[Place, int], bytes]) -> Row:
    again = Row(share.row.journey)
    for standing in standings(share.row, share.partition):
        again = fold(again, read(bodies[standing.place, standing.offset]), standing.offset)
    return again


async def last(telling: AsyncIterator[dict[str, Any]]) -> dict[str, Any]:
    """What a count said at last: its result, without `equal` if it took too long."""
    found: dict[str, Any] = {}
    async for told in telling:
        found = told
    return found
