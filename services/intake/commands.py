"""What intake is asked to do to one journey, with time, identities and everything it must know already inside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.contracts.catalogue import VenueKind
from shared.contracts.envelope import Actor
from shared.contracts.intake import (
    By,
    Cause,
    Channel,
    CheckResult,
    DecisionOutcome,
    DeliveryMethod,
    Medium,
    MissingMaterial,
    Purpose,
    Responsible,
    SubmittedMaterial,
    VisitOutcome,
    VisitSource,
    VoidReason,
)
from shared.reference.calendar import Calendars


@dataclass(frozen=True, slots=True)
class Opening:
    """How the journey begins if this command is its first."""

    subject_ref: str | None
    item_code: str
    basic_code: str
    applicant_region: str | None
    declared_visits: int
    first_contact: datetime


@dataclass(frozen=True, slots=True)
class Venue:
    """A registered venue, as far as the rules of a journey need it."""

    venue_id: str
    region: str
    kind: VenueKind
    mandates: frozenset[str]


@dataclass(frozen=True, slots=True)
class Item:
    """One version of an item as it is frozen into a submission."""

    item_code: str
    basic_code: str
    version: int
    declared_visits: int
    promised_wd: int
    statutory_wd: int
    body: str
    region: str
    level: int


@dataclass(frozen=True, slots=True)
class RecordVisit:
    """Record one trip; `attributed_from` is the journey it is moved from."""

    now: datetime
    by: Actor
    opening: Opening
    visit_id: UUID
    venue: Venue
    local_date: date
    visitor: By
    person_ref: str | None
    purpose: Purpose
    outcome: VisitOutcome
    cause: Cause
    responsible: Responsible | None
    source: VisitSource
    attributed_from: UUID | None = None


@dataclass(frozen=True, slots=True)
class VoidVisit:
    """Take a visit off its journey."""

    now: datetime
    by: Actor
    visit_id: UUID
    reason_code: VoidReason


@dataclass(frozen=True, slots=True)
class ReleaseVisit:
    """Take an anonymous visit off its journey because it becomes a known person's."""

    now: datetime
    by: Actor
    visit_id: UUID


@dataclass(frozen=True, slots=True)
class SubmitApplication:
    """Apply for an item. `receiving_body` is the first holder."""

    now: datetime
    by: Actor
    opening: Opening
    case_no: str
    item: Item
    channel: Channel
    virtual: bool
    subject_ref: str
    applicant_region: str
    receiving_body: str
    receiving_region: str
    materials: tuple[SubmittedMaterial, ...]


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take an application back before its acceptance."""

    now: datetime
    by: Actor
    case_no: str
    reason_code: str


@dataclass(frozen=True, slots=True)
class Receive:
    """Take in the materials. `window` is None if no venue of that name is registered."""

    now: datetime
    by: Actor
    case_no: str
    window_id: str
    window: Venue | None
    form_check: CheckResult
    identity_check: CheckResult


@dataclass(frozen=True, slots=True)
class IssueCorrection:
    """Tell what is missing. `listed` are the material codes of the case's item version."""

    now: datetime
    by: Actor
    case_no: str
    missing: tuple[MissingMaterial, ...]
    reason_code: str | None
    listed: frozenset[str]
    calendars: Calendars


@dataclass(frozen=True, slots=True)
class SubmitCorrection:
    """Answer a correction notice."""

    now: datetime
    by: Actor
    case_no: str
    notice_no: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Accept:
    """Accept a received case, as the item's body or at a window mandated by it."""

    now: datetime
    by: Actor
    case_no: str
    window: Venue | None
    calendars: Calendars


@dataclass(frozen=True, slots=True)
class NotAccept:
    """Turn an application away."""

    now: datetime
    by: Actor
    case_no: str
    reason_code: str
    competent_body: str | None
    remedies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfferCustody:
    """Offer a case that is not accepted yet to another body."""

    now: datetime
    by: Actor
    case_no: str
    to_body: str
    to_region: str
    medium: Medium
    calendars: Calendars


@dataclass(frozen=True, slots=True)
class AcceptCustody:
    """Take an offered case; without `handover_no` the open offer is meant."""

    now: datetime
    by: Actor
    case_no: str
    handover_no: str | None


@dataclass(frozen=True, slots=True)
class ReturnCustody:
    """Decline an offered case."""

    now: datetime
    by: Actor
    case_no: str
    handover_no: str | None
    reason_code: str


@dataclass(frozen=True, slots=True)
class WithdrawCustodyOffer:
    """Take an open offer back."""

    now: datetime
    by: Actor
    case_no: str
    handover_no: str | None


@dataclass(frozen=True, slots=True)
class Deliver:
    """Put the result into the applicant's hand."""

    now: datetime
    by: Actor
    case_no: str
    method: DeliveryMethod


@dataclass(frozen=True, slots=True)
class NoteDecision:
    """Approval decided."""

    now: datetime
    case_no: str
    outcome: DecisionOutcome
    decision_event: UUID


@dataclass(frozen=True, slots=True)
class NoteWithdrawal:
    """Approval let the applicant withdraw an accepted case."""

    now: datetime
    case_no: str
    withdrawal_event: UUID


@dataclass(frozen=True, slots=True)
class TimePassed:
    """A timer that the journey waited for has come."""

    now: datetime
    kind: str
    case_no: str | None
    calendars: Calendars


VisitCommand = RecordVisit | VoidVisit | ReleaseVisit
CaseCommand = (
    Withdraw
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
    | NoteDecision
    | NoteWithdrawal
)
JourneyCommand = VisitCommand | SubmitApplication | CaseCommand | TimePassed
