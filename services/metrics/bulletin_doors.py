"""The doors of the revision bulletin: a page at a time as JSON, and the whole of it as a table to take along."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from functools import partial
from typing import Annotated, Any

from fastapi import FastAPI, Query, Response
from starlette.responses import StreamingResponse

from services.metrics import bulletin, handover_bulletin, item_bulletin, sheets
from services.metrics.asking import CURSOR, KNOWN_REVERSED, READERS, AskedSlice, asked_of, items_asked_of
from services.metrics.cells import Snapshot
from services.metrics.figure_doors import Answers, today
from services.metrics.figures import COVERAGE
from services.metrics.names import of_everything
from services.metrics.shares import Asked
from services.metrics.shelf import Shelf
from services.metrics.slices import Slice, told
from shared.eventsourcing.errors import RefusedError, UnavailableError
from shared.runtime.auth import require
from shared.runtime.http import SignedIn, plain

PAGE_MAX = 200


def bulletin_doors(app: FastAPI, answers: Answers, bootstrap: str) -> None:
    """Mount the doors."""

    async def page(wanted: Asked, then: date, now: date, after: str, limit: int) -> dict[str, Any]:
        async def make(snap: Snapshot) -> dict[str, Any]:
            found = await _kind(wanted, answers.shelf)(snap, bootstrap, wanted, then, now, after, limit)
            # An item that is asked for is named even where nothing is told of it.
            return {**found, "names": await of_everything(snap, [found["facts"], told(wanted.slice)])}

        return await answers.read(make)

    @app.get("/v1/bulletin", summary="What was said of the slice then, what is said of it later, and the facts in between")
    async def bulletins(
        caller: SignedIn,
        asked: AskedSlice,
        figure: str,
        then: date,
        now: date | None = None,
        reading: str | None = None,
        after: Annotated[str, Query(pattern=CURSOR)] = "",
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    ) -> Response:
        require(caller, READERS)
        wanted, later = _asked(figure, reading, asked, then, now)
        return plain(await page(wanted, then, later, after, limit))

    @app.get(
        "/v1/csv/bulletin", summary="The whole bulletin as CSV; its last lines add it up, so that nothing of it can be missing"
    )
    async def file(
        caller: SignedIn, asked: AskedSlice, figure: str, then: date, now: date | None = None, reading: str | None = None
    ) -> Response:
        require(caller, READERS)
        wanted, later = _asked(figure, reading, asked, then, now)
        # What is wrong with the question is said before the answer begins.
        first = await page(wanted, then, later, "", PAGE_MAX)

        async def pages() -> AsyncIterator[dict[str, Any]]:
            found = first
            yield found
            while found["next"] is not None:
                found = await page(wanted, then, later, found["next"], PAGE_MAX)
                yield found

        headers = {"content-disposition": f'attachment; filename="bulletin-{first["figure"]}.csv"', "cache-control": "no-store"}
        written = _written(pages(), of_items=wanted.figure is COVERAGE)
        return StreamingResponse(written, 200, headers, "text/csv; charset=utf-8")


def _kind(wanted: Asked, shelf: Shelf) -> Callable[[Snapshot, str, Asked, date, date, str, int], Awaitable[dict[str, Any]]]:
    if wanted.figure is COVERAGE:
        return partial(item_bulletin.bulletin, shelf)
    return handover_bulletin.bulletin if wanted.reading.from_waits else bulletin.bulletin


def _asked(figure: str, reading: str | None, asked: Slice, then: date, now: date | None) -> tuple[Asked, date]:
    # F1 is a figure of a day; where none is named, each side speaks of its own.
    of_items = figure == COVERAGE.code
    wanted = items_asked_of(reading, asked, asked.to_day) if of_items else asked_of(figure, reading, asked)
    later = now or today()
    if then >= later:
        raise RefusedError(KNOWN_REVERSED, field="then")
    return wanted, later


async def _written(pages: AsyncIterator[dict[str, Any]], *, of_items: bool) -> AsyncIterator[bytes]:
    table = sheets.ITEM_BULLETIN if of_items else sheets.BULLETIN
    yield sheets.sheet(table.head, ())
    listed, last = Counter[str](), dict[str, Any]()
    try:
        async for last in pages:
            # A percentile has no numerator that would add up.
            listed.update({side: moved for side, moved in last["listed"].items() if moved is not None})
            named = {code: (words["zh"], words["en"]) for code, words in last["names"]["items"].items()}
            yield sheets.lines(table.rows(last, named))
    except UnavailableError:
        yield sheets.lines([table.end("broken-off", last, None, None)])
        return
    moved = last["difference"]
    summed = {side: None if moved[side] is None else listed[side] for side in ("numerator", "denominator")}
    ends = (("sum", summed), ("difference", moved))
    yield sheets.lines([table.end(kind, last, side["numerator"], side["denominator"]) for kind, side in ends])
