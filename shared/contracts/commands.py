"""What may be asked of the services: the same shapes over HTTP and on a partner's ingress topic.

Personal data appears in commands alone (`Applicant`, `Contact`) and goes no further than intake's own erasable tables.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.contracts.approval import ProcedureKind, ProcedureResult
from shared.contracts.base import (
    BodyCode,
    CaseNo,
    Closed,
    Code,
    Command,
    Count,
    Days,
    Instant,
    Label,
    Level,
    LocalDate,
    Region,
    SubjectRef,
)
from shared.contracts.catalogue import CaseType, Material, PartnerKind, VenueKind
from shared.contracts.intake import (
    By,
    Cause,
    Channel,
    CheckResult,
    DecisionOutcome,
    DeliveryMethod,
    FieldChange,
    HistoryPhase,
    Medium,
    MissingMaterial,
    Purpose,
    Responsible,
    SubmittedMaterial,
    VisitOutcome,
    VisitSource,
    VoidReason,
)

PersonalText = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", min_length=1, max_length=100)]
Language = Literal["zh", "en"]


class Applicant(Closed):
    """Who applies. `id_no` is turned into a keyed pseudonym before anything is recorded."""

    id_no: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{6,18}$")]
    name: PersonalText | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^\+?[0-9 -]{5,20}$")] | None = None
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}$")] | None = None
    language: Language | None = None
    region: Region


# Catalogue


class PublishItem(Command):
    """Publish a version of a service item; the version number is the service's to give."""

    type: ClassVar[Literal["gov.command.publish-item.v1"]] = "gov.command.publish-item.v1"
    item_code: Code
    basic_code: Code
    name_zh: Label
    name_en: Label
    item_type: Code
    main_item: bool
    level: Level
    body_uscc: BodyCode
    case_type: CaseType
    promised_wd: Days
    statutory_wd: Days
    declared_visits: Count
    presence_reason: Code | None = None
    materials: tuple[Material, ...] = Field(max_length=100)
    roam_eligible: bool
    exception_reason: Code | None = None
    power_source: Literal[1, 2, 3, 4, 5, 6]
    delegation_basis: Code | None = None
    effective_from: LocalDate


class RetireItem(Command):
    """Take an item out of the catalogue from a day on."""

    type: ClassVar[Literal["gov.command.retire-item.v1"]] = "gov.command.retire-item.v1"
    item_code: Code
    reason_code: Code
    effective_from: LocalDate


class RegisterBody(Command):
    """Register an implementing body, or change its names."""

    type: ClassVar[Literal["gov.command.register-body.v1"]] = "gov.command.register-body.v1"
    body_uscc: BodyCode
    name_zh: Label
    name_en: Label
    region: Region
    level: Level


class RegisterVenue(Command):
    """Register a venue with what it handles and whose acceptance it is mandated to give."""

    type: ClassVar[Literal["gov.command.register-venue.v1"]] = "gov.command.register-venue.v1"
    venue_id: Code
    kind: VenueKind
    name_zh: Label
    name_en: Label
    address: Label
    hours: Label
    hours_en: Label | None = None
    region: Region
    level: Level
    item_codes: tuple[Code, ...] = Field(max_length=5_000)
    mandates: tuple[BodyCode, ...] = Field(max_length=1_000)


class PublishCalendar(Command):
    """Publish the working calendar of one year; a later version replaces the earlier one."""

    type: ClassVar[Literal["gov.command.publish-calendar.v1"]] = "gov.command.publish-calendar.v1"
    year: int = Field(ge=2000, le=2100)
    version: int = Field(ge=1, le=1_000)
    days_off: tuple[LocalDate, ...] = Field(max_length=366)
    makeup_workdays: tuple[LocalDate, ...] = Field(max_length=366)


class RegisterPartner(Command):
    """Register a portal or a department and make its pair of topics."""

    type: ClassVar[Literal["gov.command.register-partner.v1"]] = "gov.command.register-partner.v1"
    partner: str = Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")
    kind: PartnerKind
    body_uscc: BodyCode | None = None
    region: Region


# Journey


