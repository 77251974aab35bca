"""The one decider of a journey: which rule answers which command, and what each situation waits for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never

from services.intake import acceptance, custody, materials, visits
from services.intake.authority import require_body
from services.intake.commands import (
    Accept,
    AcceptCustody,
    CaseCommand,
    Deliver,
    IssueCorrection,
    JourneyCommand,
    NotAccept,
    NoteDecision,
    NoteWithdrawal,
    OfferCustody,
    Receive,
    RecordVisit,
    ReleaseVisit,
    ReturnCustody,
    SubmitApplication,
    SubmitCorrection,
    TimePassed,
    VoidVisit,
    Withdraw,
    WithdrawCustodyOffer,
)
from services.intake.refusals import JOURNEY_OVER, UNKNOWN_CASE
from services.intake.state import Case, InCorrection, Journey, Received, evolve
from shared.contracts.intake import (
    ApplicationSubmitted,
    CorrectionExpired,
    IntakeEvent,
    JourneyCompleted,
)
from shared.eventsourcing.decider import Decider, Timer
from shared.eventsourcing.errors import RefusedError
from shared.reference.calendar import Calendars
from shared.reference.deadlines import deemed_at, local_date, start_of_day

LAPSE_AFTER = timedelta(days=90)
"""A journey that had no case for this long is over; a visit after that begins a new one."""

DEEMED = "deemed-acceptance"
EXPIRY = "correction-expiry"
LAPSE = "lapse"


def decide(command: JourneyCommand, state: Journey) -> list[IntakeEvent]:
    """The facts that follow from `command`. Raises `RefusedError` if a rule says no."""
    match command:
        case RecordVisit():
            return visits.record_visit(command, state)
        case VoidVisit():
            return visits.void_visit(command, state)
        case ReleaseVisit():
            return visits.release_visit(command, state)
        case SubmitApplication():
            return submit_application(command, state)
        case TimePassed():
            return pass_time(command, state)
        case _:
            return _decide_case(command, state)


def _decide_case(command: CaseCommand, state: Journey) -> list[IntakeEvent]:
    case = state.cases.get(command.case_no)
    if case is None:
        raise RefusedError(UNKNOWN_CASE, field="case_no")
    match command:
        case Withdraw():
            return acceptance.withdraw(command, case, state)
        case Receive():
            return materials.receive(command, case)
        case IssueCorrection():
            return materials.issue_correction(command, case)
        case SubmitCorrection():
            return materials.submit_correction(command, case)
        case Accept():
            return acceptance.accept(command, case)
        case NotAccept():
            return acceptance.not_accept(command, case, state)
        case OfferCustody():
            return custody.offer_custody(command, case)
        case AcceptCustody():
            return custody.accept_custody(command, case)
        case ReturnCustody():
            return custody.return_custody(command, case)
        case WithdrawCustodyOffer():
            return custody.withdraw_offer(command, case)
        case Deliver():
            return acceptance.deliver(command, case, state)
        case NoteDecision():
            return acceptance.note_decision(command, case)
        case NoteWithdrawal():
            return acceptance.note_withdrawal(command, case, state)
        case _:
            assert_never(command)


def submit_application(command: SubmitApplication, state: Journey) -> list[IntakeEvent]:
    """Apply. The case number is a function of the request, so the same request again finds its own case."""
    if not command.virtual:
        require_body(command.by, command.receiving_body, command.receiving_region)
    if command.case_no in state.cases:
        return []
    if state.outcome is not None:
        raise RefusedError(JOURNEY_OVER, state=state.outcome)
    item = command.item
    submitted = ApplicationSubmitted(
        case_no=command.case_no,
        item_code=item.item_code,
        basic_code=item.basic_code,
        item_version=item.version,
        declared_visits=item.declared_visits,
        promised_wd=item.promised_wd,
        statutory_wd=item.statutory_wd,
        channel=command.channel,
        virtual=command.virtual,
        subject_ref=command.subject_ref,
        applicant_region=command.applicant_region,
        receiving_body=command.receiving_body,
        receiving_region=command.receiving_region,
        handling_body=item.body,
        handling_region=item.region,
        handling_level=item.level,
        materials=command.materials,
    )
    return [*visits.opened(command.opening, state), submitted]


def pass_time(command: TimePassed, state: Journey) -> list[IntakeEvent]:
    """What becomes true because time passed; nothing if the journey no longer waits for this."""
    if Timer(command.now, command.kind, command.case_no) not in timers(state, command.calendars):
        return []
    if command.case_no is None:
        return [JourneyCompleted(outcome="lapsed", completed_at=command.now)]
    case = state.cases[command.case_no]
    if isinstance(case, InCorrection):
        return [CorrectionExpired(case_no=command.case_no, notice_no=case.file.notices[-1].notice_no)]
    start = acceptance.clock_start(case) if isinstance(case, Received) else None
    if start is None:
        raise AssertionError("only a received case whose clock runs waits to be accepted")
    return [acceptance.accepted(command.case_no, case.file, start, "deemed", command.calendars)]


def timers(state: Journey, calendars: Calendars) -> frozenset[Timer]:
    """What the journey waits for: acceptance by silence, the end of a correction, or its own lapse."""
    if state.opened is None or state.outcome is not None:
        return frozenset()
    if not state.cases:
        return frozenset({Timer(state.opened.first_contact + LAPSE_AFTER, LAPSE)})
    waits = (_waits_for(case_no, case, calendars) for case_no, case in state.cases.items())
    return frozenset(timer for timer in waits if timer is not None)


def _waits_for(case_no: str, case: Case, calendars: Calendars) -> Timer | None:
    match case:
        case Received():
            due = _deemed_due(case, calendars)
            return None if due is None else Timer(due, DEEMED, case_no)
        case InCorrection():
            notice = case.file.notices[-1]
            if notice.expired:
                return None
            return Timer(start_of_day(notice.due + timedelta(days=1)), EXPIRY, case_no)
        case _:
            return None


def _deemed_due(case: Received, calendars: Calendars) -> datetime | None:
    start = acceptance.clock_start(case)
    if start is None or case.file.custody.offer is not None:
        return None
    due = deemed_at(local_date(start), calendars)
    free_since = case.file.custody.free_since
    # An offer that ended after the five days blocked silence until then.
    return due if free_since is None else max(due, free_since)


def journey_decider(calendars: Calendars) -> Decider[JourneyCommand, Journey]:
    """The decider under these working calendars, which only its timers and what they cause depend on."""

    def waiting(state: Journey) -> frozenset[Timer]:
        return timers(state, calendars)

    def elapse(timer: Timer) -> JourneyCommand:
        return TimePassed(timer.due_at, timer.kind, timer.case_no, calendars)

    return Decider(Journey(), decide, evolve, waiting, elapse)
