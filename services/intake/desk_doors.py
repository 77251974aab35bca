"""The doors behind the clerk's page: queue, search, and one journey with its promise and what can be done next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import chain
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake import accesses, choices, desk, heard, names, presence, register
from services.intake.authority import covers
from services.intake.cases import Desk
from services.intake.decider import journey_decider
from services.intake.journeys import events_of
from services.intake.next_steps import next_of, provisional, steps_for
from services.intake.people import Pseudonyms
from services.intake.progress import case_told, clock_told
from services.intake.promise import promise_of
from services.intake.refusals import NOTHING_FOUND, UNKNOWN_JOURNEY
from services.intake.state import Case, Journey
from services.intake.timeline import promise_told, timeline_of
from shared.contracts.envelope import Actor, Envelope, Role
from shared.eventsourcing.errors import RefusedError
from shared.postgres.event_log import EventLog, Tx
from shared.reference.deadlines import local_date
from shared.runtime.auth import Caller, require
from shared.runtime.http import Part, SignedIn, packed, plain
from shared.telemetry import clock

STAFF: frozenset[Role] = frozenset({"clerk", "officer"})
Venue = Annotated[str, Query(max_length=64, pattern=r"^[A-Za-z0-9_.:/-]*$")]


class Sought(BaseModel):
    """What a clerk types or scans; in the body of a request, since an ID number belongs into no address."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    text: Annotated[str, Field(min_length=6, max_length=64, pattern=r"^[A-Za-z0-9_.:/-]+$")]


def desk_doors(app: FastAPI, log: EventLog, pseudonyms: Pseudonyms) -> None:
    """Mount the desk's doors on `app`."""

    @app.get("/v1/desk", summary="Who is in the hall today, and what is to be done at this desk")
    async def queue(caller: SignedIn, venue_id: Venue = "") -> Response:
        require(caller, STAFF)
        today = local_date(clock.now())
        async with log.transaction() as tx:
            caller = await _at_home(tx, caller)
            venue = await _own_venue(tx, caller, venue_id)
            count, here = (0, []) if venue is None else await presence.here(tx, venue.venue_id, today)
            tasks, venues = await desk.to_do(tx, desk_of(caller)), await _venues(tx, caller)
            calendars = await register.load_calendars(tx)
            for row in chain.from_iterable(task["cases"] for task in tasks.values()):
                row["working_days_left"] = None if row["due"] is None else calendars.working_days_left(today, row["due"])
            told = {"body": caller.body, "here": here, "here_count": count, "to_do": tasks, "venues": venues}
            return plain(told | {"today": today, "names": await names.of_everything(tx, told)})

    @app.post("/v1/desk/find", summary="Journeys by receipt, case or ID number, or pseudonym")
    async def find(caller: SignedIn, sought: Sought) -> Response:
        require(caller, STAFF)
        async with log.transaction() as tx:
            found = await desk.find(tx, sought.text, pseudonyms.subject_ref)
            heads = await desk.heads(tx, found)
            if not heads:
                raise RefusedError(NOTHING_FOUND, field="text")
            for head in heads:
                await accesses.note(tx, caller, head["journey"], found=True)
            return plain({"journeys": heads, "names": await names.of_everything(tx, heads)})

    @app.post("/v1/desk/items", summary="The items of today that a part of a name, of a code or of a place leaves, nearest first")
    async def items(request: Request, caller: SignedIn, part: Part) -> Response:
        require(caller, STAFF)
        async with log.transaction() as tx:
            caller = await _at_home(tx, caller)
            found = await choices.items(tx, local_date(clock.now()), part.text, caller.region)
        return packed(request, {"items": found.shown, "count": found.there})

    @app.post("/v1/desk/bodies", summary="The bodies that a part of a name, of a code or of a place leaves, nearest first")
    async def bodies(request: Request, caller: SignedIn, part: Part) -> Response:
        require(caller, STAFF)
        async with log.transaction() as tx:
            found = await choices.bodies(tx, part.text, (await _at_home(tx, caller)).region)
        return packed(request, {"bodies": found.shown, "count": found.there})

    @app.get("/v1/desk/journeys/{journey}", summary="One journey: its promise, what happened, and what can be done next")
    async def one(caller: SignedIn, journey: UUID, venue_id: Venue = "") -> Response:
        # The journey's id is told only to who named the person, a receipt or a case, or holds the case.
        require(caller, STAFF)
        async with log.transaction() as tx:
            told = await _told(tx, await _at_home(tx, caller), journey, venue_id)
            # In the same transaction: what cannot be written down is not shown.
            await accesses.note(tx, caller, journey, found=told is not None)
            if told is not None:
                return plain(told | {"names": await names.of_everything(tx, told)})
        raise RefusedError(UNKNOWN_JOURNEY)

    @app.get("/v1/accesses/{journey}", summary="Who looked at a journey or asked how to reach its person; auditors")
    async def accessed(caller: SignedIn, journey: UUID) -> Response:
        require(caller, {"auditor"})
        async with log.transaction() as tx:
            return plain({"journey": journey, "accesses": await accesses.of_journey(tx, journey)})


