"""Moving an anonymous visit to the journey of the person who made it: two streams, one transaction.

The old journey lets the visit go and the new one records it with all its facts, so nobody who reads either stream ever has
to look anything up in the other. Both happen now: before now the visit was nobody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.intake import commands, journeys, people, register
from services.intake.authority import require_role
from services.intake.decider import journey_decider
from services.intake.people import Pseudonyms
from services.intake.placement import Placement
from services.intake.read_models import keep_in_step
from services.intake.refusals import UNKNOWN_VISIT, VISIT_HAS_OWNER
from services.intake.resolution import Resolver, wanted_by
from shared.contracts import commands as wire
from shared.contracts.envelope import Envelope
from shared.contracts.ids import journey_stream
from shared.contracts.ingress import Receipt
from shared.contracts.intake import VisitRecorded
from shared.eventsourcing.errors import RefusedError, VersionConflictError
from shared.eventsourcing.plan import Applied, Context, NewEvent, Order, Outcome, Refused
from shared.postgres.event_log import Tx
from shared.runtime.requests import Asked, receipt, refusal


async def attribute_visit(tx: Tx, pseudonyms: Pseudonyms, asked: Asked) -> Receipt:
    """Move a visit. Again for the same person it is in effect already; for another person it is refused."""
    try:
        return await _attribute(tx, pseudonyms, asked)
    except RefusedError as error:
        return refusal(asked, error)


async def _attribute(tx: Tx, pseudonyms: Pseudonyms, asked: Asked) -> Receipt:
    command = asked.command
    assert isinstance(command, wire.AttributeVisit)
    require_role(asked.caller.role, type(command))
    origin = (await journeys.of_visits(tx, [command.visit_id])).get(command.visit_id)
    if origin is None:
        raise RefusedError(UNKNOWN_VISIT, field="visit_id")
    owner = await journeys.subject_of(tx, origin)
    if owner is not None:
        if owner != pseudonyms.subject_ref(command.applicant.id_no):
            raise RefusedError(VISIT_HAS_OWNER, field="visit_id")
        return receipt(asked, Applied(()), case_no=None, journey=str(origin))
    recorded = await _recorded(tx, origin, command.visit_id)
    return await _move(tx, pseudonyms, asked, command, origin, recorded)


async def _recorded(tx: Tx, journey: UUID, visit_id: UUID) -> Envelope[Any]:
    for event in await journeys.events_of(tx, journey):
        if isinstance(event.data, VisitRecorded) and event.data.visit_id == visit_id:
            return event
    raise RefusedError(UNKNOWN_VISIT, field="visit_id")


async def _move(
    tx: Tx, pseudonyms: Pseudonyms, asked: Asked, command: wire.AttributeVisit, origin: UUID, recorded: Envelope[Any]
) -> Receipt:
    visit: VisitRecorded = recorded.data
    codes = wanted_by([asked])
    known = await register.load(tx, {visit.item_code}, (), codes.bodies)
    resolver = Resolver(known, {}, {}, pseudonyms)
    draft, wanted = resolver.attribution(asked, command.applicant, visit, origin, recorded.time)
    placement, before = Placement({}, {}), len(tx.appended)
    journey = (await placement.join(tx, [draft]))[wanted].journey

    context = asked.context(pseudonyms.staff)
    release = commands.ReleaseVisit(asked.now, resolver.actor(asked), command.visit_id)
    orders = [
        _order(origin, release, replace(context, reaction="release")),
        _order(journey, draft.command, context),
    ]
    outcomes = await tx.act(journey_decider(known.calendars), orders, whole=True)
    released = outcomes[0]
    if isinstance(released, Applied) and not released.events:
        # Somebody gave the visit to a person after we found it to be nobody's: look again.
        raise VersionConflictError
    await placement.settle(tx, tx.appended[before:])
    await keep_in_step(tx, tx.appended[before:])
    applied = _applied(outcomes)
    await journeys.move_visit(tx, command.visit_id, journey)
    await people.keep(tx, [] if draft.left is None else [draft.left])
    return receipt(asked, Applied(applied), case_no=None, journey=str(journey))


def _applied(outcomes: Sequence[Outcome]) -> tuple[NewEvent, ...]:
    """What was recorded. Raises the refusal, if one of the two steps was refused."""
    events: list[NewEvent] = []
    for outcome in outcomes:
        if isinstance(outcome, Refused):
            raise outcome.error
        events += outcome.events
    return tuple(events)


def _order(journey: UUID, command: commands.JourneyCommand, context: Context) -> Order[commands.JourneyCommand]:
    return Order(journey_stream(journey), str(journey), command, context)
