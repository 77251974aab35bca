"""Facts of intake: journeys, visits, and a case up to its acceptance and after its decision. Topic `gov.intake.events.v1`."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import (
    BodyCode,
    CaseNo,
    Closed,
    Code,
    Count,
    Days,
    Fact,
    Instant,
    Label,
    Level,
    LocalDate,
    Region,
    SubjectRef,
)
from shared.contracts.catalogue import VenueKind

By = Literal["applicant", "agent", "staff"]
Purpose = Literal["consult", "apply", "correct", "presence", "collect"]
VisitOutcome = Literal["done", "missing_material", "wrong_place", "system_failure", "hall_closed"]
Cause = Literal[
    "normal",
    "not_informed",
    "missing_material",
    "wrong_place",
    "system_failure",
    "staff_error",
    "hall_closed",
    "gap_fill",
    "collect_failed",
    "unknown",
]
Responsible = Literal["government", "applicant", "unknown"]
VisitSource = Literal["queue", "window", "collection_signature", "self_report", "import"]
VoidReason = Literal["mistake", "duplicate", "attributed"]
JourneyOutcome = Literal["granted", "refused", "withdrawn", "lapsed", "not_accepted"]
Channel = Literal["window", "terminal", "web", "app", "courier"]
CheckResult = Literal["passed", "failed", "not_needed"]
Medium = Literal["paper", "electronic"]
DeliveryMethod = Literal["window", "courier", "e_certificate", "terminal"]
DecisionOutcome = Literal["granted", "refused"]
AcceptanceMode = Literal["normal", "deemed"]
MaterialForm = Literal["original", "copy", "electronic"]
HistoryPhase = Literal[
    "submitted",
    "checked",
    "correction_requested",
    "correction_received",
    "accepted",
    "consulted",
    "extended",
    "suspended",
    "decided",
    "notified",
    "withdrawn",
    "appealed",
    "closed",
    "step",
]


class JourneyOpened(Fact):
    """First contact about one thing. Runs are counted from here to the result in hand."""

    type: ClassVar[Literal["gov.intake.journey-opened.v1"]] = "gov.intake.journey-opened.v1"
    subject_ref: SubjectRef | None = None
    item_code: Code
    basic_code: Code
    applicant_region: Region | None = None
    declared_visits: Count
    first_contact: Instant


class VisitRecorded(Fact):
    """One trip of a person to a venue, why it was needed and who is answerable for it."""

    type: ClassVar[Literal["gov.intake.visit-recorded.v1"]] = "gov.intake.visit-recorded.v1"
    visit_id: UUID
    subject_ref: SubjectRef | None = None
    venue_id: Code
    venue_region: Region
    venue_kind: VenueKind
    local_date: LocalDate
    by: By
    person_ref: SubjectRef | None = None
    purpose: Purpose
    outcome: VisitOutcome
    cause: Cause
    responsible: Responsible
    source: VisitSource
    item_code: Code
    attributed_from: UUID | None = None


class VisitVoided(Fact):
    """A visit no longer counts on this journey; its record stays."""

    type: ClassVar[Literal["gov.intake.visit-voided.v1"]] = "gov.intake.visit-voided.v1"
    visit_id: UUID
    reason_code: VoidReason


class JourneyCompleted(Fact):
    """The journey is over: the result is in hand, or there will be none."""

    type: ClassVar[Literal["gov.intake.journey-completed.v1"]] = "gov.intake.journey-completed.v1"
    outcome: JourneyOutcome
    completed_at: Instant


class SubmittedMaterial(Closed):
    """One material handed in, by code and form; never its contents."""

    code: Code
    form: MaterialForm


class ApplicationSubmitted(Fact):
    """An application under one item version. Promise and regions are frozen here and never looked up again."""

    type: ClassVar[Literal["gov.intake.application-submitted.v1"]] = "gov.intake.application-submitted.v1"
    case_no: CaseNo
    item_code: Code
    basic_code: Code
    item_version: Count
    declared_visits: Count
    promised_wd: Days
    statutory_wd: Days
    channel: Channel
    virtual: bool
    subject_ref: SubjectRef
    applicant_region: Region
    receiving_body: BodyCode
    receiving_region: Region
    handling_body: BodyCode
    handling_region: Region
    handling_level: Level
    materials: tuple[SubmittedMaterial, ...] = Field(max_length=100)


class ApplicationReceived(Fact):
    """A window took the materials and checked form and identity; the five working days for a notice start."""

    type: ClassVar[Literal["gov.intake.application-received.v1"]] = "gov.intake.application-received.v1"
    case_no: CaseNo
    receipt_no: Code
    window_id: Code
    received_at: Instant
    form_check: CheckResult
    identity_check: CheckResult


class MissingMaterial(Closed):
    """One material of the item's list that is absent or not in legal form."""

    code: Code
    reason_code: Code


class CorrectionNoticeIssued(Fact):
    """Everything that is missing, told at once (Licensing Law Art. 32(4)); a second notice is a departure from that duty."""

    type: ClassVar[Literal["gov.intake.correction-notice-issued.v1"]] = "gov.intake.correction-notice-issued.v1"
    case_no: CaseNo
    notice_no: Code
    ordinal: int = Field(ge=1, le=20)
    missing: tuple[MissingMaterial, ...] = Field(min_length=1, max_length=100)
    due: LocalDate
    reason_code: Code | None = None


class CorrectionSubmitted(Fact):
    """The applicant answered a correction notice."""

    type: ClassVar[Literal["gov.intake.correction-submitted.v1"]] = "gov.intake.correction-submitted.v1"
    case_no: CaseNo
    notice_no: Code
    complete: bool


