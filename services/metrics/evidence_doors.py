"""The doors behind a figure, for operators and auditors: journeys, stored bytes, recount, redrive, and verification."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import Depends, FastAPI, Path, Query, Response
from starlette.responses import StreamingResponse

from services.metrics import evidence, handovers, items, record, recounting
from services.metrics.asking import CURSOR, JOURNEY, READERS, AskedSlice, Day, asked_of, items_asked_of, permalink
from services.metrics.builds import live_generation, unserved_groups
from services.metrics.cells import Snapshot, settled_to, snapshot
from services.metrics.contributions import GROUPS
from services.metrics.figure_doors import Answers, definition, today
from services.metrics.figures import COVERAGE
from services.metrics.journey import load
from services.metrics.ledger import Entry, ledger
from services.metrics.live import NOBODY, Age, Place, Which, journeys
from services.metrics.names import of_everything
from services.metrics.redrive import redrive
from services.metrics.shares import Asked
from services.metrics.shelf import Shelf
from services.metrics.slices import ends_on, told
from services.metrics.store import HistoryHook, Store
from shared.eventsourcing.errors import RefusedError, Rule, UnavailableError
from shared.postgres.standing import parked_now, require_seen
from shared.runtime.auth import require
from shared.runtime.http import SignedIn, plain
from shared.runtime.operator_doors import note_action
from shared.runtime.refusals import UNKNOWN_THING
from shared.telemetry import clock

LIMIT_MAX = 500
RECOUNTS_MAX = 2
TOO_MANY_RECOUNTS = Rule(
    "too-many-recounts",
    "conflict",
    "已有两次清点在进行；请稍后再试。",
    "Two recounts are under way already; try again in a little while.",
)
RECORD_AWAY = Rule(
    "record-away",
    "conflict",
    "暂时读不到存下的原始字节，清点没有完成；恢复后请再试。",
    "The stored bytes cannot be read just now, so the recount did not finish; try again once they can.",
)
LINES_A_CHUNK = 500
_HOLDER = rf"^([0-9]{{4}}00|unknown|{NOBODY})$"
_CELL_KEYS = ("day", "region", "other", "item", "basic", "channel", "tag", "known")


def _wanted(asked: AskedSlice, figure: str, reading: str | None = None, day: Day | None = None, rule: str | None = None) -> Asked:
    if figure == COVERAGE.code:
        return items_asked_of(reading, asked, day or ends_on(asked, today()), rule)
    return asked_of(figure, reading, asked, rule)


def _which(
    holder: Annotated[str | None, Query(pattern=_HOLDER)] = None,
    days: Age | None = None,
    anonymous: bool = False,
    visited: bool = False,
) -> Which:
    return Which(holder, days, anonymous, visited)


Wanted = Annotated[Asked, Depends(_wanted)]
"""A reading over a slice; `day` is that of F1, and `rule` the version under which somebody saw it."""


def evidence_doors(app: FastAPI, answers: Answers, bootstrap: str, history: HistoryHook | None) -> None:
    """Mount the doors."""
    recounts = asyncio.Semaphore(RECOUNTS_MAX)

    @app.get("/v1/evidence", summary="The journeys, hand-overs or items behind a reading, a page at a time")
    async def behind(
        caller: SignedIn,
        wanted: Wanted,
        after: Annotated[str, Query(pattern=CURSOR)] = "",
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
    ) -> Response:
        require(caller, READERS)
        stamped = {"definition": definition(wanted.figure), "rule": wanted.figure.rule, "slice": told(wanted.slice)}

        async def make(snap: Snapshot) -> dict[str, Any]:
            link = permalink(wanted, today(), await settled_to(snap))
            page = {**await _page(answers.shelf, snap, wanted, after, limit), **stamped, "permalink": link}
            return {**page, "names": await of_everything(snap, page)}

        return plain(await answers.read(make))

    @app.get("/v1/evidence/journeys/{journey}", summary="One journey: its runs, its cells, its events with their stored bytes")
    async def one(caller: SignedIn, journey: Annotated[str, Path(pattern=JOURNEY)], known_at: Day | None = None) -> Response:
        require(caller, READERS)
        async with snapshot(answers.log) as snap:
            found = await record.journey(snap, bootstrap, journey, known_at)
            if found is None:
                raise RefusedError(UNKNOWN_THING, field="journey")
            return plain({**found, "names": await of_everything(snap, found), **answers.stamp(snap)})

    @app.get("/v1/live/journeys", summary="The journeys behind what is going on right now, a page at a time")
    async def of_now(
        caller: SignedIn,
        which: Annotated[Which, Depends(_which)],
        after_day: date | None = None,
        after: Annotated[str, Query(pattern=CURSOR)] = "",
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
    ) -> Response:
        require(caller, READERS)
        place = None if after_day is None else Place(after_day, after)

        async def make(snap: Snapshot) -> dict[str, Any]:
            page = await journeys(snap, which, clock.now(), today(), place, limit)
            return {**page, "names": await of_everything(snap, page)}

        return plain(await answers.read(make))

    @app.get("/v1/evidence/items/{item}", summary="One item of the catalogue: its events with their stored bytes")
    async def behind_item(caller: SignedIn, item: Annotated[str, Path(pattern=JOURNEY)]) -> Response:
        require(caller, READERS)
        async with snapshot(answers.log) as snap:
            found = await items.one(snap, bootstrap, item)
            if found is None:
                raise RefusedError(UNKNOWN_THING, field="item")
            return plain({**found, "names": await of_everything(snap, found), **answers.stamp(snap)})

    @app.post("/v1/recount", summary="A reading counted again from its stored bytes")
    async def recount(caller: SignedIn, wanted: Wanted) -> Response:
        require(caller, READERS)
        async with _one_of_few(recounts):
            return plain(await answers.read(lambda snap: recounting.last(_counting(snap, bootstrap, wanted))))

    @app.get("/v1/recount/progress", summary="The same before one's eyes: one line after every stretch, the last one the result")
    async def watched(caller: SignedIn, wanted: Wanted) -> Response:
        require(caller, READERS)
        return StreamingResponse(_watched(answers, bootstrap, wanted, recounts), media_type="application/x-ndjson")

    @app.get("/v1/parked/seen", summary="What a redrive would fold now, and a word for exactly that, to confirm it with")
    async def waiting(caller: SignedIn, journey: Annotated[str | None, Query(pattern=JOURNEY)] = None) -> Response:
        require(caller, READERS)
        return plain(await parked_now(answers.log, journey, await unserved_groups(answers.log)))

    @app.post("/v1/redrive", summary="Fold what is parked, in its order")
    async def again(
        caller: SignedIn, journey: Annotated[str | None, Query(pattern=JOURNEY)] = None, seen: str | None = None
    ) -> Response:
        require(caller, {"operator"})
        # First, so that a swap in between redrives what was seen or nothing.
        generation = await live_generation(answers.log)
        await require_seen(answers.log, journey, seen, await unserved_groups(answers.log))
        note_action(caller, "redrive")
        done = await redrive(Store(answers.log, generation, history), journey)
        return plain({"metrics": done.applied, "still_parked": done.left})

    @app.get("/v1/cells", summary="Every cell of the projection, one a line, for verification")
    async def cells(caller: SignedIn) -> StreamingResponse:
        require(caller, READERS)
        return StreamingResponse(_cells(answers), media_type="application/x-ndjson")

    @app.get("/v1/shares", summary="What every journey adds, one a line, from its row, for verification")
    async def shares(caller: SignedIn) -> StreamingResponse:
        require(caller, READERS)
        return StreamingResponse(_shares(answers), media_type="application/x-ndjson")


async def _page(shelf: Shelf, snap: Snapshot, wanted: Asked, after: str, limit: int) -> dict[str, Any]:
    if wanted.figure is COVERAGE:
        return await items.page(shelf, snap, wanted, after, limit)
    if wanted.reading.from_waits:
        return await handovers.page(snap, wanted, after, limit, today())
    return await evidence.page(snap, wanted, after, limit)


def _counting(snap: Snapshot, bootstrap: str, wanted: Asked) -> AsyncIterator[dict[str, Any]]:
    if wanted.figure is COVERAGE:
        return items.recounting(snap, bootstrap, wanted)
    tally = handovers.Waited(wanted, today()) if wanted.reading.from_waits else recounting.Summed(wanted)
    return recounting.recounting(snap, bootstrap, tally)


@asynccontextmanager
async def _one_of_few(recounts: asyncio.Semaphore) -> AsyncIterator[None]:
    """A recount reads much: a few at a time, and nobody waits in a line that he cannot see."""
    if recounts.locked():
        raise UnavailableError(TOO_MANY_RECOUNTS.code)
    async with recounts:
        yield


async def _watched(answers: Answers, bootstrap: str, wanted: Asked, recounts: asyncio.Semaphore) -> AsyncIterator[bytes]:
    try:
        async with _one_of_few(recounts), snapshot(answers.log) as snap:
            async for told in _counting(snap, bootstrap, wanted):
                yield orjson.dumps({**told, **answers.stamp(snap)}) + b"\n"
    except UnavailableError as away:
        # The answer has begun: what broke off can only be said within it.
        rule = TOO_MANY_RECOUNTS if str(away) == TOO_MANY_RECOUNTS.code else RECORD_AWAY
        yield orjson.dumps({"failed": {"rule": rule.code, "zh": rule.zh, "en": rule.en}}) + b"\n"


def _line(entry: Entry, amounts: dict[str, int]) -> dict[str, Any]:
    cell, known = entry
    days = {"day": date.fromordinal(cell.day).isoformat(), "known": date.fromordinal(known).isoformat()}
    return {**cell._asdict(), **days, "amounts": amounts}


async def _cells(answers: Answers) -> AsyncIterator[bytes]:
    async with snapshot(answers.log) as snap:
        for group, measures in GROUPS.items():
            added = ", ".join(f"sum(n{n})::bigint" for n in range(1, len(measures) + 1))
            # The primary key's order: millions of cells come as they lie, unsorted and never all at once.
            keys = ", ".join(_CELL_KEYS)
            sql = f"SELECT {keys}, {added} FROM {snap.room}.cell WHERE grp = $1 GROUP BY {keys} ORDER BY {keys}"
            lines: list[bytes] = []
            async for row in snap.tx.connection.cursor(sql, group, prefetch=LINES_A_CHUNK):
                sums = row[len(_CELL_KEYS) :]
                amounts = {measure: amount for measure, amount in zip(measures, sums, strict=True) if amount}
                if amounts:
                    named = {name: row[name] for name in _CELL_KEYS}
                    lines.append(orjson.dumps({"group": group, **named, "amounts": amounts}) + b"\n")
                if len(lines) == LINES_A_CHUNK:
                    yield b"".join(lines)
                    lines.clear()
            yield b"".join(lines)


async def _shares(answers: Answers) -> AsyncIterator[bytes]:
    async with snapshot(answers.log) as snap:
        after = ""
        while True:
            rows = await snap.tx.fetch(
                f"SELECT journey, body FROM {snap.room}.journey WHERE journey > $1 ORDER BY journey LIMIT $2", after, LINES_A_CHUNK
            )
            if not rows:
                return
            yield b"".join([_share_line(row["journey"], row["body"]) for row in rows])
            after = rows[-1]["journey"]


def _share_line(journey: str, body: bytes) -> bytes:
    entries = ledger(load(journey, body))
    cells = [
        _line(entry, {m: n for m, n in zip(GROUPS[entry.cell.group], amounts, strict=True) if n})
        for entry, amounts in entries.items()
        if any(amounts)
    ]
    return orjson.dumps({"journey": journey, "cells": cells}) + b"\n"
