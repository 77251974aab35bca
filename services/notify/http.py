"""The HTTP door: which messages are owed, what became of them and why, and the page of whoever looks after them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from fastapi import FastAPI, Query, Response

from services.notify import outgoing, overview
from services.notify.overview import Standing
from shared.contracts.envelope import Role
from shared.postgres.event_log import EventLog
from shared.postgres.inbound import Inbound
from shared.runtime.auth import require
from shared.runtime.http import SignedIn, plain
from shared.runtime.operator_doors import operator_doors
from shared.runtime.pages import serve_pages
from shared.runtime.sign_in import Play, sign_in_doors

State = Literal["suppressed", "waiting", "sending", "sent", "failed"]
_READERS: frozenset[Role] = frozenset({"operator", "auditor", "service"})


def mount(app: FastAPI, log: EventLog, heard: Inbound) -> FastAPI:
    """Mount notify's doors on `app`."""
    operator_doors(app, log, [heard])

    @app.get("/v1/messages", summary="The newest messages, without anybody's address")
    async def messages(caller: SignedIn, state: State | None = None, limit: int = Query(100, ge=1, le=500)) -> Response:
        require(caller, _READERS)
        async with log.transaction() as tx:
            return plain(await outgoing.newest(tx, state, limit))

    @app.get("/v1/outbox", summary="How the messages of each channel stand, why some did not arrive, and the newest of them")
    async def outbox(caller: SignedIn, state: Standing | None = None) -> Response:
        require(caller, _READERS)
        async with log.transaction() as tx:
            return plain({"counts": await overview.by_channel(tx), "messages": await overview.newest(tx, state)})

    sign_in_doors(app, Play(("operator", "auditor")))
    serve_pages(app, Path(__file__).parent / "web")
    return app
