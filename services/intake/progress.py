"""Where a case is and what happens next, as staff and citizens are told. Pure: a journey in, plain values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.intake.cases import CaseRow
from services.intake.custody import situation
from services.intake.state import Accepted, Case, Decided, Delivered, InCorrection, Journey, NotAccepted, Notice
from shared.contracts.intake import VisitRecorded
from shared.reference.regions import city_of

_STARTED, _ENDED = "special-procedure-started", "special-procedure-ended"


def row_told(row: CaseRow) -> dict[str, Any]:
    """One line of a desk's list."""
    return {
        "case_no": row.case_no,
        "journey": str(row.journey),
        "receipt_no": row.receipt_no,
        "subject_ref": row.subject_ref,
        "item_code": row.item_code,
        "item_version": row.item_version,
        "situation": row.situation,
        "submitted_at": _instant(row.submitted_at),
        "changed_at": _instant(row.changed_at),
        "due": None if row.due is None else row.due.isoformat(),
        "holder_body": row.holder_body,
        "holder_region": row.holder_region,
        "offered_body": row.offered_body,
        "offered_due": None if row.offered_due is None else row.offered_due.isoformat(),
        "receiving_body": row.receiving_body,
        "receiving_region": row.receiving_region,
        "handling_body": row.handling_body,
        "handling_region": row.handling_region,
    }


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def journey_told(journey: UUID, state: Journey) -> dict[str, Any]:
    """A whole journey for staff: no name, no contact, pseudonyms and codes only."""
    begun = state.opened
    return {
        "journey": str(journey),
        "subject_ref": None if begun is None else begun.subject_ref,
        "item_code": None if begun is None else begun.item_code,
        "declared_visits": None if begun is None else begun.declared_visits,
        "first_contact": None if begun is None else _instant(begun.first_contact),
        "outcome": state.outcome,
        "visits": [_visit_told(visit, state.voided.get(visit.visit_id)) for visit in state.visits.values()],
        "cases": [case_told(case) for case in state.cases.values()],
    }


def _visit_told(visit: VisitRecorded, voided: str | None) -> dict[str, Any]:
    return {
        "visit_id": str(visit.visit_id),
        "venue_id": visit.venue_id,
        "venue_region": visit.venue_region,
        "local_date": visit.local_date.isoformat(),
        "by": visit.by,
        "purpose": visit.purpose,
        "outcome": visit.outcome,
        "cause": visit.cause,
        "responsible": visit.responsible,
        "source": visit.source,
        "attributed_from": None if visit.attributed_from is None else str(visit.attributed_from),
        "voided": voided,
    }


def case_told(case: Case) -> dict[str, Any]:
    """One case for staff, with its notices and hand-overs."""
    terms, held = case.file.terms, case.file.custody
    told: dict[str, Any] = {
        "case_no": terms.case_no,
        "item_code": terms.item_code,
        "item_version": terms.item_version,
        "channel": terms.channel,
        "virtual": terms.virtual,
        "situation": situation(case),
        "receiving_body": terms.receiving_body,
        "receiving_region": terms.receiving_region,
        "handling_body": terms.handling_body,
        "handling_region": terms.handling_region,
        "holder_body": held.body,
        "holder_region": held.region,
        "received_at": None if case.file.receipt is None else _instant(case.file.receipt.at),
        "notices": [notice_told(notice) for notice in case.file.notices],
        "handovers": [
            {"handover_no": h.handover_no, "to_body": h.to_body, "due": h.due.isoformat(), "ended": h.ended or "open"}
            for h in held.handovers
        ],
    }
    return told | _result_told(case)


def _result_told(case: Case) -> dict[str, Any]:
    match case:
        case Accepted():
            return {"accepted_at": _instant(case.accepted_at)}
        case NotAccepted():
            return {"reason_code": case.reason_code, "competent_body": case.competent_body, "remedies": list(case.remedies)}
        case Decided():
            return {"outcome": case.outcome}
        case Delivered():
            return {"outcome": case.outcome, "method": case.method}
        case _:
            return {}


def notice_told(notice: Notice) -> dict[str, Any]:
    """What is missing and until when."""
    return {
        "notice_no": notice.notice_no,
        "ordinal": notice.ordinal,
        "missing": [{"code": code, "reason_code": reason} for code, reason in sorted(notice.missing)],
        "due": notice.due.isoformat(),
        "answered": notice.answered,
        "expired": notice.expired,
    }


def status_told(row: CaseRow, state: Journey, seats: Mapping[str, str]) -> dict[str, Any]:
    """What a citizen learns with the receipt number and the code: what is missing, where, and by when.

    `seats`: the region of each body. What is sent without a visit counts where its applicant lives; nobody has to go there.
    """
    case = state.cases.get(row.case_no)
    told: dict[str, Any] = {
        "case_no": row.case_no,
        "receipt_no": row.receipt_no,
        "item_code": row.item_code,
        "situation": row.situation,
        "submitted_at": _instant(row.submitted_at),
        "changed_at": _instant(row.changed_at),
        "due": None if row.due is None else row.due.isoformat(),
        "holder_body": row.holder_body,
        "holder_city": city_of(seats.get(row.holder_body, row.holder_region)),
        "receiving_body": row.receiving_body,
        "receiving_city": city_of(seats.get(row.receiving_body, row.receiving_region)),
        "online": row.submitted_role == "portal",
        "handling_body": row.handling_body,
    }
    if isinstance(case, InCorrection):
        told["correction"] = notice_told(case.file.notices[-1])
    if case is not None:
        told |= _result_told(case)
    return told


def clock_told(first: date | None, moves: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How the promised day moved from `first`, the one of the acceptance, and what stops the clock now, if anything."""
    told, due, halted, kind = list[dict[str, Any]](), first, None, None
    for move in moves:
        if move["fact"] == _STARTED:
            kind = move["reason"]
            halted = {"since": move["at"], "kind": kind, "expected_wd": move["days"]}
        elif move["fact"] == _ENDED:
            halted = None
        moved = move["promised_due"]
        if moved is not None:
            # What it stood still for moved the day, not how that ended.
            why = kind if move["fact"] == _ENDED else move["reason"]
            told.append({"at": move["at"], "fact": move["fact"], "reason": why, "days": move["days"], "was": due, "is": moved})
            due = moved
    return {"due": due, "halted": halted, "moves": told}
