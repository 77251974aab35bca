"""The public doors: every figure over every slice, and the first screen as one answer. Statistics need no token."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

import orjson
from fastapi import Depends, FastAPI, Query, Request, Response

from services.metrics import board
from services.metrics.alerts import newest_alerts
from services.metrics.asking import (
    AskedSlice,
    Day,
    OfAccepted,
    OfDelivered,
    OfEverything,
    OfExtra,
    dimension_of,
    figure_over,
    of_items,
)
from services.metrics.cells import OWNERS, Snapshot, answer, snapshot, version
from services.metrics.figures import COVERAGE, FIGURES, Figure
from services.metrics.live import live
from services.metrics.names import FAMILIES
from services.metrics.shares import Asked
from services.metrics.shelf import Shelf, covered, shown
from services.metrics.slices import Slice, ends_on, filters_of, query_of, told
from shared.contracts.base import wire_time
from shared.postgres.event_log import EventLog
from shared.reference.deadlines import local_date
from shared.runtime.http import packed, plain
from shared.runtime.problems import JsonBytes
from shared.telemetry import clock

FRESH_S = 0.4
UNCHANGED_S = 5.0
KEPT_MAX = 64
ALERTS_MAX, ALERTED = 5, timedelta(days=1)
"""How many alerts the first screen shows, and for how long."""


def today() -> date:
    """The day in China."""
    return local_date(clock.now())


def _of_items(asked: AskedSlice, day: Day | None = None) -> Slice:
    return of_items(asked, day or ends_on(asked, today()))


AskedItems = Annotated[Slice, Depends(_of_items)]
"""The slice of F1, which is a figure of a day: that day, or the last one of the slice."""


class Answers:
    """Reads answers within one snapshot each and stamps them with what every answer carries."""

    def __init__(self, log: EventLog, shelf: Shelf, *, demo: bool) -> None:
        self.log = log
        self.shelf = shelf
        self.demo = demo

    async def read(self, make: Callable[[Snapshot], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """What `make` reads, stamped with as-of, build and whether this is a demonstration."""
        async with snapshot(self.log) as snap:
            made = await make(snap)
            return {**made, **self.stamp(snap)}

    def stamp(self, snap: Snapshot) -> dict[str, Any]:
        """As of when, by which build."""
        behind = None if snap.as_of is None else round((clock.now() - snap.as_of).total_seconds(), 3)
        as_of = None if snap.as_of is None else wire_time(snap.as_of)
        return {"as_of": as_of, "behind_s": behind, "generation": snap.generation, "demo": self.demo}

    async def dashboard(self, asked: Slice, seen: int | None = None) -> tuple[int, dict[str, Any]] | None:
        """A number that changes with every record applied and every swap, and the first screen; None while that is `seen`."""
        async with snapshot(self.log) as snap:
            grown = await version(snap) * 1_000 + snap.generation
            return None if grown == seen else (grown, {**await self._screen(snap, asked), **self.stamp(snap)})

    async def _screen(self, snap: Snapshot, asked: Slice) -> dict[str, Any]:
        day = today()
        made = await board.board(snap, asked, day)
        made["promise"]["F1"] = covered(await self.shelf.coverage(snap, of_items(asked, ends_on(asked, day))))
        now = clock.now()
        made["live"] = await live(snap, now, day)
        made["alerts"] = await newest_alerts(snap.tx, ALERTS_MAX, now - ALERTED)
        made["trust"] |= await _trust(snap)
        return {"slice": told(asked), **made}


async def _trust(snap: Snapshot) -> dict[str, Any]:
    parked = await snap.tx.fetchval("SELECT count(*) FROM parked WHERE grp = $1", f"metrics-p{snap.generation}")
    rows = await snap.tx.fetch("SELECT service, complete_to FROM watermark WHERE generation = $1", snap.generation)
    reached = {row["service"]: wire_time(row["complete_to"]) for row in rows}
    # Also the service that never promised anything: it is why nobody knows up to when the figures are complete.
    services = [{"service": owner, "complete_to": reached.get(owner)} for owner in OWNERS]
    return {"parked": parked, "services": services}


class Kept:
    """Answers are given again while they are a moment young, or while nothing was applied since; nobody computes one twice."""

    def __init__(self, make: Callable[[Slice, int | None], Awaitable[tuple[int, dict[str, Any]] | None]]) -> None:
        self._make = make
        self._kept: OrderedDict[Slice, _Kept] = OrderedDict()
        self._locks: dict[Slice, asyncio.Lock] = {}

    async def get(self, asked: Slice) -> bytes:
        """The answer for `asked` as JSON."""
        lock = self._locks.setdefault(asked, asyncio.Lock())
        async with lock:
            known, now = self._kept.get(asked), asyncio.get_running_loop().time()
            age = math.inf if known is None else now - known.at
            if known is None or age >= FRESH_S:
                made = await self._make(asked, known.grown if known is not None and age < UNCHANGED_S else None)
                if made is not None:
                    known = self._keep(asked, *made)
            assert known is not None, "only what is known stays unmade"
            return known.body

    def _keep(self, asked: Slice, grown: int, answer: dict[str, Any]) -> _Kept:
        kept = _Kept(asyncio.get_running_loop().time(), grown, orjson.dumps(answer, option=orjson.OPT_UTC_Z))
        self._kept[asked] = kept
        self._kept.move_to_end(asked)
        while len(self._kept) > KEPT_MAX:
            old, _ = self._kept.popitem(last=False)
            self._locks.pop(old, None)
        return kept


class _Kept(NamedTuple):
    at: float
    grown: int
    body: bytes


def definition(figure: Figure) -> dict[str, Any]:
    """A figure's definition as JSON."""
    return {
        "code": figure.code,
        "name": asdict(figure.name),
        "question": asdict(figure.question),
        "rule": figure.rule,
        "source": asdict(figure.source),
        "region_means": figure.region_means,
        "day_means": asdict(figure.day_means),
        "dimensions": list(figure.by),
        "readings": [
            {
                "code": reading.code,
                "name": asdict(reading.name),
                "unit": reading.unit,
                "numerator": reading.numerator,
                "denominator": reading.denominator,
                "adds_up": not reading.from_waits,
                "filters": [] if figure is COVERAGE else list(filters_of(Asked(figure, reading, Slice()).groups)),
            }
            for reading in figure.readings
        ],
    }


