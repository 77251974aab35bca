"""Journeys told as real events: written by the contract's own models and codec, so that nothing here can be made up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID, uuid5

from hypothesis import strategies as st

from services.metrics.journey import Row, fold
from services.metrics.view import read
from shared.contracts.approval import CaseTaken, DecisionMade, RedCardIssued, YellowCardIssued
from shared.contracts.base import Fact
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.intake import (
    ApplicationAccepted,
    ApplicationReceived,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    By,
    Cause,
    Channel,
    CorrectionNoticeIssued,
    CustodyAccepted,
    CustodyOffered,
    CustodyOfferWithdrawn,
    CustodyReturned,
    DecisionNoted,
    JourneyCompleted,
    JourneyOpened,
    JourneyOutcome,
    MissingMaterial,
    OffListDemandRefused,
    Purpose,
    Responsible,
    ResultDelivered,
    VisitOutcome,
    VisitRecorded,
    VisitVoided,
)
from shared.contracts.notify import NotificationRequested, NotificationSent
from shared.contracts.wire import encode
from shared.reference.deadlines import local_date

T = TypeVar("T")
SPACE = UUID("00000000-0000-5000-8000-000000000001")
START = datetime(2026, 8, 3, 2, 0, tzinfo=UTC)
SUBJECT = "a" * 32
BODY, OTHER_BODY = "11330106000000001A", "11330300000000002B"
PROVINCE, HANGZHOU, WENZHOU, XIHU, LUCHENG = "330000", "330100", "330300", "330106", "330302"
CASE = "C1"
_SOURCE = {"gov.intake": "intake", "gov.approval": "approval", "gov.notify": "notify", "gov.catalogue": "intake"}


def source_of(fact: Fact) -> str:
    """The service that records this fact."""
    return _SOURCE[str(fact.type).rsplit(".", 2)[0]]  # type: ignore[attr-defined]


@dataclass
class Told:
    """A journey being told: each fact becomes the exact bytes of the next event of its service's stream."""

    journey: str = field(default_factory=lambda: str(uuid5(SPACE, "journey")))
    at: datetime = START
    known_later_days: int = 0
    events: list[tuple[str, bytes]] = field(default_factory=list)
    heads: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def wait(self, days: float) -> Told:
        """Let time pass."""
        self.at += timedelta(days=days)
        return self

    def says(self, *facts: Fact, known_later_days: int | None = None) -> Told:
        """Record facts now; government may know them only later."""
        later = self.known_later_days if known_later_days is None else known_later_days
        for fact in facts:
            source = source_of(fact)
            self.heads[source] += 1
            self.at += timedelta(seconds=1)
            known = self.at + timedelta(days=later)
            identity = uuid5(SPACE, f"{self.journey}/{source}/{self.heads[source]}")
            event = Envelope(
                id=identity,
                source=source,
                type=str(fact.type),  # type: ignore[attr-defined]
                stream=f"journey-{self.journey}",
                sequence=self.heads[source],
                time=self.at,
                recorded=known,
                known=known,
                key=self.journey,
                correlation=identity,
                causation=identity,
                actor=Actor("clerk", "c-1"),
                data=fact,
            )
            self.events.append((source, encode(event)))
        return self

    def row(self) -> Row:
        """The row after everything, in the order told."""
        return folded(self.journey, self.events)


def folded(journey: str, events: list[tuple[str, bytes]]) -> Row:
    """The row after `events`; the n-th event of a source stands at offset 10 n."""
    row = Row(journey)
    for _, body in events:
        event = read(body)
        row = fold(row, event, 10 * event["sequence"])
    return row


def opened(
    subject: str | None = SUBJECT, region: str | None = LUCHENG, declared: int = 1, first_contact: datetime = START
) -> JourneyOpened:
    return JourneyOpened(
        subject_ref=subject,
        item_code="item-1",
        basic_code="basic-1",
        applicant_region=region,
        declared_visits=declared,
        first_contact=first_contact,
    )


def visited(
    name: str,
    day: datetime,
    *,
    subject: str | None = SUBJECT,
    venue: str = "hall-1",
    region: str = LUCHENG,
    purpose: Purpose = "apply",
    outcome: VisitOutcome = "done",
    cause: Cause = "normal",
    responsible: Responsible = "unknown",
    by: By = "applicant",
) -> VisitRecorded:
    return VisitRecorded(
        visit_id=uuid5(SPACE, name),
        subject_ref=subject,
        venue_id=venue,
        venue_region=region,
        venue_kind="hall",
        local_date=local_date(day),
        by=by,
        person_ref="b" * 32 if by == "agent" else None,
        purpose=purpose,
        outcome=outcome,
        cause=cause,
        responsible=responsible,
        source="window",
        item_code="item-1",
    )


def voided(name: str) -> VisitVoided:
    return VisitVoided(visit_id=uuid5(SPACE, name), reason_code="mistake")


