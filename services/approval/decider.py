"""What approval decides about a case, and which signals its clock will raise."""

from __future__ import annotations

from datetime import date, timedelta
from typing import assert_never

from services.approval.commands import (
    CaseCommand,
    Command,
    Decide,
    EndSpecialProcedure,
    Extend,
    RecomputeDeadlines,
    StartSpecialProcedure,
    TakeCase,
    TimePassed,
    WithdrawCase,
)
from services.approval.refusals import (
    ALREADY_DECIDED,
    ALREADY_WITHDRAWN,
    EXTENDED_BEFORE,
    EXTENDED_TOO_LATE,
    EXTENSION_TOO_LONG,
    NOT_SUSPENDED,
    REFUSAL_INCOMPLETE,
    SUSPENDED,
    UNKNOWN_CASE,
)
from services.approval.state import NOTHING, Case, Decided, Journey, Running, Withdrawn, evolve
from shared.contracts.approval import (
    ApprovalEvent,
    CaseTaken,
    CaseWithdrawn,
    DeadlineRecomputed,
    DeadlineReminderRaised,
    DecisionMade,
    RedCardIssued,
    SpecialProcedureEnded,
    SpecialProcedureStarted,
    TimeLimitExtended,
    YellowCardIssued,
)
from shared.eventsourcing.decider import Decider, Timer
from shared.eventsourcing.errors import RefusedError
from shared.reference.calendar import Calendars, WorkingCalendar
from shared.reference.clock import RULE_NO, CardKind, threshold_days
from shared.reference.deadlines import Pause, due_date, local_date, start_of_day, used_working_days

EXTENSION_WD_MAX = 10
"""Licensing Law Art. 42, for a body that decides alone."""
_CARDS: dict[CardKind, type[DeadlineReminderRaised | YellowCardIssued | RedCardIssued]] = {
    "reminder": DeadlineReminderRaised,
    "yellow": YellowCardIssued,
    "red": RedCardIssued,
}


def journey_decider(calendars: Calendars) -> Decider[Command, Journey]:
    """The decider under these working calendars."""

    def decide(command: Command, journey: Journey) -> list[ApprovalEvent]:
        return decide_journey(command, journey, calendars)

    def timers(journey: Journey) -> frozenset[Timer]:
        return waits_for(journey, calendars)

    return Decider(NOTHING, decide, evolve, timers, lambda timer: TimePassed(timer.due_at, timer.kind, timer.case_no))


def decide_journey(command: Command, journey: Journey, calendars: Calendars) -> list[ApprovalEvent]:
    """The facts that follow from `command`: `[]` if it is in effect already. Raises `RefusedError`."""
    match command:
        case TakeCase():
            return take(command, journey, calendars)
        case RecomputeDeadlines():
            return recompute(command, journey, calendars)
        case TimePassed():
            return time_passed(command, journey, calendars)
        case _:
            return decide_case(command, find(command.case_no, journey), calendars)


def find(case_no: str, journey: Journey) -> Case:
    """The case. Raises `RefusedError` if the journey has none of that number here."""
    case = journey.get(case_no)
    if case is None:
        raise RefusedError(UNKNOWN_CASE, field="case_no")
    return case


def decide_case(command: CaseCommand, case: Case, calendars: Calendars) -> list[ApprovalEvent]:
    """Only a running case can be acted on; the same act again is quiet, another one meets what happened first."""
    match case:
        case Running():
            return act(command, case, calendars)
        case Decided(outcome=outcome, document_no=document_no):
            if isinstance(command, Decide) and (command.outcome, command.document_no) == (outcome, document_no):
                return []
            raise RefusedError(ALREADY_DECIDED, state=outcome)
        case Withdrawn():
            if isinstance(command, WithdrawCase):
                return []
            raise RefusedError(ALREADY_WITHDRAWN, state="withdrawn")
        case _:
            assert_never(case)


def act(command: CaseCommand, case: Running, calendars: Calendars) -> list[ApprovalEvent]:
    """An act on an undecided case."""
    match command:
        case StartSpecialProcedure():
            return start_procedure(command, case)
        case EndSpecialProcedure():
            return end_procedure(command, case, calendars)
        case Extend():
            return extend(command, case, calendars)
        case Decide():
            return make_decision(command, case, calendars)
        case WithdrawCase():
            return [CaseWithdrawn(case_no=command.case_no, reason_code=command.reason_code)]
        case _:
            assert_never(command)


def take(command: TakeCase, journey: Journey, calendars: Calendars) -> list[ApprovalEvent]:
    """Hold an accepted case, with its due dates moved if a calendar came between its acceptance and this."""
    accepted = command.acceptance
    if accepted.case_no in journey:
        return []
    taken = CaseTaken(
        case_no=accepted.case_no,
        body=accepted.accepted_body,
        item_code=accepted.item_code,
        accepted_at=accepted.accepted_at,
        promised_wd=accepted.promised_wd,
        statutory_wd=accepted.statutory_wd,
        promised_due=accepted.promised_due,
        statutory_due=accepted.statutory_due,
        calendar_version=accepted.calendar_version,
    )
    # Catalogue and acceptances come in no order. By older calendars than intake's nothing is moved back: a newer one is coming.
    newer = calendars.newer_than(accepted.calendar_version)
    if not newer:
        return [taken]
    held = evolve(NOTHING, taken, command.now)
    return [taken, *recompute(RecomputeDeadlines(command.now, cause_of(newer[-1])), held, calendars)]