class CorrectionExpired(Fact):
    """Nobody answered a correction notice in time."""

    type: ClassVar[Literal["gov.intake.correction-expired.v1"]] = "gov.intake.correction-expired.v1"
    case_no: CaseNo
    notice_no: Code


class OffListDemandRefused(Fact):
    """A clerk demanded something outside the item's material list; the demand was refused and counts."""

    type: ClassVar[Literal["gov.intake.off-list-demand-refused.v1"]] = "gov.intake.off-list-demand-refused.v1"
    case_no: CaseNo
    code: Code
    item_version: Count


class ApplicationAccepted(Fact):
    """The clocks of the case start (Licensing Law Art. 42). Deadlines are fixed with the calendar they were computed by."""

    type: ClassVar[Literal["gov.intake.application-accepted.v1"]] = "gov.intake.application-accepted.v1"
    case_no: CaseNo
    accepted_at: Instant
    mode: AcceptanceMode
    accepted_body: BodyCode
    accepted_region: Region
    item_code: Code
    promised_wd: Days
    statutory_wd: Days
    promised_due: LocalDate
    statutory_due: LocalDate
    calendar_version: Label


class ApplicationNotAccepted(Fact):
    """The application was turned away with its reason, the competent body and the remedies (Licensing Law Art. 32)."""

    type: ClassVar[Literal["gov.intake.application-not-accepted.v1"]] = "gov.intake.application-not-accepted.v1"
    case_no: CaseNo
    reason_code: Code
    competent_body: BodyCode | None = None
    remedies: tuple[Code, ...] = Field(min_length=1, max_length=10)


class CustodyOffered(Fact):
    """The holder offers the case to another body. The holder changes on acceptance only."""

    type: ClassVar[Literal["gov.intake.custody-offered.v1"]] = "gov.intake.custody-offered.v1"
    case_no: CaseNo
    handover_no: Code
    from_body: BodyCode
    from_region: Region
    to_body: BodyCode
    to_region: Region
    medium: Medium
    due: LocalDate


class CustodyAccepted(Fact):
    """The offered body holds the case from now on."""

    type: ClassVar[Literal["gov.intake.custody-accepted.v1"]] = "gov.intake.custody-accepted.v1"
    case_no: CaseNo
    handover_no: Code


class CustodyReturned(Fact):
    """The offered body declined; the holder stays."""

    type: ClassVar[Literal["gov.intake.custody-returned.v1"]] = "gov.intake.custody-returned.v1"
    case_no: CaseNo
    handover_no: Code
    reason_code: Code


class CustodyOfferWithdrawn(Fact):
    """The holder took its offer back."""

    type: ClassVar[Literal["gov.intake.custody-offer-withdrawn.v1"]] = "gov.intake.custody-offer-withdrawn.v1"
    case_no: CaseNo
    handover_no: Code


class ResultDelivered(Fact):
    """The result is in the applicant's hand."""

    type: ClassVar[Literal["gov.intake.result-delivered.v1"]] = "gov.intake.result-delivered.v1"
    case_no: CaseNo
    method: DeliveryMethod
    delivered_at: Instant


class ApplicationWithdrawn(Fact):
    """The applicant withdrew before acceptance; afterwards withdrawal belongs to approval."""

    type: ClassVar[Literal["gov.intake.application-withdrawn.v1"]] = "gov.intake.application-withdrawn.v1"
    case_no: CaseNo
    reason_code: Code


class DecisionNoted(Fact):
    """Intake heard of the decision; delivery and completion rest on this."""

    type: ClassVar[Literal["gov.intake.decision-noted.v1"]] = "gov.intake.decision-noted.v1"
    case_no: CaseNo
    outcome: DecisionOutcome
    decision_event: UUID


class WithdrawalNoted(Fact):
    """Intake heard that approval let the applicant withdraw an accepted case."""

    type: ClassVar[Literal["gov.intake.withdrawal-noted.v1"]] = "gov.intake.withdrawal-noted.v1"
    case_no: CaseNo
    withdrawal_event: UUID


class FieldChange(Closed):
    """One change that a log reported about a field of a case."""

    op: Literal["insert", "update", "delete"]
    field: Label | None = None
    old: Label | None = None
    new: Label | None = None


class HistoryReported(Fact):
    """One row of somebody else's log. A report of a fact is recorded, never refused: `irregular` names the rules it breaks."""

    type: ClassVar[Literal["gov.intake.history-reported.v1"]] = "gov.intake.history-reported.v1"
    origin: Code
    file: Label
    row: int = Field(ge=0, le=1_000_000_000)
    rule: Code
    phase: HistoryPhase
    kind: Code | None = None
    case_ref: Label
    region: Code
    zone: Label
    channel: Label | None = None
    item: Label | None = None
    resource: Label | None = None
    started_on: Instant | None = None
    due_on: Instant | None = None
    ended_on: Instant | None = None
    change: FieldChange | None = None
    irregular: tuple[Code, ...] = Field(default=(), max_length=20)


IntakeEvent = (
    JourneyOpened
    | VisitRecorded
    | VisitVoided
    | JourneyCompleted
    | ApplicationSubmitted
    | ApplicationReceived
    | CorrectionNoticeIssued
    | CorrectionSubmitted
    | CorrectionExpired
    | OffListDemandRefused
    | ApplicationAccepted
    | ApplicationNotAccepted
    | CustodyOffered
    | CustodyAccepted
    | CustodyReturned
    | CustodyOfferWithdrawn
    | ResultDelivered
    | ApplicationWithdrawn
    | DecisionNoted
    | WithdrawalNoted
    | HistoryReported
)
