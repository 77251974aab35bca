"""Acceptance, its alternatives and the end of a case: who may accept, from when it counts, when a journey is over."""

from __future__ import annotations

from datetime import datetime

from services.intake.authority import is_mandated, require_competent, require_handler, require_party
from services.intake.commands import Accept, Deliver, NotAccept, NoteDecision, NoteWithdrawal, Withdraw
from services.intake.custody import open_offer_ended, require_no_offer, situation
from services.intake.refusals import (
    ALREADY_ACCEPTED,
    ALREADY_DECIDED,
    ALREADY_DELIVERED,
    CASE_ENDED,
    CORRECTION_OPEN,
    NOT_DECIDED,
    NOT_RECEIVED,
    WITHDRAWAL_IS_APPROVALS,
)
from services.intake.state import (
    Accepted,
    Case,
    CaseFile,
    Decided,
    Delivered,
    InCorrection,
    Journey,
    NotAccepted,
    Received,
    Submitted,
    Withdrawn,
)
from shared.contracts.intake import (
    AcceptanceMode,
    ApplicationAccepted,
    ApplicationNotAccepted,
    ApplicationWithdrawn,
    DecisionNoted,
    IntakeEvent,
    JourneyCompleted,
    JourneyOutcome,
    ResultDelivered,
    WithdrawalNoted,
)
from shared.eventsourcing.errors import RefusedError
from shared.reference.calendar import Calendars
from shared.reference.deadlines import due_date, local_date, notice_clock
from shared.reference.regions import is_from_afar


def clock_start(case: Received) -> datetime | None:
    """From when the five days for a notice count; None while they do not, as `notice_clock` says."""
    terms, held = case.file.terms, case.file.custody
    from_afar = is_from_afar(terms.receiving_region, terms.handling_region, terms.handling_level)
    return notice_clock(case.complete_since, held.taken_at, from_afar=from_afar, at_handler=held.body == terms.handling_body)


def accept(command: Accept, case: Case) -> list[IntakeEvent]:
    """Accept a received case. After a correction the acceptance counts from the day everything was in."""
    _require_concern(command, case)
    match case:
        case Received():
            require_no_offer(case)
            require_competent(command.by, case.file, command.window)
            corrected = any(notice.answered for notice in case.file.notices)
            start = clock_start(case) if corrected else None
            return [accepted(command.case_no, case.file, start or command.now, "normal", command.calendars)]
        case Submitted():
            raise RefusedError(NOT_RECEIVED, state=situation(case))
        case InCorrection():
            raise RefusedError(CORRECTION_OPEN, state=situation(case))
        case Accepted() | Decided() | Delivered():
            return []
        case NotAccepted() | Withdrawn():
            raise RefusedError(CASE_ENDED, state=situation(case))


def _require_concern(command: Accept, case: Case) -> None:
    """Only those whose case it is, and the windows that may accept it, are told what it waits for."""
    if is_mandated(command.by, case.file, command.window):
        return
    if isinstance(case, Submitted | Received | InCorrection):
        require_handler(command.by, case.file)
    else:
        require_party(command.by, case.file)


def accepted(case_no: str, file: CaseFile, at: datetime, mode: AcceptanceMode, calendars: Calendars) -> ApplicationAccepted:
    """The acceptance of a case as of `at`, with both deadlines and the calendar that they were computed by."""
    terms = file.terms
    day = local_date(at)
    promised, statutory = (due_date(day, limit, calendars) for limit in (terms.promised_wd, terms.statutory_wd))
    return ApplicationAccepted(
        case_no=case_no,
        accepted_at=at,
        mode=mode,
        accepted_body=terms.handling_body,
        accepted_region=terms.handling_region,
        item_code=terms.item_code,
        promised_wd=terms.promised_wd,
        statutory_wd=terms.statutory_wd,
        promised_due=promised,
        statutory_due=statutory,
        calendar_version=calendars.version_for(day, max(promised, statutory)),
    )