def submitted(
    *, case: str = CASE, virtual: bool = False, channel: Channel = "window", declared: int = 1, receiving: str = LUCHENG
) -> ApplicationSubmitted:
    return ApplicationSubmitted(
        case_no=case,
        item_code="item-1",
        basic_code="basic-1",
        item_version=1,
        declared_visits=declared,
        promised_wd=5,
        statutory_wd=20,
        channel=channel,
        virtual=virtual,
        subject_ref=SUBJECT,
        applicant_region=LUCHENG,
        receiving_body=OTHER_BODY,
        receiving_region=receiving,
        handling_body=BODY,
        handling_region=XIHU,
        handling_level=4,
        materials=(),
    )


def received(at: datetime, case: str = CASE) -> ApplicationReceived:
    return ApplicationReceived(
        case_no=case, receipt_no="R1", window_id="hall-1", received_at=at, form_check="passed", identity_check="passed"
    )


def noticed(ordinal: int, case: str = CASE) -> CorrectionNoticeIssued:
    return CorrectionNoticeIssued(
        case_no=case,
        notice_no=f"N{ordinal}",
        ordinal=ordinal,
        missing=(MissingMaterial(code="m-1", reason_code="absent"),),
        due=date(2026, 9, 1),
        reason_code="again" if ordinal > 1 else None,
    )


def off_list(case: str = CASE) -> OffListDemandRefused:
    return OffListDemandRefused(case_no=case, code="m-9", item_version=1)


def offered(number: int = 1, case: str = CASE) -> CustodyOffered:
    return CustodyOffered(
        case_no=case,
        handover_no=f"H{number}",
        from_body=OTHER_BODY,
        from_region=WENZHOU,
        to_body=BODY,
        to_region=XIHU,
        medium="paper",
        due=date(2026, 8, 20),
    )


def offer_ended(how: str, number: int = 1, case: str = CASE) -> Fact:
    handover = f"H{number}"
    if how == "returned":
        return CustodyReturned(case_no=case, handover_no=handover, reason_code="wrong-body")
    made = CustodyAccepted if how == "accepted" else CustodyOfferWithdrawn
    return made(case_no=case, handover_no=handover)


def accepted(at: datetime, case: str = CASE) -> ApplicationAccepted:
    return ApplicationAccepted(
        case_no=case,
        accepted_at=at,
        mode="normal",
        accepted_body=BODY,
        accepted_region=XIHU,
        item_code="item-1",
        promised_wd=5,
        statutory_wd=20,
        promised_due=date(2026, 8, 20),
        statutory_due=date(2026, 9, 20),
        calendar_version="2026.1",
    )


def taken(at: datetime, case: str = CASE) -> CaseTaken:
    return CaseTaken(
        case_no=case,
        body=BODY,
        item_code="item-1",
        accepted_at=at,
        promised_wd=5,
        statutory_wd=20,
        promised_due=date(2026, 8, 20),
        statutory_due=date(2026, 9, 20),
        calendar_version="2026.1",
    )


def decided(at: datetime, *, on_time: bool = True, used: int = 4, granted: bool = True, case: str = CASE) -> DecisionMade:
    return DecisionMade(
        case_no=case,
        body=BODY,
        officer_ref="c" * 32,
        outcome="granted" if granted else "refused",
        document_no="D1",
        reason_codes=() if granted else ("unfit",),
        remedies=() if granted else ("review",),
        decided_at=at,
        net_wd_used=used,
        on_time=on_time,
        statutory_met=True,
    )


def noted(granted: bool = True, case: str = CASE) -> DecisionNoted:
    return DecisionNoted(case_no=case, outcome="granted" if granted else "refused", decision_event=uuid5(SPACE, "decision"))


def carded(colour: str, case: str = CASE) -> Fact:
    made = YellowCardIssued if colour == "yellow" else RedCardIssued
    return made(case_no=case, rule_no="r", due=date(2026, 8, 20), used_wd=5, body=BODY)


def delivered(at: datetime, case: str = CASE) -> ResultDelivered:
    return ResultDelivered(case_no=case, method="window", delivered_at=at)


def completed(outcome: JourneyOutcome, at: datetime) -> JourneyCompleted:
    return JourneyCompleted(outcome=outcome, completed_at=at)


def withdrawn(case: str = CASE) -> ApplicationWithdrawn:
    return ApplicationWithdrawn(case_no=case, reason_code="changed-mind")


def asked(name: str) -> NotificationRequested:
    return NotificationRequested(
        intent_id=uuid5(SPACE, name),
        cause_event=uuid5(SPACE, name),
        template="receipt",
        recipient_role="applicant",
        channel="sms",
        suppressed=False,
    )


def sent(name: str) -> NotificationSent:
    return NotificationSent(intent_id=uuid5(SPACE, name), attempt=1, provider_ref="p-1", repeated=False)


