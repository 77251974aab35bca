"""Every table of the board as CSV, under the same filters as its JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Response

from services.metrics import board, sheets
from services.metrics.asking import AskedSlice, OfAccepted, OfDelivered, OfExtra, dimension_of, figure_over
from services.metrics.cells import Snapshot, answer
from services.metrics.figure_doors import Answers, AskedItems, today
from services.metrics.live import live
from services.metrics.names import of_everything
from services.metrics.shelf import covered, shown
from services.metrics.slices import Slice, told
from shared.telemetry import clock

Pairs = dict[str, tuple[str, str]]
Rows = Iterable[Sequence[Any]]
Made = tuple[Sequence[str], Rows]
_KEYED = ("regions", "basics", "causes", "channels", "scopes", "levels")
"""The families that keys of a dimension are named in, but for items, of which only those are looked up that a table tells."""


def csv_doors(app: FastAPI, answers: Answers) -> None:
    """Mount the doors."""

    async def file(name: str, asked: Slice, make: Callable[[Snapshot], Awaitable[Made]]) -> Response:
        async def read(snap: Snapshot) -> dict[str, Any]:
            head, rows = await make(snap)
            return {"head": head, "rows": [list(row) for row in rows]}

        found = await answers.read(read)
        stamped = {**{key: value for key, value in told(asked).items() if value is not None}, "as_of": found["as_of"]}
        stamped |= {"demo": found["demo"]}
        # What a table tells for itself and what was asked for are two columns.
        names = [f"asked_{key}" if key in found["head"] else key for key in stamped]
        body = sheets.sheet([*found["head"], *names], ([*row, *stamped.values()] for row in found["rows"]))
        headers = {"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "no-store"}
        return Response(body, 200, headers, "text/csv; charset=utf-8")

    async def named(snap: Snapshot, *families: str) -> dict[str, Pairs]:
        return {family: _pairs(words) for family, words in (await answers.shelf.names(snap, families)).items()}

    @app.get("/v1/csv/figures/F1", summary="Coverage as CSV")
    async def coverage(asked: AskedItems) -> Response:
        async def make(snap: Snapshot) -> Made:
            found = covered(await answers.shelf.coverage(snap, asked))
            groups = [{"key": str(level["level"]), "readings": level["readings"]} for level in found["levels"]]
            said = {"figure": "F1", "readings": found["total"]["readings"], "groups": groups}
            return sheets.FIGURE_HEAD, sheets.figure_rows(said, (await named(snap, "levels"))["levels"])

        return await file("F1-level", asked, make)

    @app.get("/v1/csv/figures/{code}", summary="One figure as CSV, by a dimension if one is named")
    async def figures(code: str, asked: AskedSlice, by: str | None = None) -> Response:
        figure = figure_over(code, asked)
        dimension = dimension_of(figure, by)

        async def make(snap: Snapshot) -> Made:
            found = await answer(snap, figure, asked, today(), dimension)
            groups = [{"key": key, "readings": shown(values)} for key, values in found.groups.items()]
            said = {"figure": code, "readings": shown(found.readings), "groups": groups}
            known = await named(snap, *_KEYED)
            if dimension == "item":
                spoken = await of_everything(snap, [{"item": key} for key in found.groups])
                known["items"] = _pairs(spoken["items"])
            return sheets.FIGURE_HEAD, sheets.figure_rows(said, _words(known, found.groups))

        return await file(code if dimension is None else f"{code}-{dimension}", asked, make)

    @app.get("/v1/csv/weeks", summary="Kept promises week by week, as CSV")
    async def weeks(asked: OfDelivered) -> Response:
        async def make(snap: Snapshot) -> Made:
            return sheets.WEEK_HEAD, sheets.week_rows(await board.weeks(snap, asked))

        return await file("weeks", asked, make)

    @app.get("/v1/csv/gap", summary="Experienced minus declared runs by basic item and city, as CSV")
    async def gap(asked: OfDelivered) -> Response:
        async def make(snap: Snapshot) -> Made:
            known = await named(snap, "basics", "regions")
            return sheets.GAP_HEAD, sheets.gap_rows(await board.gap(snap, asked), known["basics"], known["regions"])

        return await file("gap", asked, make)

    @app.get("/v1/csv/matrix", summary="Who handles whose people, as CSV")
    async def matrix(asked: OfAccepted) -> Response:
        async def make(snap: Snapshot) -> Made:
            known = await named(snap, "regions")
            return sheets.MATRIX_HEAD, sheets.matrix_rows(await board.matrix(snap, asked), known["regions"])

        return await file("matrix", asked, make)

    @app.get("/v1/csv/causes", summary="Why people came again, as CSV")
    async def causes(asked: OfExtra) -> Response:
        async def make(snap: Snapshot) -> Made:
            return sheets.CAUSE_HEAD, sheets.cause_rows(await board.causes(snap, asked), (await named(snap, "causes"))["causes"])

        return await file("causes", asked, make)

    @app.get("/v1/csv/movers", summary="Where the gap grew most, as CSV")
    async def movers(asked: OfDelivered) -> Response:
        async def make(snap: Snapshot) -> Made:
            known = await named(snap, "basics", "regions")
            found = await board.movers(snap, asked, today())
            return sheets.MOVER_HEAD, sheets.mover_rows(found, known["basics"], known["regions"])

        return await file("movers", asked, make)

    @app.get("/v1/csv/live", summary="What is going on right now, as CSV")
    async def now() -> Response:
        async def make(snap: Snapshot) -> Made:
            known = await named(snap, "causes", "regions")
            return sheets.LIVE_HEAD, sheets.live_rows(await live(snap, clock.now(), today()), known["causes"], known["regions"])

        return await file("live", Slice(), make)


def _pairs(words: Mapping[str, Any]) -> Pairs:
    return {code: (named["zh"], named["en"]) for code, named in words.items()}


def _words(known: dict[str, Pairs], keys: Iterable[str]) -> Pairs:
    """The words of a dimension's keys; a key is a code, or two of them joined by what joins them."""
    every: Pairs = {}
    for family in known.values():
        every |= family
    return {key: _joined(every, key) for key in keys}


def _joined(every: Pairs, key: str) -> tuple[str, str]:
    if key in every:
        return every[key]
    joint = next((mark for mark in (">", "|") if mark in key), None)
    if joint is None:
        return ("", "")
    parts = [every.get(part, (part, part)) for part in key.split(joint)]
    return (" → ".join(zh for zh, _ in parts), " → ".join(en for _, en in parts))
