"""Custody: at every instant exactly one body holds a case. Only taking an offer moves it, before acceptance alone."""

from __future__ import annotations

from services.intake.authority import require_body, require_holder
from services.intake.commands import AcceptCustody, OfferCustody, ReturnCustody, WithdrawCustodyOffer
from services.intake.refusals import (
    CASE_ENDED,
    MOVES_BEFORE_ACCEPTANCE,
    OFFER_CLOSED,
    OFFER_OPEN,
    OFFER_TO_HOLDER,
    UNKNOWN_HANDOVER,
)
from services.intake.state import (
    Accepted,
    Case,
    Decided,
    Delivered,
    Handover,
    HandoverEnd,
    InCorrection,
    NotAccepted,
    Received,
    Submitted,
    Withdrawn,
)
from shared.contracts.intake import CustodyAccepted, CustodyOffered, CustodyOfferWithdrawn, CustodyReturned, IntakeEvent
from shared.eventsourcing.errors import RefusedError
from shared.reference.deadlines import CUSTODY_WD, local_date

Answer = AcceptCustody | ReturnCustody | WithdrawCustodyOffer


def require_no_offer(case: Case) -> None:
    """Raises `RefusedError` while an offer waits for its answer."""
    if case.file.custody.offer is not None:
        raise RefusedError(OFFER_OPEN, state="offer-open")


def _require_movable(case: Case) -> None:
    match case:
        case Submitted() | Received() | InCorrection():
            return
        case Accepted() | Decided():
            raise RefusedError(MOVES_BEFORE_ACCEPTANCE, state=situation(case))
        case NotAccepted() | Withdrawn() | Delivered():
            raise RefusedError(CASE_ENDED, state=situation(case))


def situation(case: Case) -> str:
    """The machine word for a case's situation, as answers and pages show it."""
    return _SITUATIONS[type(case)]


_SITUATIONS: dict[type[Case], str] = {
    Submitted: "submitted",
    Received: "received",
    InCorrection: "in-correction",
    Accepted: "accepted",
    NotAccepted: "not-accepted",
    Withdrawn: "withdrawn",
    Decided: "decided",
    Delivered: "delivered",
}
SITUATIONS = tuple(_SITUATIONS.values())


def offer_custody(command: OfferCustody, case: Case) -> list[IntakeEvent]:
    """Offer the case to another body; the same offer again is no news, another one has to wait."""
    require_holder(command.by, case.file)
    _require_movable(case)
    held = case.file.custody
    if held.offer is not None and held.offer.to_body == command.to_body:
        return []
    require_no_offer(case)
    if command.to_body == held.body:
        raise RefusedError(OFFER_TO_HOLDER, field="to_body")
    today = local_date(command.now)
    return [
        CustodyOffered(
            case_no=command.case_no,
            handover_no=f"H{len(held.handovers) + 1}",
            from_body=held.body,
            from_region=held.region,
            to_body=command.to_body,
            to_region=command.to_region,
            medium=command.medium,
            due=command.calendars.add_working_days(today, CUSTODY_WD[command.medium]),
        )
    ]


def accept_custody(command: AcceptCustody, case: Case) -> list[IntakeEvent]:
    """Take the case; from here on this body holds it."""
    handover = _meant(command, case)
    require_body(command.by, handover.to_body, handover.to_region)
    if _is_answered(handover, "accepted", case):
        return []
    return [CustodyAccepted(case_no=command.case_no, handover_no=handover.handover_no)]


def return_custody(command: ReturnCustody, case: Case) -> list[IntakeEvent]:
    """Decline the case; the holder stays."""
    handover = _meant(command, case)
    require_body(command.by, handover.to_body, handover.to_region)
    if _is_answered(handover, "returned", case):
        return []
    return [CustodyReturned(case_no=command.case_no, handover_no=handover.handover_no, reason_code=command.reason_code)]


def withdraw_offer(command: WithdrawCustodyOffer, case: Case) -> list[IntakeEvent]:
    """Take the offer back; the holder stays."""
    handover = _meant(command, case)
    require_holder(command.by, case.file)
    if _is_answered(handover, "withdrawn", case):
        return []
    return [CustodyOfferWithdrawn(case_no=command.case_no, handover_no=handover.handover_no)]


def open_offer_ended(case: Case) -> list[IntakeEvent]:
    """The end of the open offer of a case that is over: nobody has to answer it any more."""
    offer = case.file.custody.offer
    if offer is None:
        return []
    return [CustodyOfferWithdrawn(case_no=case.file.terms.case_no, handover_no=offer.handover_no)]


def _meant(command: Answer, case: Case) -> Handover:
    handovers = case.file.custody.handovers
    if command.handover_no is None and handovers:
        return handovers[-1]
    for handover in handovers:
        if handover.handover_no == command.handover_no:
            return handover
    raise RefusedError(UNKNOWN_HANDOVER, field="handover_no")


def _is_answered(handover: Handover, wanted: HandoverEnd, case: Case) -> bool:
    if handover.ended is None:
        _require_movable(case)
        return False
    if handover.ended != wanted:
        raise RefusedError(OFFER_CLOSED, state=f"offer-{handover.ended}")
    return True
