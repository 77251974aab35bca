"""Intake's HTTP door: commands, the public catalogue, the desk's list, a citizen's status, and contacts for the notifier."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, get_args
from uuid import UUID

from fastapi import FastAPI, Query, Response
from fastapi import Path as PathPart

from services.intake import accesses, cases, names, people, progress, register
from services.intake.desk_doors import STAFF, desk_doors, desk_of, folded, region_prefix
from services.intake.journeys import events_of
from services.intake.people import Pseudonyms
from services.intake.public_doors import public_doors
from services.intake.refusals import UNKNOWN_CONTACT, UNKNOWN_ITEM_PAGE, UNKNOWN_JOURNEY
from services.intake.service import Intake
from services.intake.state import Journey
from shared.contracts.base import Command
from shared.contracts.commands import CatalogueCommand, IntakeCaseCommand, JourneyCommand, ReportHistory
from shared.eventsourcing.errors import RefusedError
from shared.postgres.event_log import EventLog
from shared.postgres.inbound import Inbound
from shared.reference.calendar import Calendars
from shared.runtime.auth import Caller, require
from shared.runtime.http import SignedIn, command_routes, plain
from shared.runtime.operator_doors import operator_doors
from shared.runtime.pages import serve_pages
from shared.runtime.refusals import NOT_YOUR_ROLE
from shared.runtime.sign_in import Play, sign_in_doors

COMMANDS: tuple[type[Command], ...] = (
    *get_args(CatalogueCommand),
    *get_args(JourneyCommand),
    *get_args(IntakeCaseCommand),
    ReportHistory,
)
NOTIFIER = "notify"
"""The `sub` of the one service that writes to people. What the others may read holds nothing of anybody's."""
PAGES = Path(__file__).parent / "web"
PAGE_MAX = 500
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]
_WORD = r"^[A-Za-z0-9_.:/-]*$"
After = Annotated[str, Query(max_length=64, pattern=_WORD)]
Word = Annotated[str | None, Query(max_length=64, pattern=_WORD)]
Name = Annotated[str, PathPart(max_length=64, pattern=_WORD)]


def mount(app: FastAPI, log: EventLog, intake: Intake, pseudonyms: Pseudonyms, inbounds: Sequence[Inbound] = ()) -> None:
    """Mount every door of intake on `app`."""
    command_routes(app, log, COMMANDS, intake.handle)
    _catalogue(app, log)
    _journeys(app, log)
    public_doors(app, log, pseudonyms)
    desk_doors(app, log, pseudonyms)
    _contacts(app, log)
    operator_doors(app, log, inbounds)
    sign_in_doors(app, Play(("clerk", "officer"), lambda: _bodies(log)))
    serve_pages(app, PAGES)


async def _bodies(log: EventLog) -> list[dict[str, Any]]:
    async with log.transaction() as tx:
        return await names.bodies_of_staff(tx)


def _catalogue(app: FastAPI, log: EventLog) -> None:
    @app.get("/v1/items", summary="The newest version of each service item, or of those in force on a day; public")
    async def items(after: After = "", limit: Limit = 100, on: date | None = None) -> Response:
        async with log.transaction() as tx:
            found = register.newest_items(tx, after, limit) if on is None else register.items_on(tx, on, after, limit)
            return plain(await found)

    @app.get("/v1/items/{item_code}", summary="Every version of one service item; public")
    async def item(item_code: Name) -> Response:
        async with log.transaction() as tx:
            versions = await register.versions_of(tx, item_code)
        if not versions:
            raise RefusedError(UNKNOWN_ITEM_PAGE)
        return plain(versions)

    def facts(path: str, kind: str, summary: str) -> None:
        async def listed(after: After = "", limit: Limit = 100) -> Response:
            async with log.transaction() as tx:
                return plain(await register.facts_of(tx, kind, after, limit))

        app.add_api_route(path, listed, methods=["GET"], name=kind, summary=summary)

    facts("/v1/bodies", "body", "Implementing bodies; public")
    facts("/v1/venues", "venue", "Places where people can come; public")
    facts("/v1/calendars", "calendar", "The newest working calendar of each year; public")

    @app.get("/v1/partners", summary="Portals and departments with topics of their own")
    async def partners(caller: SignedIn, after: After = "", limit: Limit = 100) -> Response:
        require(caller, {"operator", "auditor", "importer", "service"})
        async with log.transaction() as tx:
            return plain(await register.facts_of(tx, "partner", after, limit))


def _journeys(app: FastAPI, log: EventLog) -> None:
    @app.get("/v1/journeys", summary="Cases that the caller may see, by case number")
    async def listed(
        caller: SignedIn, situation: Word = None, item_code: Word = None, after: After = "", limit: Limit = 100
    ) -> Response:
        desk = _desk(caller)
        async with log.transaction() as tx:
            rows = await cases.at_desk(tx, desk, situation=situation, item_code=item_code, after=after, limit=limit)
        told = [progress.row_told(row) for row in rows]
        if caller.role == "portal":
            # By the pseudonym two portals could find out whom they have in common.
            for line in told:
                del line["subject_ref"]
        return plain(told)

    @app.get("/v1/journeys/{journey}", summary="One journey with its visits and cases")
    async def one(caller: SignedIn, journey: UUID) -> Response:
        require(caller, {"clerk", "officer", "operator", "auditor", "importer", "service"})
        async with log.transaction() as tx:
            events = await events_of(tx, journey)
            state = folded(events, Calendars())
            seen = bool(events) and _may_see(caller, state)
            if caller.role in STAFF:
                # In the same transaction: what cannot be written down is not shown.
                await accesses.note(tx, caller, journey, found=seen)
            if seen:
                return plain(progress.journey_told(journey, state))
        raise RefusedError(UNKNOWN_JOURNEY)


def _desk(caller: Caller) -> cases.Desk:
    require(caller, {"clerk", "officer", "department", "portal", "operator", "auditor", "importer", "service"})
    if caller.role == "portal":
        return cases.Desk(submitter=caller.id)
    if caller.role not in ("clerk", "officer", "department"):
        return cases.Desk()
    return desk_of(caller)


def _may_see(caller: Caller, state: Journey) -> bool:
    if caller.role not in ("clerk", "officer"):
        return True
    places = {visit.venue_region for visit in state.visits.values()}
    bodies = set()
    for case in state.cases.values():
        terms, held = case.file.terms, case.file.custody
        offered = {held.offer.to_body} if held.offer is not None else set()
        bodies |= {held.body, terms.handling_body, terms.receiving_body} | offered
        places |= {held.region, terms.handling_region, terms.receiving_region}
    if caller.body is not None and caller.body in bodies:
        return True
    return caller.region is not None and any(place.startswith(region_prefix(caller.region)) for place in places)


def _contacts(app: FastAPI, log: EventLog) -> None:
    @app.get("/v1/contacts/{journey}", summary="How to reach the person behind a journey; the notifier only, and logged")
    async def contacts(caller: SignedIn, journey: UUID, case_no: Word = None) -> Response:
        require(caller, {"service"})
        if caller.id != NOTIFIER:
            raise RefusedError(NOT_YOUR_ROLE)
        async with log.transaction() as tx:
            found: dict[str, Any] | None = await people.contact(tx, caller.id, journey, case_no)
        if found is None:
            raise RefusedError(UNKNOWN_CONTACT)
        return plain(found)
