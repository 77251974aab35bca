"""One journey told as given / when / then, with one canonical example of every command."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import pytest

from services.intake.commands import (
    Accept,
    AcceptCustody,
    Deliver,
    IssueCorrection,
    Item,
    JourneyCommand,
    NotAccept,
    NoteDecision,
    NoteWithdrawal,
    OfferCustody,
    Opening,
    Receive,
    RecordVisit,
    ReleaseVisit,
    ReturnCustody,
    SubmitApplication,
    SubmitCorrection,
    Venue,
    VoidVisit,
    Withdraw,
    WithdrawCustodyOffer,
)
from services.intake.decider import journey_decider
from services.intake.state import Case, Journey
from shared.contracts.base import Fact
from shared.contracts.envelope import Actor
from shared.contracts.intake import MissingMaterial, SubmittedMaterial
from shared.eventsourcing.errors import RefusedError, Rule
from shared.reference.calendar import Calendars
from shared.reference.deadlines import CHINA

HANGZHOU, WENZHOU = "330100", "330300"
HANGZHOU_BODY, WENZHOU_BODY, NINGBO_BODY = "11330100AAAAAAAAA1", "11330300BBBBBBBBB2", "11330200CCCCCCCCC3"
SUBJECT = "0123456789abcdef0123456789abcdef"
CASE = "TRANSFER20260601AAAAAAAAAA"
OTHER_CASE = "TRANSFER20260601BBBBBBBBBB"
CALENDARS = Calendars()
_NAMES = UUID("8f9d3c64-4a53-5f4e-9f6e-3b9d1d9a7c11")

VENUE = Venue("hall-hz", HANGZHOU, "hall", frozenset())
WENZHOU_VENUE = Venue("hall-wz", WENZHOU, "hall", frozenset())
MANDATED = Venue("hall-wz-2", WENZHOU, "hall", frozenset({HANGZHOU_BODY}))
ITEM = Item("TRANSFER", "TRANSFER", 3, 1, 10, 20, HANGZHOU_BODY, HANGZHOU, 3)

IMPORTER = Actor("importer", "demo")
OFFICER = Actor("officer", "o-1", HANGZHOU_BODY, HANGZHOU)
WENZHOU_CLERK = Actor("clerk", "c-1", WENZHOU_BODY, WENZHOU)
STRANGER = Actor("officer", "o-9", NINGBO_BODY, "330200")


def at(day: str, hour: int = 9, minute: int = 0) -> datetime:
    """A moment of a day in China, e.g. `at("2026-06-01", 14)`."""
    when = date.fromisoformat(day)
    return datetime(when.year, when.month, when.day, hour, minute, tzinfo=CHINA).astimezone(UTC)


MONDAY = at("2026-06-01")


def later(days: int = 0, hours: int = 0) -> datetime:
    """Some time after the Monday on which every story begins."""
    return MONDAY + timedelta(days=days, hours=hours)


def opening(now: datetime, subject: str | None = SUBJECT) -> Opening:
    return Opening(subject, "TRANSFER", "TRANSFER", WENZHOU if subject else None, 1, now)


def visit(name: str = "first", now: datetime = MONDAY, by: Actor = IMPORTER, subject: str | None = SUBJECT) -> RecordVisit:
    return RecordVisit(
        now=now,
        by=by,
        opening=opening(now, subject),
        visit_id=uuid5(_NAMES, name),
        venue=VENUE,
        local_date=now.astimezone(CHINA).date(),
        visitor="applicant",
        person_ref=None,
        purpose="apply",
        outcome="done",
        cause="normal",
        responsible=None,
        source="window",
    )


def void(name: str = "first", now: datetime = MONDAY, by: Actor = IMPORTER) -> VoidVisit:
    return VoidVisit(now, by, uuid5(_NAMES, name), "mistake")


def release(name: str = "first", now: datetime = MONDAY, by: Actor = IMPORTER) -> ReleaseVisit:
    return ReleaseVisit(now, by, uuid5(_NAMES, name))


def submit(now: datetime = MONDAY, case_no: str = CASE, *, across: bool = False, by: Actor = IMPORTER) -> SubmitApplication:
    """An application at the handling body's own window, or `across` the province at Wenzhou's."""
    return SubmitApplication(
        now=now,
        by=by,
        opening=opening(now),
        case_no=case_no,
        item=ITEM,
        channel="window",
        virtual=False,
        subject_ref=SUBJECT,
        applicant_region=WENZHOU,
        receiving_body=WENZHOU_BODY if across else HANGZHOU_BODY,
        receiving_region=WENZHOU if across else HANGZHOU,
        materials=(SubmittedMaterial(code="deed", form="original"),),
    )


def online(now: datetime = MONDAY) -> SubmitApplication:
    return replace(submit(now), channel="web", virtual=True, receiving_region=WENZHOU)


def withdraw(now: datetime = MONDAY, by: Actor = IMPORTER, case_no: str = CASE) -> Withdraw:
    return Withdraw(now, by, case_no, "changed-mind")


def receive(now: datetime = MONDAY, window: Venue = VENUE, by: Actor = IMPORTER, case_no: str = CASE) -> Receive:
    return Receive(now, by, case_no, window.venue_id, window, "passed", "passed")


def correct(*codes: str, now: datetime = MONDAY, reason: str | None = None, by: Actor = IMPORTER) -> IssueCorrection:
    missing = tuple(MissingMaterial(code=code, reason_code="absent") for code in codes)
    return IssueCorrection(now, by, CASE, missing, reason, frozenset({"deed", "id-card", "contract"}), CALENDARS)


def answer(notice_no: str = "N1", now: datetime = MONDAY, *, complete: bool = True, by: Actor = IMPORTER) -> SubmitCorrection:
    return SubmitCorrection(now, by, CASE, notice_no, complete)


def accept(now: datetime = MONDAY, by: Actor = IMPORTER, window: Venue | None = None, case_no: str = CASE) -> Accept:
    return Accept(now, by, case_no, window, CALENDARS)


def turn_away(now: datetime = MONDAY, by: Actor = IMPORTER, case_no: str = CASE) -> NotAccept:
    return NotAccept(now, by, case_no, "not-our-power", NINGBO_BODY, ("reconsideration",))


def offer(to: str = HANGZHOU_BODY, region: str = HANGZHOU, now: datetime = MONDAY, by: Actor = IMPORTER) -> OfferCustody:
    return OfferCustody(now, by, CASE, to, region, "paper", CALENDARS)


def take(now: datetime = MONDAY, by: Actor = IMPORTER, handover: str | None = None) -> AcceptCustody:
    return AcceptCustody(now, by, CASE, handover)


def give_back(now: datetime = MONDAY, by: Actor = IMPORTER, handover: str | None = None) -> ReturnCustody:
    return ReturnCustody(now, by, CASE, handover, "incomplete-file")


def take_back(now: datetime = MONDAY, by: Actor = IMPORTER, handover: str | None = None) -> WithdrawCustodyOffer:
    return WithdrawCustodyOffer(now, by, CASE, handover)


def decided(now: datetime = MONDAY, case_no: str = CASE) -> NoteDecision:
    return NoteDecision(now, case_no, "granted", uuid5(_NAMES, f"decision/{case_no}"))


def withdrawn_at_approval(now: datetime = MONDAY) -> NoteWithdrawal:
    return NoteWithdrawal(now, CASE, uuid5(_NAMES, "withdrawal"))


def deliver(now: datetime = MONDAY, by: Actor = IMPORTER, case_no: str = CASE) -> Deliver:
    return Deliver(now, by, case_no, "window")


class Story:
    """A journey under one calendar. Timers that are due before a command fire first, in order, as they do in the record."""

    def __init__(self, calendars: Calendars = CALENDARS) -> None:
        self._decider = journey_decider(calendars)
        self.state: Journey = self._decider.initial
        self.told: list[Fact] = []
        self._command: JourneyCommand | None = None

    def given(self, *commands: JourneyCommand) -> Story:
        for command in commands:
            self.until(command.now)
            self._record(self._decider.decide(command, self.state), command.now)
        return self

    def when(self, command: JourneyCommand) -> Story:
        self.until(command.now)
        self._command = command
        return self

    def then(self, *kinds: type[Fact]) -> list[Fact]:
        facts = self.asked()
        assert [type(fact) for fact in facts] == list(kinds)
        return facts

    def then_nothing(self) -> None:
        assert self.asked() == []

    def then_refused(self, rule: Rule) -> RefusedError:
        with pytest.raises(RefusedError) as caught:
            self.asked()
        assert caught.value.rule == rule
        return caught.value

    def asked(self) -> list[Fact]:
        assert self._command is not None
        facts: list[Fact] = self._decider.decide(self._command, self.state)
        self._record(facts, self._command.now)
        return facts

    def until(self, now: datetime) -> Story:
        """Let time pass until `now`."""
        assert self._decider.elapse is not None
        while due := sorted(timer for timer in self._decider.timers(self.state) if timer.due_at <= now):
            self._record(self._decider.decide(self._decider.elapse(due[0]), self.state), due[0].due_at)
        return self

    def waits_for(self) -> list[tuple[str, datetime]]:
        return sorted((timer.kind, timer.due_at) for timer in self._decider.timers(self.state))

    def case(self, case_no: str = CASE) -> Case:
        return self.state.cases[case_no]

    def _record(self, facts: list[Fact], now: datetime) -> None:
        for fact in facts:
            self.state = self._decider.evolve(self.state, fact, now)
        self.told.extend(facts)