def cause_of(calendar: WorkingCalendar) -> str:
    """How a moved deadline names the calendar that moved it."""
    return f"calendar-{calendar.label}"


def start_procedure(command: StartSpecialProcedure, case: Running) -> list[ApprovalEvent]:
    if case.suspended:
        raise RefusedError(SUSPENDED, state="suspended")
    started = SpecialProcedureStarted(
        case_no=command.case_no, kind=command.kind, basis=command.basis, expected_wd=command.expected_wd
    )
    return [started]


def end_procedure(command: EndSpecialProcedure, case: Running, calendars: Calendars) -> list[ApprovalEvent]:
    if not case.suspended:
        raise RefusedError(NOT_SUSPENDED, state="running")
    pauses = (*case.pauses[:-1], Pause(case.pauses[-1].started_on, local_date(command.now)))
    promised, statutory = dues(case, pauses, case.extended_wd, calendars)
    ended = SpecialProcedureEnded(case_no=command.case_no, result=command.result, promised_due=promised, statutory_due=statutory)
    return [ended]


def extend(command: Extend, case: Running, calendars: Calendars) -> list[ApprovalEvent]:
    if case.suspended:
        raise RefusedError(SUSPENDED, state="suspended")
    if case.extended_wd:
        raise RefusedError(EXTENDED_BEFORE, state="extended")
    if command.days > EXTENSION_WD_MAX:
        raise RefusedError(EXTENSION_TOO_LONG, field="days")
    # Art. 42 extends a limit, and what is over is none: a late decision would become one in time.
    if local_date(command.now) > case.promised_due:
        raise RefusedError(EXTENDED_TOO_LATE, state="overdue")
    promised, statutory = dues(case, case.pauses, command.days, calendars)
    extended = TimeLimitExtended(
        case_no=command.case_no,
        days=command.days,
        approver=command.approver,
        reason_code=command.reason_code,
        promised_due=promised,
        statutory_due=statutory,
    )
    return [extended]


def dues(case: Running, pauses: tuple[Pause, ...], extended_wd: int, calendars: Calendars) -> tuple[date, date]:
    """The promised and the statutory due date."""
    terms = case.terms
    promised = due_date(terms.accepted_on, terms.promised_wd, calendars, pauses, extended_wd)
    return promised, due_date(terms.accepted_on, terms.statutory_wd, calendars, pauses, extended_wd)


def make_decision(command: Decide, case: Running, calendars: Calendars) -> list[ApprovalEvent]:
    if case.suspended:
        raise RefusedError(SUSPENDED, state="suspended")
    if command.outcome == "refused" and not (command.reason_codes and command.remedies):
        raise RefusedError(REFUSAL_INCOMPLETE, field="reason_codes" if not command.reason_codes else "remedies")
    decided_on = local_date(command.now)
    made = DecisionMade(
        case_no=command.case_no,
        body=case.terms.body,
        officer_ref=command.officer_ref,
        outcome=command.outcome,
        document_no=command.document_no,
        reason_codes=command.reason_codes,
        remedies=command.remedies,
        decided_at=command.now,
        net_wd_used=used_working_days(case.terms.accepted_on, decided_on + timedelta(days=1), calendars, case.pauses),
        on_time=decided_on <= case.promised_due,
        statutory_met=decided_on <= case.statutory_due,
    )
    return [made]


def recompute(command: RecomputeDeadlines, journey: Journey, calendars: Calendars) -> list[ApprovalEvent]:
    """New due dates for the undecided cases whose dates the calendar moved."""
    found: list[ApprovalEvent] = []
    for case_no, case in sorted(journey.items()):
        if not isinstance(case, Running):
            continue
        promised, statutory = dues(case, case.pauses, case.extended_wd, calendars)
        if (promised, statutory) != (case.promised_due, case.statutory_due):
            found.append(DeadlineRecomputed(case_no=case_no, cause=command.cause, promised_due=promised, statutory_due=statutory))
    return found


def waits_for(journey: Journey, calendars: Calendars) -> frozenset[Timer]:
    """The signals still to be raised, each at the start of its day; none while the clock stands still."""
    found = set()
    for case_no, case in journey.items():
        if not isinstance(case, Running) or case.suspended:
            continue
        terms = case.terms
        days = threshold_days(terms.accepted_on, terms.promised_wd, calendars, case.pauses, case.extended_wd)
        for kind, day in days.items():
            if kind not in case.raised:
                found.add(Timer(start_of_day(day), kind, case_no))
    return frozenset(found)


def time_passed(command: TimePassed, journey: Journey, calendars: Calendars) -> list[ApprovalEvent]:
    """Raise only what is still waited for: between the timer and now the case may have been decided."""
    if Timer(command.now, command.kind, command.case_no) not in waits_for(journey, calendars):
        return []
    case = journey[command.case_no or ""]
    assert isinstance(case, Running)
    kind: CardKind = command.kind  # type: ignore[assignment]
    raised = _CARDS[kind](
        case_no=case.terms.case_no,
        rule_no=RULE_NO[kind],
        due=case.promised_due,
        used_wd=used_working_days(case.terms.accepted_on, local_date(command.now), calendars, case.pauses),
        body=case.terms.body,
    )
    return [raised]
