"""The doors that citizens' pages use without a token: where is my case, and do I need to go at all?"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake import cases, guide, heard, names, register
from services.intake.desk_doors import due_of, folded, next_told
from services.intake.guesses import Guesser
from services.intake.journeys import events_of
from services.intake.people import Pseudonyms
from services.intake.progress import clock_told, status_told
from services.intake.promise import promise_of
from services.intake.refusals import COUNTY_TO_CHOOSE, UNKNOWN_ITEM_PAGE, UNKNOWN_STATUS
from services.intake.timeline import promise_told, timeline_of
from shared.eventsourcing.errors import RefusedError
from shared.postgres.event_log import EventLog, Tx
from shared.reference.deadlines import local_date
from shared.runtime.http import Part, packed, plain
from shared.runtime.refusals import UNKNOWN_THING
from shared.runtime.sign_in import require_local
from shared.telemetry import clock

EXAMPLES = 3
_WORD = r"^[A-Za-z0-9_.:/-]*$"
Basic = Annotated[str, Query(max_length=64, pattern=_WORD)]
Region = Annotated[str, Query(pattern=r"^[0-9]{6}$")]


class Claim(BaseModel):
    """What is printed on a receipt. It is asked for in a body, since what opens a case belongs into no address."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    receipt_no: Annotated[str, Field(max_length=64, pattern=_WORD)]
    code: Annotated[str, Field(max_length=16, pattern=_WORD)]


def public_doors(app: FastAPI, log: EventLog, pseudonyms: Pseudonyms) -> None:
    """Mount the public doors on `app`."""

    @app.post("/v1/status", summary="Where is my case? With the receipt number and the code; no token")
    async def status(request: Request, claim: Claim) -> Response:
        guesser = Guesser(pseudonyms, claim.receipt_no, request.client.host if request.client is not None else None)
        async with log.transaction() as tx:
            await guesser.require_few(tx)
            row = await cases.by_receipt(tx, claim.receipt_no)
            # An unknown receipt is compared too, so that neither answer nor time tells which of the two was wrong.
            matches = pseudonyms.is_status_code(row.case_no if row is not None else claim.receipt_no, claim.code)
            if row is not None and matches:
                return plain(await _told(tx, row))
            await guesser.was_wrong(tx)
        # Only now is it counted: what is raised within the transaction undoes it.
        raise RefusedError(UNKNOWN_STATUS)

    @app.get("/v1/status/examples", summary="Made-up cases to look at without a receipt; on a local demonstration only")
    async def examples(request: Request) -> Response:
        require_local(request)
        if not request.app.state.about.demo:
            raise RefusedError(UNKNOWN_THING)
        async with log.transaction() as tx:
            told = [_example(row, pseudonyms) for row in await cases.between_cities(tx, EXAMPLES)]
            return plain({"examples": told, "names": await names.of_everything(tx, told)})

    @app.get("/v1/guide", summary="What people may come for, and where they may live")
    async def choices(request: Request) -> Response:
        async with log.transaction() as tx:
            today = local_date(clock.now())
            there, shown = await guide.things(tx, today)
            told = {"things": shown, "things_there": there, "places": guide.places(today), "elsewhere": guide.elsewhere()}
        return packed(request, told)

    @app.post("/v1/guide/find", summary="The things that a part of a name or of a code leaves, the best first; no token")
    async def find(request: Request, part: Part) -> Response:
        async with log.transaction() as tx:
            count, shown = await guide.things(tx, local_date(clock.now()), part.text)
        return packed(request, {"things": shown, "count": count})

    @app.get("/v1/guide/advice", summary="Do I need to go? Where? With what?")
    async def advice(basic_code: Basic, region: Region) -> Response:
        today = local_date(clock.now())
        async with log.transaction() as tx:
            found = await guide.advice(tx, basic_code, region, today)
            if found is None and await guide.is_its_counties(tx, basic_code, region, today):
                raise RefusedError(COUNTY_TO_CHOOSE, field="region")
            if found is None:
                raise RefusedError(UNKNOWN_ITEM_PAGE)
            return plain(found | {"names": await names.of_everything(tx, found)})


def _example(row: cases.CaseRow, pseudonyms: Pseudonyms) -> dict[str, Any]:
    return {
        "receipt_no": row.receipt_no,
        "code": pseudonyms.status_code(row.case_no),
        "item_code": row.item_code,
        "receiving_region": row.receiving_region,
        "handling_region": row.handling_region,
        "situation": row.situation,
    }


async def _told(tx: Tx, row: cases.CaseRow) -> dict[str, Any]:
    events = await events_of(tx, row.journey)
    known = await register.load(tx, (), (), [row.receiving_body, row.holder_body])
    state = folded(events, known.calendars)
    case = state.cases.get(row.case_no)
    moves = (await heard.moves_of(tx, [row.case_no]))[row.case_no]
    clock_now = clock_told(None if case is None else due_of(case, events), moves)
    item = (row.item_code, row.item_version)
    told = status_told(row, state, known.bodies) | {
        "today": local_date(clock.now()),
        "next": None if case is None else next_told(case, events, known.calendars, clock_now["due"]),
        "clock": clock_now,
        "refusal": await heard.refusal_of(tx, row.case_no),
        "messages": await heard.messages_of(tx, row.journey, row.case_no, alone=len(state.cases) == 1),
        "promise": promise_told(promise_of(events)),
        "timeline": [entry for entry in timeline_of(events) if entry["case_no"] in (None, row.case_no)],
        "materials": (await names.materials_of(tx, [item]))[item],
    }
    return told | {"names": await names.of_everything(tx, told)}
