"""What intake does when it is asked, when it hears of a decision, and when time passes. One transaction each, in bulk.

A batch is read in order. What can be decided together is one wave: its codes are looked up, its journeys found, its
streams locked and appended to with a handful of statements, however many requests it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from services.intake import cases, catalogue_service, history, journeys, people, register, silence
from services.intake.attribution import attribute_visit
from services.intake.commands import IssueCorrection, JourneyCommand, NoteDecision, NoteWithdrawal
from services.intake.decider import journey_decider
from services.intake.journeys import Wanted
from services.intake.people import Pseudonyms
from services.intake.placement import Placement
from services.intake.read_models import keep_in_step
from services.intake.refusals import JOURNEY_OVER, UNKNOWN_CASE, UNKNOWN_VISIT, VISIT_HAS_OWNER
from services.intake.resolution import Draft, Joins, OnVisit, Resolver, wanted_by
from services.intake.state import Journey
from shared.contracts import commands as wire
from shared.contracts.approval import CaseWithdrawn, DecisionMade
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.ids import journey_stream, receipt_no
from shared.contracts.ingress import Receipt
from shared.contracts.intake import ApplicationReceived, CorrectionNoticeIssued, CustodyOffered
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import RefusedError, VersionConflictError
from shared.eventsourcing.plan import Applied, Context, Order, Outcome, Refused
from shared.postgres.event_log import Tx
from shared.runtime.requests import Asked, receipt, refusal
from shared.runtime.timekeeper import Clockwork

INTAKE = Actor("service", "intake")
INTERESTED = frozenset({str(DecisionMade.type), str(CaseWithdrawn.type)})
"""What intake reacts to on approval's topic."""
_OVERTAKEN = (JOURNEY_OVER, VISIT_HAS_OWNER)


class Intake:
    """The service behind every door."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms

    async def handle(self, tx: Tx, requests: Sequence[Asked]) -> Sequence[Receipt]:
        """Do what is asked and answer each request, in order. A refused one stops no other."""
        replies: list[Receipt] = []
        for kind, run in groupby(requests, key=_kind):
            asked = list(run)
            if kind == "journey":
                replies += await _Batch(tx, self._pseudonyms).answer(asked)
            elif kind == "history":
                replies += await history.report(tx, asked, self._pseudonyms.staff)
            elif kind == "attribution":
                replies += [await attribute_visit(tx, self._pseudonyms, one) for one in asked]
            else:
                replies += await catalogue_service.handle(tx, asked, self._pseudonyms.staff)
        return replies

    async def react(self, tx: Tx, events: Sequence[Envelope[Any]]) -> None:
        """Note what approval decided. Raises `RefusedError` for a case that intake never heard of; then it is parked."""
        decider = journey_decider(await register.load_calendars(tx))
        orders = [_reaction(event) for event in events]
        for outcome in await tx.act(decider, orders):
            if isinstance(outcome, Refused):
                raise outcome.error
        await keep_in_step(tx, tx.appended)


def _kind(asked: Asked) -> str:
    # A catalogue command may rest on another kind right before it, such as an item on its body: those are acted on first.
    match asked.command:
        case wire.AttributeVisit():
            return "attribution"
        case wire.ReportHistory():
            return "history"
        case _ if isinstance(asked.command, catalogue_service.COMMANDS):
            return type(asked.command).__name__
        case _:
            return "journey"


def _reaction(event: Envelope[Any]) -> Order[JourneyCommand]:
    fact = event.data
    command: JourneyCommand
    match fact:
        case DecisionMade():
            command = NoteDecision(event.time, fact.case_no, fact.outcome, event.id)
        case CaseWithdrawn():
            command = NoteWithdrawal(event.time, fact.case_no, event.id)
        case _:
            raise AssertionError("intake asked for no other event")
    return Order(journey_stream(UUID(event.key)), event.key, command, Context.following(event, INTAKE, "note"))


async def decider_now(tx: Tx) -> Decider[JourneyCommand, Journey]:
    """The decider under the calendars that are published now; for the timekeeper."""
    return journey_decider(await register.load_calendars(tx))


async def time_passed(tx: Tx) -> None:
    """The timekeeper's after-thought."""
    await keep_in_step(tx, tx.appended)


CLOCKWORK = Clockwork(decider_now, silence.behind, silence.catch_up, time_passed)


class _Wave:
    """Drafts that can be placed together, and what they may do to the journeys that others want to join."""

    def __init__(self, resolver: Resolver) -> None:
        self.drafts: dict[int, Draft] = {}
        self._resolver = resolver
        self._ending: set[Wanted] = set()

    def must_pass_before(self, draft: Draft) -> bool:
        """Whether `draft` joins a journey that this wave may end."""
        return isinstance(draft.target, Joins) and draft.target.wanted in self._ending

    def add(self, index: int, draft: Draft) -> None:
        """Let `draft` pass with this wave."""
        self.drafts[index] = draft
        ending = self._resolver.ends(draft)
        if ending is not None:
            self._ending.add(ending)