def figure_doors(app: FastAPI, answers: Answers) -> None:
    """Mount the public doors."""
    definitions = orjson.dumps({"figures": [definition(figure) for figure in (COVERAGE, *FIGURES)]})
    kept = Kept(answers.dashboard)

    @app.get("/v1/figures", summary="What is counted, by which rule, and what is divided by what")
    async def figures() -> Response:
        return JsonBytes(definitions)

    @app.get("/v1/figures/F1", summary="Coverage: items that promise at most one visit")
    async def coverage(asked: AskedItems) -> Response:
        async def make(snap: Snapshot) -> dict[str, Any]:
            found = covered(await answers.shelf.coverage(snap, asked))
            return {
                "figure": "F1",
                "day": asked.to_day,
                "readings": found["total"]["readings"],
                **found,
                "rule": COVERAGE.rule,
                "evidence": "/v1/evidence?" + urlencode({"figure": "F1", **query_of(asked)}),
            }

        return plain(await answers.read(make))

    @app.get("/v1/figures/{code}", summary="One figure over a slice, by a dimension if one is named")
    async def one(code: str, asked: AskedSlice, by: str | None = None) -> Response:
        figure = figure_over(code, asked)
        dimension = dimension_of(figure, by)

        async def make(snap: Snapshot) -> dict[str, Any]:
            found = await answer(snap, figure, asked, today(), dimension)
            return {
                "figure": code,
                "slice": told(asked),
                "readings": shown(found.readings),
                "by": dimension,
                "groups": [{"key": key, "readings": shown(values)} for key, values in found.groups.items()],
                "rule": figure.rule,
                "evidence": "/v1/evidence?" + urlencode({"figure": code, **query_of(asked)}),
            }

        return plain(await answers.read(make))

    @app.get("/v1/matrix", summary="Who handles whose people: accepted cases by city received in and city handled in")
    async def matrix(asked: OfAccepted) -> Response:
        return plain(await answers.read(lambda snap: board.matrix(snap, asked)))

    @app.get("/v1/gap", summary="Experienced minus declared runs by basic item and city")
    async def gap(asked: OfDelivered) -> Response:
        return plain(await answers.read(lambda snap: board.gap(snap, asked)))

    @app.get("/v1/causes", summary="Why people came again, and who answers for it")
    async def causes(asked: OfExtra) -> Response:
        return plain(await answers.read(lambda snap: board.causes(snap, asked)))

    @app.get("/v1/weeks", summary="Kept promises week by week: F2, F3 and F4")
    async def weeks(asked: OfDelivered) -> Response:
        return plain(await answers.read(lambda snap: board.weeks(snap, asked)))

    @app.get("/v1/movers", summary="Where the gap grew most since as many days before")
    async def movers(asked: OfDelivered) -> Response:
        return plain(await answers.read(lambda snap: board.movers(snap, asked, today())))

    @app.get("/v1/live", summary="What is going on right now")
    async def now() -> Response:
        return plain(await answers.read(lambda snap: live(snap, clock.now(), today())))

    @app.get("/v1/dashboard", summary="Everything of the first screen in one answer")
    async def dashboard(asked: OfEverything) -> Response:
        return JsonBytes(await kept.get(asked))

    @app.get("/v1/names", summary="The words behind the codes, in both languages")
    async def words(request: Request, only: Annotated[str | None, Query(pattern=r"^[a-z]+(,[a-z]+){0,10}$")] = None) -> Response:
        async def make(snap: Snapshot) -> dict[str, Any]:
            # A whole catalogue has hundreds of thousands of items; a page that only draws regions need not carry them.
            return await answers.shelf.names(snap, FAMILIES if only is None else only.split(","))

        return packed(request, await answers.read(make))

    @app.get("/v1/alerts", summary="What the windows over the snapshots found worth telling")
    async def alerts() -> Response:
        async def make(snap: Snapshot) -> dict[str, Any]:
            return {"alerts": await newest_alerts(snap.tx, 100)}

        return plain(await answers.read(make))
