"""A journey as intake knows it: who began it, which visits stand, and the situation of each of its cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal, assert_never
from uuid import UUID

from shared.contracts.intake import (
    ApplicationAccepted,
    ApplicationNotAccepted,
    ApplicationReceived,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    CorrectionExpired,
    CorrectionNoticeIssued,
    CorrectionSubmitted,
    CustodyAccepted,
    CustodyOffered,
    CustodyOfferWithdrawn,
    CustodyReturned,
    DecisionNoted,
    DecisionOutcome,
    DeliveryMethod,
    HistoryReported,
    IntakeEvent,
    JourneyCompleted,
    JourneyOpened,
    JourneyOutcome,
    OffListDemandRefused,
    ResultDelivered,
    VisitRecorded,
    VisitVoided,
    WithdrawalNoted,
)

HandoverEnd = Literal["accepted", "returned", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Handover:
    """One offer of custody to another body; open until it `ended`."""

    handover_no: str
    to_body: str
    to_region: str
    due: date
    ended: HandoverEnd | None = None


@dataclass(frozen=True, slots=True)
class Custody:
    """Which one body holds a case. `taken_at` is None for the first holder; the last offer ended at `free_since`."""

    body: str
    region: str
    taken_at: datetime | None = None
    free_since: datetime | None = None
    handovers: tuple[Handover, ...] = ()

    @property
    def offer(self) -> Handover | None:
        """The open offer; there is at most one, and it is the last."""
        return self.handovers[-1] if self.handovers and self.handovers[-1].ended is None else None


@dataclass(frozen=True, slots=True)
class Receipt:
    """When and where the materials were taken in."""

    at: datetime
    window_id: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A correction notice: answered `partly`, `answered` in full, or `expired` without either being enough."""

    notice_no: str
    ordinal: int
    missing: frozenset[tuple[str, str]]
    due: date
    partly: bool = False
    answered: bool = False
    expired: bool = False


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What every situation of a case remembers."""

    terms: ApplicationSubmitted
    custody: Custody
    receipt: Receipt | None = None
    notices: tuple[Notice, ...] = ()
    off_list: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Submitted:
    """Handed in, but nobody checked it yet."""

    file: CaseFile


@dataclass(frozen=True, slots=True)
class Received:
    """Checked, and complete as far as anybody has said, since `complete_since`."""

    file: CaseFile
    complete_since: datetime


@dataclass(frozen=True, slots=True)
class InCorrection:
    """Something is missing and the applicant was told; the last notice of the file is the open one."""

    file: CaseFile


@dataclass(frozen=True, slots=True)
class Accepted:
    """The accepting body holds it and approval decides it."""

    file: CaseFile
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """Turned away with a reason, and told which body is competent, if another is, and what may be done about it."""

    file: CaseFile
    reason_code: str
    competent_body: str | None
    remedies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Taken back by the applicant."""

    file: CaseFile


@dataclass(frozen=True, slots=True)
class Decided:
    """Decided, and the result waits for the applicant."""

    file: CaseFile
    outcome: DecisionOutcome


@dataclass(frozen=True, slots=True)
class Delivered:
    """The result is in the applicant's hand."""

    file: CaseFile
    outcome: DecisionOutcome
    method: DeliveryMethod


Case = Submitted | Received | InCorrection | Accepted | NotAccepted | Withdrawn | Decided | Delivered

_NO_VISITS: Mapping[UUID, VisitRecorded] = {}
_NO_CASES: Mapping[str, Case] = {}


@dataclass(frozen=True, slots=True)
class Journey:
    """One thing of one applicant. Before its first event nothing is opened; after `outcome` it is over."""

    opened: JourneyOpened | None = None
    visits: Mapping[UUID, VisitRecorded] = field(default_factory=lambda: _NO_VISITS)
    voided: Mapping[UUID, str] = field(default_factory=dict)
    cases: Mapping[str, Case] = field(default_factory=lambda: _NO_CASES)
    outcome: JourneyOutcome | None = None