class _Batch:
    """Requests about journeys on their way through one transaction."""

    def __init__(self, tx: Tx, pseudonyms: Pseudonyms) -> None:
        self._tx = tx
        self._pseudonyms = pseudonyms

    async def answer(self, requests: Sequence[Asked]) -> list[Receipt]:
        """Answer each request, in order."""
        resolver = await self._prepare(requests)
        answers: dict[int, Receipt] = {}
        wave = _Wave(resolver)
        for index, asked in enumerate(requests):
            try:
                draft = resolver.draft(asked)
            except RefusedError as error:
                answers[index] = refusal(asked, error)
                continue
            if wave.must_pass_before(draft):
                answers |= await self._act(wave.drafts)
                wave = _Wave(resolver)
            wave.add(index, draft)
        answers |= await self._act(wave.drafts)
        return [answers[index] for index in range(len(requests))]

    async def _prepare(self, requests: Sequence[Asked]) -> Resolver:
        codes = wanted_by(requests)
        rows = await cases.load(self._tx, codes.cases)
        codes.items |= {row.item_code for row in rows.values()}
        known = await register.load(self._tx, codes.items, codes.venues, codes.bodies)
        visits = await journeys.of_visits(self._tx, codes.visits)
        self._decider = journey_decider(known.calendars)
        self._placement = Placement({no: row.journey for no, row in rows.items()}, dict(visits))
        return Resolver(known, rows, visits, self._pseudonyms)

    async def _act(self, wave: dict[int, Draft]) -> dict[int, Receipt]:
        answers: dict[int, Receipt] = {}
        rest = list(wave)
        while rest:
            told = await self._act_together([wave[index] for index in rest])
            answers |= zip(rest, told, strict=False)
            rest = rest[len(told) :]
        return answers

    async def _act_together(self, drafts: Sequence[Draft]) -> list[Receipt]:
        """Answer as many of `drafts`, in their order, as can be placed together."""
        tx, before = self._tx, len(self._tx.appended)
        placed = await self._placement.place(tx, drafts)
        drafts = drafts[: len(placed)]
        orders = [self._order(draft, journey) for draft, journey in zip(drafts, placed, strict=True) if journey is not None]
        decided = iter(await tx.act(self._decider, orders))
        outcomes = [_nowhere(draft) if journey is None else next(decided) for draft, journey in zip(drafts, placed, strict=True)]
        if any(isinstance(o, Refused) and o.error.rule in _OVERTAKEN for o in outcomes):
            # Somebody ended the journey, or moved the visit, after we found where it is: look again.
            raise VersionConflictError
        events = tx.appended[before:]
        await keep_in_step(tx, events)
        await self._placement.settle(tx, events)
        applied = [(draft, outcome) for draft, outcome in zip(drafts, outcomes, strict=True) if _has_effect(outcome)]
        await people.keep(tx, [draft.left for draft, _ in applied if draft.left is not None])
        return [self._told(d, o, j) for d, o, j in zip(drafts, outcomes, placed, strict=True)]

    def _order(self, draft: Draft, journey: UUID) -> Order[JourneyCommand]:
        context = draft.asked.context(self._pseudonyms.staff)
        return Order(journey_stream(journey), str(journey), draft.command, context)

    def _told(self, draft: Draft, outcome: Outcome, journey: UUID | None) -> Receipt:
        told = receipt(draft.asked, outcome, case_no=draft.case_no, journey=None if journey is None else str(journey))
        if not isinstance(outcome, Applied):
            return told
        more = numbers_of(outcome)
        if off_list := _off_list(draft.command):
            more["off_list"] = off_list
        if isinstance(draft.asked.command, wire.SubmitApplication) and draft.case_no is not None:
            more["receipt_no"] = receipt_no(draft.case_no)
            if outcome.events:
                more["code"] = self._pseudonyms.status_code(draft.case_no)
        return told.model_copy(update=more) if more else told


def _nowhere(draft: Draft) -> Outcome:
    if isinstance(draft.target, OnVisit):
        return Refused(RefusedError(UNKNOWN_VISIT, field="visit_id"))
    return Refused(RefusedError(UNKNOWN_CASE, field="case_no"))


def _has_effect(outcome: Outcome) -> bool:
    return isinstance(outcome, Applied) and bool(outcome.events)


def numbers_of(outcome: Applied) -> dict[str, Any]:
    """What an answer tells besides the events: the numbers that the next command will need."""
    told: dict[str, Any] = {}
    for event in outcome.events:
        match event.data:
            case ApplicationReceived():
                told["receipt_no"] = event.data.receipt_no
            case CorrectionNoticeIssued():
                told["notice_no"] = event.data.notice_no
            case CustodyOffered():
                told["handover_no"] = event.data.handover_no
            case _:
                pass
    return told


def _off_list(command: JourneyCommand) -> tuple[str, ...]:
    """What is demanded and may not be. Also when it is demanded again, which is no event any more."""
    if not isinstance(command, IssueCorrection):
        return ()
    return tuple(sorted({entry.code for entry in command.missing} - command.listed))
