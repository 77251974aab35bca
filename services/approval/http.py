"""The HTTP door: commands, the worklist, and one case."""

from __future__ import annotations

from typing import get_args

from fastapi import FastAPI, Query, Response

from services.approval import worklist
from services.approval.refusals import UNKNOWN_CASE
from services.approval.service import calendars_of, handle
from shared.contracts.commands import ApprovalCommand
from shared.contracts.envelope import Role
from shared.eventsourcing.errors import RefusedError
from shared.postgres.event_log import EventLog
from shared.postgres.inbound import Inbound
from shared.reference.deadlines import local_date
from shared.runtime.auth import require, require_body
from shared.runtime.http import SignedIn, command_routes, plain
from shared.runtime.operator_doors import operator_doors
from shared.telemetry import clock

_SEES_ALL: frozenset[Role] = frozenset({"operator", "auditor", "importer", "service"})


def mount(app: FastAPI, log: EventLog, heard: Inbound) -> FastAPI:
    """Mount approval's doors on `app`."""
    command_routes(app, log, get_args(ApprovalCommand), handle)
    operator_doors(app, log, [heard])

    @app.get("/v1/worklist", summary="Undecided cases in due order, with the working days left")
    async def due(caller: SignedIn, body: str | None = None, limit: int = Query(100, ge=1, le=worklist.PAGE_MAX)) -> Response:
        require(caller, {"officer", "department", *_SEES_ALL})
        seen = body if caller.role in _SEES_ALL else caller.body or ""
        async with log.transaction() as tx:
            today = local_date(clock.now())
            return plain(await worklist.due_next(tx, seen, today, await calendars_of(tx), limit))

    @app.get("/v1/cases/{case_no}", summary="One case as approval knows it")
    async def case(caller: SignedIn, case_no: str) -> Response:
        async with log.transaction() as tx:
            found = await worklist.one(tx, case_no)
        if found is None:
            raise RefusedError(UNKNOWN_CASE, field="case_no")
        if caller.role not in _SEES_ALL:
            require_body(caller, found["body"])
        return plain(found)

    return app