def evolve(state: Journey, fact: IntakeEvent, at: datetime) -> Journey:
    """The journey after `fact`, which occurred `at`. Total: a fact that fits nothing changes nothing."""
    match fact:
        case JourneyOpened():
            return replace(state, opened=fact)
        case VisitRecorded():
            return replace(state, visits={**state.visits, fact.visit_id: fact})
        case VisitVoided():
            return replace(state, voided={**state.voided, fact.visit_id: fact.reason_code})
        case JourneyCompleted():
            return replace(state, outcome=fact.outcome)
        case ApplicationSubmitted():
            file = CaseFile(fact, Custody(fact.receiving_body, fact.receiving_region))
            return replace(state, cases={**state.cases, fact.case_no: Submitted(file)})
        case HistoryReported():
            return state
        case _:
            known = state.cases.get(fact.case_no)
            if known is None:
                return state
            return replace(state, cases={**state.cases, fact.case_no: _step(known, fact, at)})


CaseFact = (
    ApplicationReceived
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
)


def _step(known: Case, fact: CaseFact, at: datetime) -> Case:
    file = known.file
    match fact:
        case ApplicationReceived():
            receipt = Receipt(fact.received_at, fact.window_id)
            return Received(replace(file, receipt=receipt), complete_since=fact.received_at)
        case CorrectionNoticeIssued():
            missing = frozenset((entry.code, entry.reason_code) for entry in fact.missing)
            notice = Notice(fact.notice_no, fact.ordinal, missing, fact.due)
            return InCorrection(replace(file, notices=(*file.notices, notice)))
        case CorrectionSubmitted():
            return _corrected(known, fact, at)
        case CorrectionExpired():
            return replace(known, file=_with_notice(file, fact.notice_no, expired=True))
        case OffListDemandRefused():
            return replace(known, file=replace(file, off_list=file.off_list | {fact.code}))
        case ApplicationAccepted():
            held = replace(file.custody, body=fact.accepted_body, region=fact.accepted_region)
            return Accepted(replace(file, custody=held), fact.accepted_at)
        case ApplicationNotAccepted():
            return NotAccepted(file, fact.reason_code, fact.competent_body, fact.remedies)
        case CustodyOffered() | CustodyAccepted() | CustodyReturned() | CustodyOfferWithdrawn():
            return replace(known, file=replace(file, custody=_moved(file.custody, fact, at)))
        case ResultDelivered():
            outcome = known.outcome if isinstance(known, Decided) else "granted"
            return Delivered(file, outcome, fact.method)
        case ApplicationWithdrawn() | WithdrawalNoted():
            return Withdrawn(file)
        case DecisionNoted():
            return Decided(file, fact.outcome)
        case _:
            assert_never(fact)


def _corrected(known: Case, fact: CorrectionSubmitted, at: datetime) -> Case:
    if not fact.complete:
        return replace(known, file=_with_notice(known.file, fact.notice_no, partly=True))
    return Received(_with_notice(known.file, fact.notice_no, answered=True), complete_since=at)


def _with_notice(file: CaseFile, notice_no: str, **change: bool) -> CaseFile:
    changed: Any = change
    notices = tuple(replace(n, **changed) if n.notice_no == notice_no else n for n in file.notices)
    return replace(file, notices=notices)


def _moved(
    custody: Custody, fact: CustodyOffered | CustodyAccepted | CustodyReturned | CustodyOfferWithdrawn, at: datetime
) -> Custody:
    match fact:
        case CustodyOffered():
            made = Handover(fact.handover_no, fact.to_body, fact.to_region, fact.due)
            return replace(custody, handovers=(*custody.handovers, made))
        case CustodyAccepted():
            offer = custody.offer
            if offer is None:
                return custody
            return replace(_closed(custody, "accepted", at), body=offer.to_body, region=offer.to_region, taken_at=at)
        case CustodyReturned():
            return _closed(custody, "returned", at)
        case CustodyOfferWithdrawn():
            return _closed(custody, "withdrawn", at)
        case _:
            assert_never(fact)


def _closed(custody: Custody, ended: HandoverEnd, at: datetime) -> Custody:
    offer = custody.offer
    if offer is None:
        return custody
    return replace(custody, free_since=at, handovers=(*custody.handovers[:-1], replace(offer, ended=ended)))