def not_accept(command: NotAccept, case: Case, journey: Journey) -> list[IntakeEvent]:
    """Turn an application away."""
    require_handler(command.by, case.file)
    match case:
        case Submitted() | Received() | InCorrection():
            require_no_offer(case)
            turned_away = ApplicationNotAccepted(
                case_no=command.case_no,
                reason_code=command.reason_code,
                competent_body=command.competent_body,
                remedies=command.remedies,
            )
            return [turned_away, *completion(command.case_no, "not_accepted", command.now, journey)]
        case NotAccepted():
            return []
        case Accepted() | Decided() | Delivered():
            raise RefusedError(ALREADY_ACCEPTED, state=situation(case))
        case Withdrawn():
            raise RefusedError(CASE_ENDED, state=situation(case))


def withdraw(command: Withdraw, case: Case, journey: Journey) -> list[IntakeEvent]:
    """Take an application back. After acceptance approval takes it, so decision and withdrawal never both happen."""
    require_party(command.by, case.file)
    match case:
        case Submitted() | Received() | InCorrection():
            back = ApplicationWithdrawn(case_no=command.case_no, reason_code=command.reason_code)
            return [*open_offer_ended(case), back, *completion(command.case_no, "withdrawn", command.now, journey)]
        case Withdrawn():
            return []
        case Accepted():
            raise RefusedError(WITHDRAWAL_IS_APPROVALS, state=situation(case))
        case Decided() | Delivered():
            raise RefusedError(ALREADY_DECIDED, state=situation(case))
        case NotAccepted():
            raise RefusedError(CASE_ENDED, state=situation(case))


def deliver(command: Deliver, case: Case, journey: Journey) -> list[IntakeEvent]:
    """Put the result into the applicant's hand; with it the journey is over."""
    require_party(command.by, case.file)
    match case:
        case Decided():
            handed = ResultDelivered(case_no=command.case_no, method=command.method, delivered_at=command.now)
            return [handed, *completion(command.case_no, case.outcome, command.now, journey)]
        case Delivered():
            if case.method == command.method:
                return []
            raise RefusedError(ALREADY_DELIVERED, field="method", state=situation(case))
        case Submitted() | Received() | InCorrection() | Accepted():
            raise RefusedError(NOT_DECIDED, state=situation(case))
        case NotAccepted() | Withdrawn():
            raise RefusedError(CASE_ENDED, state=situation(case))


def note_decision(command: NoteDecision, case: Case) -> list[IntakeEvent]:
    """Hear of a decision. What approval decided is a fact and is noted whatever intake thought."""
    if isinstance(case, Decided | Delivered):
        return []
    noted = DecisionNoted(case_no=command.case_no, outcome=command.outcome, decision_event=command.decision_event)
    return [noted]


def note_withdrawal(command: NoteWithdrawal, case: Case, journey: Journey) -> list[IntakeEvent]:
    """Hear that approval let the applicant withdraw."""
    if isinstance(case, Withdrawn):
        return []
    noted = WithdrawalNoted(case_no=command.case_no, withdrawal_event=command.withdrawal_event)
    return [noted, *completion(command.case_no, "withdrawn", command.now, journey)]


def completion(case_no: str, outcome: JourneyOutcome, at: datetime, journey: Journey) -> list[IntakeEvent]:
    """The end of the journey if this was its last open case. A result in hand outweighs what became of other cases."""
    others = [case for no, case in journey.cases.items() if no != case_no]
    if journey.outcome is not None or not all(isinstance(c, NotAccepted | Withdrawn | Delivered) for c in others):
        return []
    delivered = [case.outcome for case in others if isinstance(case, Delivered)]
    if outcome not in ("granted", "refused") and delivered:
        outcome = delivered[-1]
    return [JourneyCompleted(outcome=outcome, completed_at=at)]