class RecordVisit(Command):
    """Record one trip. Without `applicant` or `subject_ref` the visit stays unattributed until somebody attributes it.

    `subject_ref` is for the desk that found the person's open journey and need not read the card again.
    """

    type: ClassVar[Literal["gov.command.record-visit.v1"]] = "gov.command.record-visit.v1"
    visit_id: UUID
    applicant: Applicant | None = None
    subject_ref: SubjectRef | None = None
    case_no: CaseNo | None = None
    item_code: Code
    venue_id: Code
    local_date: LocalDate
    by: By
    person_id_no: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{6,18}$")] | None = None
    purpose: Purpose
    outcome: VisitOutcome
    cause: Cause
    responsible: Responsible | None = None
    source: VisitSource


class VoidVisit(Command):
    """Take a visit off its journey."""

    type: ClassVar[Literal["gov.command.void-visit.v1"]] = "gov.command.void-visit.v1"
    visit_id: UUID
    reason_code: VoidReason


class AttributeVisit(Command):
    """Move an anonymous visit to the journey of the person who made it."""

    type: ClassVar[Literal["gov.command.attribute-visit.v1"]] = "gov.command.attribute-visit.v1"
    visit_id: UUID
    applicant: Applicant


# Case at intake


class SubmitApplication(Command):
    """Apply for an item. `item_version` may be named; an unknown one is refused.

    `subject_ref` is for the desk: whose journey is open before the clerk. Another person's ID number is refused then.
    """

    type: ClassVar[Literal["gov.command.submit-application.v1"]] = "gov.command.submit-application.v1"
    applicant: Applicant
    subject_ref: SubjectRef | None = None
    item_code: Code
    item_version: Count | None = None
    channel: Channel
    receiving_body: BodyCode | None = None
    receiving_region: Region | None = None
    materials: tuple[SubmittedMaterial, ...] = Field(default=(), max_length=100)


class Withdraw(Command):
    """Withdraw an application that is not accepted yet."""

    type: ClassVar[Literal["gov.command.withdraw.v1"]] = "gov.command.withdraw.v1"
    case_no: CaseNo
    reason_code: Code


class Receive(Command):
    """Take in the materials after the check of form and identity."""

    type: ClassVar[Literal["gov.command.receive.v1"]] = "gov.command.receive.v1"
    case_no: CaseNo
    window_id: Code
    form_check: CheckResult
    identity_check: CheckResult


class IssueCorrection(Command):
    """Tell everything that is missing, once; a second notice needs `reason_code`."""

    type: ClassVar[Literal["gov.command.issue-correction.v1"]] = "gov.command.issue-correction.v1"
    case_no: CaseNo
    missing: tuple[MissingMaterial, ...] = Field(min_length=1, max_length=100)
    reason_code: Code | None = None


class SubmitCorrection(Command):
    """Answer a correction notice."""

    type: ClassVar[Literal["gov.command.submit-correction.v1"]] = "gov.command.submit-correction.v1"
    case_no: CaseNo
    notice_no: Code
    complete: bool


class Accept(Command):
    """Accept a received case: by the item's body, or a window which that body mandated."""

    type: ClassVar[Literal["gov.command.accept.v1"]] = "gov.command.accept.v1"
    case_no: CaseNo
    window_id: Code | None = None


class NotAccept(Command):
    """Turn an application away, with its reason and remedies."""

    type: ClassVar[Literal["gov.command.not-accept.v1"]] = "gov.command.not-accept.v1"
    case_no: CaseNo
    reason_code: Code
    competent_body: BodyCode | None = None
    remedies: tuple[Code, ...] = Field(min_length=1, max_length=10)


class OfferCustody(Command):
    """Offer a case that is not accepted yet to another body."""

    type: ClassVar[Literal["gov.command.offer-custody.v1"]] = "gov.command.offer-custody.v1"
    case_no: CaseNo
    to_body: BodyCode
    medium: Medium


class AcceptCustody(Command):
    """Take an offered case."""

    type: ClassVar[Literal["gov.command.accept-custody.v1"]] = "gov.command.accept-custody.v1"
    case_no: CaseNo
    handover_no: Code | None = None


