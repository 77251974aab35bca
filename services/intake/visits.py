"""Visits: recording a trip, taking it off, and moving an anonymous one to the person who made it."""

from __future__ import annotations

from typing import cast

from services.intake.authority import require_venue
from services.intake.commands import Opening, RecordVisit, ReleaseVisit, Venue, VoidVisit
from services.intake.refusals import (
    ATTRIBUTED_BY_ATTRIBUTION,
    FAILURE_NEEDS_CAUSE,
    UNKNOWN_VISIT,
    VISIT_DIFFERS,
    VISIT_HAS_OWNER,
    VISIT_VOIDED,
)
from services.intake.state import Journey
from shared.contracts.envelope import Actor
from shared.contracts.intake import IntakeEvent, JourneyOpened, Responsible, VisitRecorded, VisitVoided
from shared.eventsourcing.errors import RefusedError
from shared.reference.runs import RESPONSIBLE_BY_CAUSE


def opened(opening: Opening, state: Journey) -> list[IntakeEvent]:
    """The opening of the journey if nothing happened on it yet."""
    if state.opened is not None:
        return []
    return [
        JourneyOpened(
            subject_ref=opening.subject_ref,
            item_code=opening.item_code,
            basic_code=opening.basic_code,
            applicant_region=opening.applicant_region,
            declared_visits=opening.declared_visits,
            first_contact=opening.first_contact,
        )
    ]


def record_visit(command: RecordVisit, state: Journey) -> list[IntakeEvent]:
    """A visit is a fact about a day, recorded also after the journey is over. The same visit twice is no news."""
    require_venue(command.by, command.venue)
    visit = _visit(command, state)
    known = state.visits.get(command.visit_id)
    if known is None:
        _require_cause(command)
        return [*opened(command.opening, state), visit]
    if _differs(known, visit):
        raise RefusedError(VISIT_DIFFERS, field="visit_id")
    return []


def _require_cause(command: RecordVisit) -> None:
    # A visit that moves to whoever made it keeps what was recorded of it, also before this rule.
    if command.attributed_from is None and command.outcome != "done" and command.cause == "normal":
        raise RefusedError(FAILURE_NEEDS_CAUSE, field="cause")


def _visit(command: RecordVisit, state: Journey) -> VisitRecorded:
    begun = state.opened
    responsible = command.responsible or cast(Responsible, RESPONSIBLE_BY_CAUSE[command.cause])
    return VisitRecorded(
        visit_id=command.visit_id,
        subject_ref=command.opening.subject_ref if begun is None else begun.subject_ref,
        venue_id=command.venue.venue_id,
        venue_region=command.venue.region,
        venue_kind=command.venue.kind,
        local_date=command.local_date,
        by=command.visitor,
        person_ref=command.person_ref,
        purpose=command.purpose,
        outcome=command.outcome,
        cause=command.cause,
        responsible=responsible,
        source=command.source,
        item_code=command.opening.item_code,
        attributed_from=command.attributed_from,
    )


def _differs(known: VisitRecorded, asked: VisitRecorded) -> bool:
    # Where a visit was moved from, and whether the venue was renamed since, is no part of what happened that day.
    names = ("venue_id", "local_date", "by", "purpose", "outcome", "cause", "source", "item_code")
    return any(getattr(known, name) != getattr(asked, name) for name in names)


def void_visit(command: VoidVisit, state: Journey) -> list[IntakeEvent]:
    """Take a visit off. Its record stays."""
    visit = _known(command.by, command, state)
    if command.reason_code == "attributed":
        raise RefusedError(ATTRIBUTED_BY_ATTRIBUTION, field="reason_code")
    match state.voided.get(visit.visit_id):
        case None:
            return [VisitVoided(visit_id=visit.visit_id, reason_code=command.reason_code)]
        case "attributed":
            # It counts on another journey, where alone it can be taken off.
            raise RefusedError(VISIT_HAS_OWNER, field="visit_id")
        case _:
            return []


def release_visit(command: ReleaseVisit, state: Journey) -> list[IntakeEvent]:
    """Let an anonymous visit go to a known journey. Only a standing visit of nobody can go."""
    visit = _known(command.by, command, state)
    if state.opened is not None and state.opened.subject_ref is not None:
        raise RefusedError(VISIT_HAS_OWNER, field="visit_id")
    match state.voided.get(visit.visit_id):
        case None:
            return [VisitVoided(visit_id=visit.visit_id, reason_code="attributed")]
        case "attributed":
            return []
        case _:
            raise RefusedError(VISIT_VOIDED, field="visit_id")


def _known(by: Actor, command: VoidVisit | ReleaseVisit, state: Journey) -> VisitRecorded:
    visit = state.visits.get(command.visit_id)
    if visit is None:
        raise RefusedError(UNKNOWN_VISIT, field="visit_id")
    where = Venue(visit.venue_id, visit.venue_region, visit.venue_kind, frozenset())
    require_venue(by, where)
    return visit