def scripted() -> Told:
    """Wrong hall, right window next day, hand-over to the city that decides, result by courier: promised 1, lived 2."""
    told = Told()
    told.says(opened(), visited("v1", told.at, outcome="wrong_place", cause="wrong_place", responsible="applicant"))
    told.wait(1)
    told.says(visited("v2", told.at, venue="hall-2"), submitted(), received(told.at), asked("r"), sent("r"), offered())
    told.wait(2)
    told.says(offer_ended("accepted"), accepted(told.at), taken(told.at))
    told.wait(3)
    told.says(decided(told.at), noted(), delivered(told.at), completed("granted", told.at))
    return told


_CAUSES: list[tuple[Cause, Responsible]] = [
    ("normal", "unknown"),
    ("wrong_place", "applicant"),
    ("system_failure", "government"),
    ("not_informed", "government"),
]


class Pick(Protocol):
    """Chooses one of some options, by a seed or as Hypothesis wants it."""

    def __call__(self, options: Sequence[T], /) -> T: ...


def tale(pick: Pick) -> Told:
    """A journey of any course that can happen, with facts that government may have known later than they occurred."""
    told = Told(journey=str(uuid5(SPACE, str(pick(range(10**6))))))
    later = (0, 0, 0, 1, 5)
    anonymous = pick([True, False, False, False])
    subject = None if anonymous else SUBJECT
    told.says(opened(subject, None if anonymous else pick([LUCHENG, XIHU, None])), known_later_days=pick(later))
    names: list[str] = []
    for _ in range(pick(range(4))):
        _visit(pick, told, names, subject, pick(later))
    if anonymous and pick((False, True)):
        return told
    virtual = pick((False, True))
    told.says(
        submitted(virtual=virtual, channel="web" if virtual else "window", declared=pick(range(3))),
        received(told.at),
        asked("r"),
        known_later_days=pick(later),
    )
    _before_acceptance(pick, told)
    if pick(range(6)) == 0:
        told.says(withdrawn(), completed("withdrawn", told.at), known_later_days=pick(later))
        return told
    told.wait(pick([0.1, 1, 3])).says(accepted(told.at), known_later_days=pick(later))
    told.says(taken(told.at), sent("r"), known_later_days=pick(later))
    for colour in ("yellow", "red")[: pick(range(3))]:
        told.wait(1).says(carded(colour), known_later_days=pick(later))
    granted = pick((False, True))
    told.wait(pick([0.2, 2]))
    told.says(decided(told.at, on_time=pick((False, True)), granted=granted), known_later_days=pick(later))
    told.says(noted(granted), known_later_days=pick(later))
    _visit(pick, told, names, SUBJECT, pick(later))
    if pick(range(5)):
        told.wait(pick([0.1, 4]))
        told.says(delivered(told.at), completed("granted" if granted else "refused", told.at), known_later_days=pick(later))
    if names:
        _void(pick, told, names, pick(later))
    _visit(pick, told, names, SUBJECT, pick(later))
    return told


def _visit(pick: Pick, told: Told, names: list[str], subject: str | None, later: int) -> None:
    name = f"{told.journey}/v{len(names)}"
    names.append(name)
    cause, responsible = pick(_CAUSES)
    told.wait(pick([0.01, 0.5, 1, 7]))
    told.says(
        visited(
            name,
            told.at,
            subject=subject,
            venue=pick(["hall-1", "hall-2"]),
            region=pick([LUCHENG, XIHU, PROVINCE]),
            purpose=pick(["consult", "apply", "collect"]),
            outcome=pick(["done", "system_failure"]),
            cause=cause,
            responsible=responsible,
            by=pick(["applicant", "applicant", "agent"]),
        ),
        known_later_days=later,
    )


def _void(pick: Pick, told: Told, names: list[str], later: int) -> None:
    name = pick([*names, None])
    if name is not None:
        told.says(voided(name), known_later_days=later)


def _before_acceptance(pick: Pick, told: Told) -> None:
    for ordinal in range(1, pick(range(3)) + 1):
        told.wait(1).says(noticed(ordinal), known_later_days=pick([0, 2]))
    if pick((False, True)):
        told.says(off_list())
    for number in range(1, pick(range(3)) + 1):
        told.wait(0.5).says(offered(number), known_later_days=pick([0, 3]))
        how = pick(["accepted", "returned", "withdrawn", None])
        if how is None:
            return
        told.wait(2).says(offer_ended(how, number))


@st.composite
def tales(draw: st.DrawFn) -> Told:
    """Any such journey, as Hypothesis draws it."""
    return tale(lambda options: draw(st.sampled_from(options)))


@st.composite
def interleavings(draw: st.DrawFn, told: Told) -> list[tuple[str, bytes]]:
    """The same events in another order between the services; each service keeps its own."""
    queues: dict[str, list[bytes]] = defaultdict(list)
    for source, body in told.events:
        queues[source].append(body)
    order = draw(st.permutations([source for source, _ in told.events]))
    return [(source, queues[source].pop(0)) for source in order]