class ReturnCustody(Command):
    """Decline an offered case with a reason."""

    type: ClassVar[Literal["gov.command.return-custody.v1"]] = "gov.command.return-custody.v1"
    case_no: CaseNo
    handover_no: Code | None = None
    reason_code: Code


class WithdrawCustodyOffer(Command):
    """Take an open offer back."""

    type: ClassVar[Literal["gov.command.withdraw-custody-offer.v1"]] = "gov.command.withdraw-custody-offer.v1"
    case_no: CaseNo
    handover_no: Code | None = None


class Deliver(Command):
    """Put the result into the applicant's hand."""

    type: ClassVar[Literal["gov.command.deliver.v1"]] = "gov.command.deliver.v1"
    case_no: CaseNo
    method: DeliveryMethod


class ReportHistory(Command):
    """Report rows of somebody else's log; role importer only. Never refused for breaking a rule of ours."""

    type: ClassVar[Literal["gov.command.report-history.v1"]] = "gov.command.report-history.v1"
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


# Case at approval


class StartSpecialProcedure(Command):
    """Stop the clock for a hearing, inspection or the like."""

    type: ClassVar[Literal["gov.command.start-special-procedure.v1"]] = "gov.command.start-special-procedure.v1"
    case_no: CaseNo
    kind: ProcedureKind
    basis: Code
    expected_wd: Days


class EndSpecialProcedure(Command):
    """Let the clock run again."""

    type: ClassVar[Literal["gov.command.end-special-procedure.v1"]] = "gov.command.end-special-procedure.v1"
    case_no: CaseNo
    result: ProcedureResult


class Extend(Command):
    """Allow more working days, once, with a reason. An officer names who approved by staff number, a program by pseudonym."""

    type: ClassVar[Literal["gov.command.extend.v1"]] = "gov.command.extend.v1"
    case_no: CaseNo
    days: int = Field(ge=1, le=15)
    approver: SubjectRef | None = None
    approver_no: Code | None = None
    reason_code: Code


class Decide(Command):
    """Grant or refuse. A refusal names reasons and remedies. An officer decides in person; a program names who decided."""

    type: ClassVar[Literal["gov.command.decide.v1"]] = "gov.command.decide.v1"
    case_no: CaseNo
    officer_ref: SubjectRef | None = None
    outcome: DecisionOutcome
    document_no: Code
    reason_codes: tuple[Code, ...] = Field(default=(), max_length=20)
    remedies: tuple[Code, ...] = Field(default=(), max_length=10)


class WithdrawCase(Command):
    """Withdraw an accepted case before its decision."""

    type: ClassVar[Literal["gov.command.withdraw-case.v1"]] = "gov.command.withdraw-case.v1"
    case_no: CaseNo
    reason_code: Code


CatalogueCommand = PublishItem | RetireItem | RegisterBody | RegisterVenue | PublishCalendar | RegisterPartner
JourneyCommand = RecordVisit | VoidVisit | AttributeVisit
IntakeCaseCommand = (
    SubmitApplication
    | Withdraw
    | Receive
    | IssueCorrection
    | SubmitCorrection
    | Accept
    | NotAccept
    | OfferCustody
    | AcceptCustody
    | ReturnCustody
    | WithdrawCustodyOffer
    | Deliver
)
ApprovalCommand = StartSpecialProcedure | EndSpecialProcedure | Extend | Decide | WithdrawCase

PORTAL_COMMANDS: tuple[type[Command], ...] = (SubmitApplication, Withdraw, SubmitCorrection)
"""What a portal may put on its submissions topic."""
DEPARTMENT_INTAKE_COMMANDS: tuple[type[Command], ...] = (Accept, NotAccept, AcceptCustody, ReturnCustody)
"""What intake takes from a department's decisions topic."""
DEPARTMENT_APPROVAL_COMMANDS: tuple[type[Command], ...] = (StartSpecialProcedure, EndSpecialProcedure, Extend, Decide)
"""What approval takes from a department's decisions topic."""
