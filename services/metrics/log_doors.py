"""The HTTP door to other people's logs; every answer is labelled with its origin and says what it does not know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import FastAPI, Path, Response
from pydantic import AwareDatetime, Field

from services.metrics import log_figures
from services.metrics.asking import CODE, TEXT
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


def mount(app: FastAPI, log: EventLog, live: Callable[[], Awaitable[int]]) -> None:
    """Mount the doors; `live` tells the generation that is served."""

    @app.get("/v1/logs", summary="Other people's logs that were brought in")
    async def logs() -> Response:
        generation = await live()
        async with log.transaction() as tx:
            return plain({"logs": await log_figures.origins(tx, generation), "note": NOTE})

    @app.get("/v1/logs/{origin}", summary="Every figure of a log, as far as it had occurred and was known")
    async def figures(origin: Origin, as_of: Moment | None = None, known_at: Moment | None = None) -> Response:
        seen = Seen(await live(), origin, as_of, known_at)
        async with log.transaction() as tx:
            found = await log_figures.figures(tx, seen)
        return plain({"origin": origin, "as_of": as_of, "known_at": known_at, "note": NOTE, **found})

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
