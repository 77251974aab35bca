"""The HTTP door: commands, the worklist, one case, what is offered to us, and the officers' page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any, get_args

from fastapi import FastAPI, Query, Request, Response

from services.approval import calendars, incoming, names, worklist
from services.approval.calendars import Known
from services.approval.refusals import UNKNOWN_CASE
from services.approval.service import Approval
from shared.contracts.base import BodyCode, CaseNo, Command
from shared.contracts.commands import Accept, AcceptCustody, ApprovalCommand, NotAccept, ReturnCustody
from shared.contracts.envelope import Role
from shared.eventsourcing.errors import RefusedError
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.inbound import Inbound
from shared.reference.deadlines import local_date
from shared.runtime.auth import Caller, require
from shared.runtime.http import Part, SignedIn, command_routes, kebab, key_of, packed, plain
from shared.runtime.operator_doors import operator_doors
from shared.runtime.pages import serve_pages
from shared.runtime.session import token_of
from shared.runtime.sign_in import Play, sign_in_doors
from shared.telemetry import clock

PAGES = Path(__file__).parent / "web"
FORWARDED: tuple[type[Command], ...] = (AcceptCustody, ReturnCustody, Accept, NotAccept)
"""What an officer asks of intake from the worklist; intake decides, under the officer's own token."""
Forward = Callable[[str, str, str, bytes], Awaitable[tuple[int, bytes, str]]]
"""Asks intake: path, token, key and body in; status, body and media type out."""
_SEES_ALL: frozenset[Role] = frozenset({"operator", "auditor", "importer", "service"})
_OFFICERS: frozenset[Role] = frozenset({"officer", "department", *_SEES_ALL})


def mount(app: FastAPI, log: EventLog, heard: Inbound, approval: Approval, forward: Forward | None = None) -> FastAPI:
    """Mount approval's doors on `app`."""
    command_routes(app, log, get_args(ApprovalCommand), approval.handle)
    operator_doors(app, log, [heard])
    _lists(app, log)
    if forward is not None:
        for model in FORWARDED:
            _forwarded(app, kebab(model), forward)
    sign_in_doors(app, Play(("officer",), lambda: _bodies(log), heads=True), approval.staff)
    serve_pages(app, PAGES)
    return app


def _lists(app: FastAPI, log: EventLog) -> None:
    @app.get("/v1/worklist", summary="Undecided cases in due order, those whose clock is stopped last, with the working days left")
    async def due(caller: SignedIn, body: BodyCode | None = None, limit: int = Query(100, ge=1, le=worklist.PAGE_MAX)) -> Response:
        async with log.transaction() as tx:
            by = await calendars.known(tx)
            return plain(await _due(tx, _body_of(caller, body), local_date(clock.now()), by, limit))

    @app.get("/v1/desk", summary="The worklist, what is offered to us, what was decided or withdrawn last, and the names of it all")
    async def desk(caller: SignedIn, body: BodyCode | None = None) -> Response:
        seen = _body_of(caller, body)
        async with log.transaction() as tx:
            today, by = local_date(clock.now()), await calendars.known(tx)
            lists = {
                "due": await _due(tx, seen, today, by, worklist.PAGE_MAX),
                "incoming": await incoming.for_body(tx, seen, today, by.calendars),
                "decided": await worklist.ended_last(tx, seen),
            }
            own: list[dict[str, Any]] = [{"body": seen}] if seen else []
            named = await _names(tx, chain(own, *lists.values()))
            return plain({**lists, "today": today, "names": named})

    @app.get("/v1/cases/{case_no}", summary="One case as approval knows it")
    async def case(caller: SignedIn, case_no: CaseNo) -> Response:
        require(caller, _OFFICERS)
        async with log.transaction() as tx:
            found = await worklist.one(tx, case_no)
        # Whether there is a case of another body is that body's to tell.
        if found is None or (caller.role not in _SEES_ALL and found["body"] != caller.body):
            raise RefusedError(UNKNOWN_CASE, field="case_no")
        return plain(found)

    @app.post("/v1/bodies", summary="The bodies that decide anything and that a part of a name or of a code leaves, nearest first")
    async def bodies(request: Request, caller: SignedIn, part: Part) -> Response:
        require(caller, _OFFICERS)
        async with log.transaction() as tx:
            count, shown = await names.bodies_called(tx, part.text, caller.region)
        return packed(request, {"bodies": shown, "count": count})


def _body_of(caller: Caller, asked: str | None) -> str | None:
    require(caller, _OFFICERS)
    return asked if caller.role in _SEES_ALL else caller.body or ""


async def _due(tx: Tx, body: str | None, today: date, by: Known, limit: int) -> list[dict[str, Any]]:
    return [row | by.provisional(row) for row in await worklist.due_next(tx, body, today, by.calendars, limit)]


async def _names(tx: Tx, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    items, bodies, regions = set(), set(), set()
    for row in rows:
        items |= {row["item_code"]} if "item_code" in row else set()
        bodies |= {row[name] for name in ("body", "from_body", "to_body") if name in row}
        regions |= {row["from_region"]} if "from_region" in row else set()
    return await names.of_codes(tx, items, bodies, regions)


async def _bodies(log: EventLog) -> list[dict[str, Any]]:
    async with log.transaction() as tx:
        return await names.bodies_that_decide(tx)


def _forwarded(app: FastAPI, name: str, forward: Forward) -> None:
    path = f"/v1/commands/{name}"

    async def forwarded(request: Request, caller: SignedIn) -> Response:
        require(caller, {"officer"})
        status, body, media_type = await forward(path, token_of(request), key_of(request), await request.body())
        return Response(body, status, media_type=media_type)

    app.add_api_route(path, forwarded, methods=["POST"], name=name, summary=f"{name}: handed on to intake", status_code=201)
