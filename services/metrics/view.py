"""What the projection reads of an event: a narrow view of the contract, validated straight from the bytes.

The contract models own the schema; a test holds this view to them. Fields the projection does not use are not read, which
makes reading three times as fast. An event that this view rejects is read again by the full contract, to name its fault.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple, NotRequired

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from shared.contracts.wire import UnknownEventTypeError, UnreadableEventError, decode

HISTORY = "gov.intake.history-reported.v1"


class Head(TypedDict):
    """What every event says about itself."""

    source: str
    sequence: int
    time: datetime
    knowntime: datetime
    journey: str


class OpenedData(TypedDict):
    subject_ref: NotRequired[str]
    item_code: str
    basic_code: str
    applicant_region: NotRequired[str]
    declared_visits: int
    first_contact: datetime


class JourneyOpened(Head):
    type: Literal["gov.intake.journey-opened.v1"]
    data: OpenedData


class VisitData(TypedDict):
    visit_id: str
    subject_ref: NotRequired[str]
    venue_id: str
    venue_region: str
    venue_kind: str
    local_date: date
    by: str
    person_ref: NotRequired[str]
    purpose: str
    outcome: str
    cause: str
    responsible: str
    item_code: str


class VisitRecorded(Head):
    type: Literal["gov.intake.visit-recorded.v1"]
    data: VisitData


class VoidedData(TypedDict):
    visit_id: str


class VisitVoided(Head):
    type: Literal["gov.intake.visit-voided.v1"]
    data: VoidedData


class CompletedData(TypedDict):
    outcome: str
    completed_at: datetime


class JourneyCompleted(Head):
    type: Literal["gov.intake.journey-completed.v1"]
    data: CompletedData


class SubmittedData(TypedDict):
    case_no: str
    item_code: str
    basic_code: str
    declared_visits: int
    statutory_wd: int
    channel: str
    virtual: bool
    applicant_region: str
    receiving_body: str
    receiving_region: str
    handling_region: str
    handling_level: int


class ApplicationSubmitted(Head):
    type: Literal["gov.intake.application-submitted.v1"]
    data: SubmittedData


class NoticeData(TypedDict):
    case_no: str
    ordinal: int


class CorrectionNoticeIssued(Head):
    type: Literal["gov.intake.correction-notice-issued.v1"]
    data: NoticeData


class CaseData(TypedDict):
    case_no: str


class OffListDemandRefused(Head):
    type: Literal["gov.intake.off-list-demand-refused.v1"]
    data: CaseData


class CaseEnded(Head):
    type: Literal[
        "gov.intake.application-not-accepted.v1",
        "gov.intake.application-withdrawn.v1",
        "gov.intake.withdrawal-noted.v1",
    ]
    data: CaseData


class AcceptedData(TypedDict):
    case_no: str
    accepted_at: datetime
    accepted_body: str
    accepted_region: str


class ApplicationAccepted(Head):
    type: Literal["gov.intake.application-accepted.v1"]
    data: AcceptedData


class OfferedData(TypedDict):
    case_no: str
    handover_no: str
    from_region: str
    to_body: str
    to_region: str
    due: date


class CustodyOffered(Head):
    type: Literal["gov.intake.custody-offered.v1"]
    data: OfferedData


class OfferEndData(TypedDict):
    case_no: str
    handover_no: str


class CustodyEnded(Head):
    type: Literal[
        "gov.intake.custody-accepted.v1",
        "gov.intake.custody-returned.v1",
        "gov.intake.custody-offer-withdrawn.v1",
    ]
    data: OfferEndData


class DeliveredData(TypedDict):
    case_no: str
    delivered_at: datetime


class ResultDelivered(Head):
    type: Literal["gov.intake.result-delivered.v1"]
    data: DeliveredData


class TakenData(TypedDict):
    case_no: str
    statutory_wd: int


class CaseTaken(Head):
    type: Literal["gov.approval.case-taken.v1"]
    data: TakenData


class DecidedData(TypedDict):
    case_no: str
    outcome: str
    decided_at: datetime
    net_wd_used: int
    on_time: bool
    statutory_met: bool


class DecisionMade(Head):
    type: Literal["gov.approval.decision-made.v1"]
    data: DecidedData


class CardIssued(Head):
    type: Literal["gov.approval.yellow-card-issued.v1", "gov.approval.red-card-issued.v1"]
    data: CaseData


class Noted(Head):
    """A fact of a journey that moves no figure: it is kept in the row by type, time and place."""

    type: Literal[
        "gov.intake.application-received.v1",
        "gov.intake.correction-submitted.v1",
        "gov.intake.correction-expired.v1",
        "gov.intake.decision-noted.v1",
        "gov.approval.special-procedure-started.v1",
        "gov.approval.special-procedure-ended.v1",
        "gov.approval.time-limit-extended.v1",
        "gov.approval.deadline-recomputed.v1",
        "gov.approval.case-withdrawn.v1",
        "gov.approval.deadline-reminder-raised.v1",
        "gov.notify.notification-requested.v1",
        "gov.notify.notification-sent.v1",
        "gov.notify.notification-failed.v1",
    ]


class ItemPublishedData(TypedDict):
    item_code: str
    version: int
    basic_code: str
    name_zh: str
    name_en: str
    main_item: bool
    level: int
    body_uscc: str
    body_region: str
    declared_visits: int
    roam_eligible: bool
    exception_reason: NotRequired[str]
    effective_from: date


class ServiceItemPublished(Head):
    type: Literal["gov.catalogue.service-item-published.v1"]
    data: ItemPublishedData


class ItemRetiredData(TypedDict):
    item_code: str
    effective_from: date


class ServiceItemRetired(Head):
    type: Literal["gov.catalogue.service-item-retired.v1"]
    data: ItemRetiredData


class RegisteredData(TypedDict):
    name_zh: str
    name_en: str
    region: str


class Registered(Head):
    type: Literal["gov.catalogue.body-registered.v1", "gov.catalogue.venue-registered.v1"]
    data: RegisteredData


class CatalogueNoted(Head):
    """A fact of the catalogue that no figure rests on."""

    type: Literal[
        "gov.catalogue.working-calendar-published.v1",
        "gov.catalogue.partner-registered.v1",
    ]


class HistoryReported(Head):
    """A row of somebody else's log; its own part of the projection reads the rest."""

    type: Literal["gov.intake.history-reported.v1"]