def desk_of(caller: Caller) -> Desk:
    """What a clerk's or officer's desk is in charge of."""
    if caller.body is not None:
        return Desk(body=caller.body)
    return Desk(region_prefix=region_prefix(caller.region or "nowhere"))


def region_prefix(region: str) -> str:
    """The digits that all divisions of a region begin with."""
    return region[:2] if region.endswith("0000") else region[:4] if region.endswith("00") else region


async def _at_home(tx: Tx, caller: Caller) -> Caller:
    """Staff of a body whose token names no region are at home in the region of their body."""
    if caller.region is not None or caller.body is None:
        return caller
    return replace(caller, region=(await register.load(tx, (), (), [caller.body])).bodies.get(caller.body))


async def _venues(tx: Tx, caller: Caller) -> list[dict[str, Any]]:
    return await names.venues_in(tx, region_prefix(caller.region or "nowhere"))


async def _own_venue(tx: Tx, caller: Caller, venue_id: str) -> Any:
    venue = (await register.load(tx, (), [venue_id], ())).venues.get(venue_id) if venue_id else None
    return venue if venue is not None and caller.region is not None and covers(caller.region, venue.region) else None


async def _told(tx: Tx, caller: Caller, journey: UUID, venue_id: str) -> dict[str, Any] | None:
    events = await events_of(tx, journey)
    calendars = await register.load_calendars(tx)
    state = folded(events, calendars)
    if state.opened is None:
        # Nobody's journey, or one of a permit log, which has no desk.
        return None
    venue = await _own_venue(tx, caller, venue_id)
    actor = Actor(caller.role, caller.id, caller.body, caller.region)
    now = clock.now()
    place = None if venue is None else (venue.venue_id, venue.kind)
    promise = promise_of(events, place, local_date(now))
    item = state.opened.item_code
    cases = [_case_told(case, actor, venue) for case in state.cases.values()]
    moves = await heard.moves_of(tx, list(state.cases))
    materials = await names.materials_of(tx, {(item, None), *((told["item_code"], told["item_version"]) for told in cases)})
    for told, case in zip(cases, state.cases.values(), strict=True):
        told["clock"] = clock_told(due_of(case, events), moves[told["case_no"]])
        told["next"] = next_told(case, events, calendars, told["clock"]["due"])
        told["materials"] = materials[told["item_code"], told["item_version"]]
    return {
        "journey": journey,
        "subject_ref": state.opened.subject_ref,
        "item_code": item,
        "outcome": state.outcome,
        "materials": materials[item, None],
        "promise": promise_told(promise),
        "cases": cases,
        "timeline": timeline_of(events),
    }


def _case_told(case: Case, actor: Actor, venue: Any) -> dict[str, Any]:
    told = case_told(case)
    told["steps"] = steps_for(actor, case, venue)
    return told


def next_told(case: Case, events: Sequence[Envelope[Any]], calendars: Any, due: date | None) -> dict[str, Any] | None:
    """What a case waits for, as plain values, with the year that may still move its day; `due` is what was promised."""
    changed = max(e.time for e in events if getattr(e.data, "case_no", None) == case.file.terms.case_no)
    waits = next_of(case, changed, due, calendars)
    if waits is None:
        return None
    year = provisional(waits, changed, calendars)
    return {"step": waits.step, "body": waits.body, "due": waits.due, "provisional": year}


def due_of(case: Case, events: Sequence[Envelope[Any]]) -> date | None:
    """The day that its acceptance promised."""
    own = [e.data for e in events if getattr(e.data, "case_no", None) == case.file.terms.case_no]
    return next((fact.promised_due for fact in reversed(own) if hasattr(fact, "promised_due")), None)


def folded(events: Sequence[Envelope[Any]], calendars: Any) -> Journey:
    """The journey after its events."""
    return journey_decider(calendars).fold(events)
