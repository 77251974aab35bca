"""Facts of approval: the clock of an accepted case, what stops it, and the decision. Topic `gov.approval.events.v1`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from shared.contracts.base import BodyCode, CaseNo, Code, Days, Fact, Instant, Label, LocalDate, SubjectRef
from shared.contracts.intake import DecisionOutcome

ProcedureKind = Literal["hearing", "tender", "auction", "inspection", "test", "quarantine", "appraisal", "expert_review", "other"]
ProcedureResult = Literal["completed", "cancelled"]


class CaseTaken(Fact):
    """Approval holds the accepted case and its clock from here on."""

    type: ClassVar[Literal["gov.approval.case-taken.v1"]] = "gov.approval.case-taken.v1"
    case_no: CaseNo
    body: BodyCode
    item_code: Code
    accepted_at: Instant
    promised_wd: Days
    statutory_wd: Days
    promised_due: LocalDate
    statutory_due: LocalDate
    calendar_version: Label


class SpecialProcedureStarted(Fact):
    """The clock stands still for a hearing, inspection or the like (Licensing Law Art. 45)."""

    type: ClassVar[Literal["gov.approval.special-procedure-started.v1"]] = "gov.approval.special-procedure-started.v1"
    case_no: CaseNo
    kind: ProcedureKind
    basis: Code
    expected_wd: Days


class SpecialProcedureEnded(Fact):
    """The clock runs again, with the due dates moved by the time it stood still."""

    type: ClassVar[Literal["gov.approval.special-procedure-ended.v1"]] = "gov.approval.special-procedure-ended.v1"
    case_no: CaseNo
    result: ProcedureResult
    promised_due: LocalDate
    statutory_due: LocalDate


class TimeLimitExtended(Fact):
    """The head of the body allowed more working days, once, with a reason (Licensing Law Art. 42)."""

    type: ClassVar[Literal["gov.approval.time-limit-extended.v1"]] = "gov.approval.time-limit-extended.v1"
    case_no: CaseNo
    days: Days
    approver: SubjectRef
    reason_code: Code
    promised_due: LocalDate
    statutory_due: LocalDate


class DeadlineRecomputed(Fact):
    """A published calendar moved the due dates of an open case."""

    type: ClassVar[Literal["gov.approval.deadline-recomputed.v1"]] = "gov.approval.deadline-recomputed.v1"
    case_no: CaseNo
    cause: Code
    promised_due: LocalDate
    statutory_due: LocalDate


class CaseWithdrawn(Fact):
    """The applicant withdrew an accepted case before its decision."""

    type: ClassVar[Literal["gov.approval.case-withdrawn.v1"]] = "gov.approval.case-withdrawn.v1"
    case_no: CaseNo
    reason_code: Code


class DecisionMade(Fact):
    """The body granted or refused. A refusal names reasons and remedies (Licensing Law Art. 38)."""

    type: ClassVar[Literal["gov.approval.decision-made.v1"]] = "gov.approval.decision-made.v1"
    case_no: CaseNo
    body: BodyCode
    officer_ref: SubjectRef
    outcome: DecisionOutcome
    document_no: Code
    reason_codes: tuple[Code, ...] = Field(max_length=20)
    remedies: tuple[Code, ...] = Field(default=(), max_length=10)
    decided_at: Instant
    net_wd_used: Days
    on_time: bool
    statutory_met: bool


class DeadlineReminderRaised(Fact):
    """The promised time is nearly used."""

    type: ClassVar[Literal["gov.approval.deadline-reminder-raised.v1"]] = "gov.approval.deadline-reminder-raised.v1"
    case_no: CaseNo
    rule_no: Code
    due: LocalDate
    used_wd: Days
    body: BodyCode


class YellowCardIssued(Fact):
    """Nine tenths of the promised time are used and the case is undecided."""

    type: ClassVar[Literal["gov.approval.yellow-card-issued.v1"]] = "gov.approval.yellow-card-issued.v1"
    case_no: CaseNo
    rule_no: Code
    due: LocalDate
    used_wd: Days
    body: BodyCode


class RedCardIssued(Fact):
    """The promised time is over and the case is undecided."""

    type: ClassVar[Literal["gov.approval.red-card-issued.v1"]] = "gov.approval.red-card-issued.v1"
    case_no: CaseNo
    rule_no: Code
    due: LocalDate
    used_wd: Days
    body: BodyCode


ApprovalEvent = (
    CaseTaken
    | SpecialProcedureStarted
    | SpecialProcedureEnded
    | TimeLimitExtended
    | DeadlineRecomputed
    | CaseWithdrawn
    | DecisionMade
    | DeadlineReminderRaised
    | YellowCardIssued
    | RedCardIssued
)
