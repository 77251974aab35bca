"""The HTTP door: which messages are owed and what became of them, and a page that lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from fastapi import FastAPI, Query, Response

from services.notify import outgoing
from shared.postgres.event_log import EventLog
from shared.postgres.inbound import Inbound
from shared.runtime.auth import require
from shared.runtime.http import SignedIn, plain
from shared.runtime.operator_doors import operator_doors
from shared.runtime.pages import serve_pages

State = Literal["suppressed", "waiting", "sending", "sent", "failed"]


def mount(app: FastAPI, log: EventLog, heard: Inbound) -> FastAPI:
    """Mount notify's doors on `app`."""
    operator_doors(app, log, [heard])

    @app.get("/v1/messages", summary="The newest messages, without anybody's address")
    async def messages(caller: SignedIn, state: State | None = None, limit: int = Query(100, ge=1, le=500)) -> Response:
        require(caller, {"operator", "auditor", "service"})
        async with log.transaction() as tx:
            return plain(await outgoing.newest(tx, state, limit))

    serve_pages(app, Path(__file__).parent / "web")
    return app