JourneyView = (
    JourneyOpened
    | VisitRecorded
    | VisitVoided
    | JourneyCompleted
    | ApplicationSubmitted
    | CorrectionNoticeIssued
    | OffListDemandRefused
    | CaseEnded
    | ApplicationAccepted
    | CustodyOffered
    | CustodyEnded
    | ResultDelivered
    | CaseTaken
    | DecisionMade
    | CardIssued
    | Noted
)
CatalogueView = ServiceItemPublished | ServiceItemRetired | Registered | CatalogueNoted
View = JourneyView | CatalogueView | HistoryReported
VIEWS: TypeAdapter[View] = TypeAdapter(Annotated[View, Field(discriminator="type")])


class Unknown(Head):
    """An event of a type that this release does not know: it takes its place in the row and moves nothing."""

    type: str


class Sign(NamedTuple):
    """What can be told of an event whose contract is broken: enough to keep its journey's order."""

    source: str
    key: str
    sequence: int
    type: str


class _Signed(TypedDict):
    source: str
    journey: str
    sequence: int
    type: str


_UNKNOWN: TypeAdapter[Unknown] = TypeAdapter(Unknown)
_SIGNED: TypeAdapter[_Signed] = TypeAdapter(_Signed)
_validate = VIEWS.validator.validate_json


def read(body: bytes) -> View | Unknown:
    """The view of one event. Raises `UnreadableEventError` with the code that the full contract gives the fault."""
    try:
        seen: Any = _validate(body)
    except ValidationError:
        return _read_again(body)
    return seen  # type: ignore[no-any-return]


def sign(body: bytes) -> Sign | None:
    """Whose event this is, even if its contract is broken; None if it does not say."""
    try:
        seen = _SIGNED.validate_json(body)
    except ValidationError:
        return None
    return Sign(seen["source"], seen["journey"], seen["sequence"], seen["type"]) if seen["sequence"] > 0 else None


def _read_again(body: bytes) -> Unknown:
    try:
        decode(body)
    except UnknownEventTypeError:
        try:
            return _UNKNOWN.validate_json(body)
        except ValidationError:
            raise UnreadableEventError("contract-broken") from None
    # The contract reads what the view cannot: the view is at fault, and the event must wait for a better one.
    raise UnreadableEventError("view-broken")
