"""The HTTP door to other people's logs; every answer is labelled with its origin and says what it does not know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, FastAPI, Path, Response
from pydantic import AwareDatetime, Field

from services.metrics import log_figures, sheets
from services.metrics.asking import CODE, TEXT, Day
from services.metrics.log_figures import Seen
from shared.postgres.event_log import EventLog
from shared.runtime.http import plain

NOTE = {
    "zh": "到场次数为推算值：此日志没有到场记录。",
    "en": "Runs are a proxy: this log records no visits.",
}
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))]
"""A time that says of which zone it is; without one it would be read in whatever zone this process is in."""
Origin = Annotated[str, Path(pattern=CODE)]


class Until(NamedTuple):
    """How far a log is told: what occurred, and was known, before an instant; or up to the end of a day of the log's own zone."""

    as_of: datetime | None
    known_at: datetime | None
    to: date | None
    known_on: date | None


def _until(
    as_of: Moment | None = None, known_at: Moment | None = None, to: Day | None = None, known_on: Day | None = None
) -> Until:
    return Until(as_of, known_at, to, known_on)


def mount(app: FastAPI, log: EventLog, live: Callable[[], Awaitable[int]]) -> None:
    """Mount the doors; `live` tells the generation that is served."""

    @app.get("/v1/logs", summary="Other people's logs that were brought in")
    async def logs() -> Response:
        generation = await live()
        async with log.transaction() as tx:
            return plain({"logs": await log_figures.origins(tx, generation), "note": NOTE})

    async def read(origin: str, until: Until) -> dict[str, Any]:
        generation = await live()
        async with log.transaction() as tx:
            as_of = until.as_of or await log_figures.end_of(tx, generation, origin, until.to)
            known_at = until.known_at or await log_figures.end_of(tx, generation, origin, until.known_on)
            found = await log_figures.figures(tx, Seen(generation, origin, as_of, known_at))
        return {"origin": origin, "as_of": as_of, "known_at": known_at, "note": NOTE, "figures": found}

    @app.get("/v1/logs/{origin}", summary="Every figure of a log, as far as it had occurred and was known")
    async def figures(origin: Origin, until: Annotated[Until, Depends(_until)]) -> Response:
        found = await read(origin, until)
        return plain(found.pop("figures") | found)

    @app.get("/v1/csv/logs/{origin}", summary="The same as CSV")
    async def file(origin: Origin, until: Annotated[Until, Depends(_until)]) -> Response:
        found = await read(origin, until)
        body = sheets.sheet(sheets.LOG_HEAD, sheets.log_rows(found))
        headers = {"content-disposition": 'attachment; filename="log.csv"', "cache-control": "no-store"}
        return Response(body, 200, headers, "text/csv; charset=utf-8")

    @app.get("/v1/logs/{origin}/fields/{field}", summary="How many cases had each value of a field, as it was known")
    async def values(origin: Origin, field: Annotated[str, Path(pattern=TEXT)], known_at: Moment | None = None) -> Response:
        seen = Seen(await live(), origin, None, known_at)
        async with log.transaction() as tx:
            return plain({"origin": origin, "field": field, "values": await log_figures.field_values(tx, seen, field)})

    @app.get("/v1/logs/{origin}/changes", summary="Observed updates and transitions by field")
    async def changes(origin: Origin, known_at: Moment | None = None) -> Response:
        seen = Seen(await live(), origin, None, known_at)
        async with log.transaction() as tx:
            return plain({"origin": origin, **await log_figures.field_changes(tx, seen)})
