"""The services' own rules run over stories in memory: documents in, recorded bodies out. No database, no Kafka."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from deploy.local.casting import Cast, Desk, Part, Partner
from deploy.local.population import Body, province
from deploy.local.story import Act, Story, document
from services.approval import decider as approval
from services.approval import service as approval_service
from services.approval.commands import TakeCase
from services.intake import cases
from services.intake.catalogue import CATALOGUE
from services.intake.catalogue_service import _decided_by
from services.intake.commands import Item, NoteDecision, NoteWithdrawal, ReleaseVisit, Venue
from services.intake.decider import journey_decider
from services.intake.people import Pseudonyms
from services.intake.register import ItemVersion, Register
from services.intake.resolution import Alone, Draft, Joins, OnCase, OnVisit, Resolver
from shared.contracts import commands as wire
from shared.contracts.approval import CaseWithdrawn, DecisionMade
from shared.contracts.catalogue import ServiceItemPublished
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.ids import ingress_id, journey_of_command, journey_stream
from shared.contracts.ingress import read_command
from shared.contracts.intake import ApplicationAccepted, JourneyCompleted, VisitRecorded
from shared.contracts.wire import decode, encode
from shared.eventsourcing.decider import Timer
from shared.eventsourcing.errors import RefusedError
from shared.eventsourcing.plan import TIMEKEEPER, Applied, Context, Order, plan
from shared.reference.calendar import Calendars, WorkingCalendar
from shared.runtime.auth import Caller, Staff
from shared.runtime.requests import Asked

SERVICE = Actor("service", "test")
STAFF = Staff(b"k" * 32)


class Province:
    """The catalogue as intake would hold it after these documents, and the bodies of its events."""

    def __init__(self, documents: Iterable[Mapping[str, Any]], now: datetime) -> None:
        self.bodies: list[bytes] = []
        regions: dict[str, str] = {}
        items: dict[str, list[ItemVersion]] = {}
        venues: dict[str, Venue] = {}
        calendars: list[WorkingCalendar] = []
        for published in documents:
            command: Any = read_command(published).command
            kind, name, made = _decided_by(command, now, regions)
            context = Context(ingress_id("seed", published["id"]), SERVICE, UUID(int=1), UUID(int=1))
            done = plan(CATALOGUE, [], [Order(f"{kind}-{name}", f"{kind}:{name}", made, context)])
            assert isinstance(done.outcomes[0], Applied), published["id"]
            for event in done.events:
                self.bodies.append(encode(_envelope(event, f"{kind}-{name}", 1, "intake")))
                self._keep(event.data, regions, items, venues, calendars)
        self.calendars = Calendars(tuple(calendars))
        self.register = Register(items, venues, regions, self.calendars)

    def _keep(
        self,
        fact: Any,
        regions: dict[str, str],
        items: dict[str, list[ItemVersion]],
        venues: dict[str, Venue],
        calendars: list[WorkingCalendar],
    ) -> None:
        match fact:
            case ServiceItemPublished() as f:
                item = Item(
                    f.item_code, f.basic_code, f.version, f.declared_visits, f.promised_wd, f.statutory_wd,
                    f.body_uscc, f.body_region, f.level,
                )  # fmt: skip
                items[f.item_code] = [ItemVersion(item, frozenset(m.code for m in f.materials), f.effective_from, None)]
            case _ if hasattr(fact, "venue_id"):
                venues[fact.venue_id] = Venue(fact.venue_id, fact.region, fact.kind, frozenset(fact.mandates))
            case _ if hasattr(fact, "days_off"):
                calendars.append(
                    WorkingCalendar(fact.year, fact.version, frozenset(fact.days_off), frozenset(fact.makeup_workdays))
                )
            case _ if hasattr(fact, "level"):
                regions[fact.body_uscc] = fact.region


def _envelope(event: Any, stream: str, sequence: int, source: str) -> Envelope[Any]:
    known = event.context.known or event.time
    return Envelope(
        id=event.id, source=source, type=event.data.type, stream=stream, sequence=sequence, time=event.time,
        recorded=datetime(2026, 12, 1, tzinfo=UTC), known=known, key=event.key, correlation=event.context.correlation,
        causation=event.context.causation, actor=event.context.actor, data=event.data,
    )  # fmt: skip


class Pipeline:
    """Intake and approval over one story after another; `answers` are (document id, rule or None) in order."""

    def __init__(self, province: Province) -> None:
        self._province = province
        self._pseudonyms = Pseudonyms(b"test")
        self._intake = journey_decider(province.calendars)
        self._approval = approval.journey_decider(province.calendars)
        self.bodies: list[bytes] = []
        self.answers: list[tuple[str, str | None]] = []
        self._start()

    def _start(self) -> None:
        self._streams: dict[tuple[str, str], list[Envelope[Any]]] = defaultdict(list)
        self._cases: dict[str, cases.CaseRow] = {}
        self._journey_of_case: dict[str, UUID] = {}
        self._visits: dict[UUID, UUID] = {}
        self._open: dict[tuple[str, str], UUID] = {}

    def play(self, story: Story, until: datetime) -> None:
        """Run a story through both services, then let time pass until `until`."""
        self._start()
        acts: tuple[Act, ...] = ("before", "decision", "after")
        for act in acts:
            for _, told in story.documents(act):
                self._ask(told, Caller("importer", story.caller), act)
        self._pass_time(until)
        for stored in self._streams.values():
            self.bodies += [encode(event) for event in stored]

    def play_live(self, story: Story, cast: Cast) -> None:
        """Run a story as it is played live: each step by whoever has that part, under the number that the case then has."""
        self._start()
        case_no = story.name
        for number, step in enumerate(story.steps):
            caller = caller_of(cast.part(step))
            made = replace(step, data=cast.data(step, case_no))
            self._ask(document(story.document_id(number), made, case_no), caller, step.act)
            case_no = next(iter(self._journey_of_case), story.name)
        for stored in self._streams.values():
            self.bodies += [encode(event) for event in stored]

    def _ask(self, told: Mapping[str, Any], caller: Caller, act: Act) -> None:
        ingress = read_command(told)
        assert ingress.time is not None
        command_id = ingress_id(caller.id, ingress.id)
        asked = Asked(caller, ingress.id, ingress.subject, command_id, ingress.command, ingress.time, ingress.knowntime)
        try:
            self._decide(asked) if act == "decision" else self._handle(asked)
            self.answers.append((ingress.id, None))
        except RefusedError as error:
            self.answers.append((ingress.id, error.rule.code))

    def _decide(self, asked: Asked) -> None:
        command = approval_service._case_command(asked, STAFF)
        journey = self._journey_of_case[command.case_no]
        approval_service._authorise(asked, self._cases[command.case_no].holder_body)
        self._append("approval", journey, command, asked.context(STAFF))

    def _handle(self, asked: Asked) -> None:
        resolver = Resolver(self._province.register, self._cases, self._visits, self._pseudonyms)
        if isinstance(asked.command, wire.AttributeVisit):
            self._attribute(asked, asked.command, resolver)
            return
        draft = resolver.draft(asked)
        journey = self._journey(draft)
        if isinstance(asked.command, wire.SubmitApplication):
            assert draft.case_no is not None
            self._journey_of_case[draft.case_no] = journey
        self._append("intake", journey, draft.command, draft.asked.context(self._pseudonyms.staff))
        if isinstance(asked.command, wire.RecordVisit):
            self._visits.setdefault(asked.command.visit_id, journey)

    def _journey(self, draft: Draft) -> UUID:
        own = journey_of_command(draft.asked.command_id)
        match draft.target:
            case Joins(wanted=wanted):
                return self._open.setdefault(wanted, own)
            case Alone():
                return own
            case OnCase(case_no=case_no):
                return self._journey_of_case[case_no]
            case OnVisit(visit_id=visit_id):
                return self._visits[visit_id]
            case _:
                raise AssertionError("stories report no history")

    def _attribute(self, asked: Asked, command: wire.AttributeVisit, resolver: Resolver) -> None:
        origin = self._visits[command.visit_id]
        (recorded,) = (
            e
            for e in self._streams["intake", str(origin)]
            if isinstance(e.data, VisitRecorded) and e.data.visit_id == command.visit_id
        )
        release = ReleaseVisit(asked.now, resolver.actor(asked), command.visit_id)
        self._append("intake", origin, release, replace(asked.context(self._pseudonyms.staff), reaction="release"))
        draft, wanted = resolver.attribution(asked, command.applicant, recorded.data, origin, recorded.time)
        self._append("intake", self._open[wanted], draft.command, draft.asked.context(self._pseudonyms.staff))
        self._visits[command.visit_id] = self._open[wanted]

    def _append(self, source: str, journey: UUID, command: Any, context: Context) -> None:
        decider: Any = self._intake if source == "intake" else self._approval
        history = self._streams[source, str(journey)]
        made = plan(decider, history, [Order(journey_stream(journey), str(journey), command, context)])
        for event in made.events:
            # What was written is what is read: the next fold sees the decoded event, as in the services.
            stored = decode(encode(_envelope(event, journey_stream(journey), len(history) + 1, source)))
            history.append(stored)
            self._react(stored, journey)
        outcome = made.outcomes[0]
        if not isinstance(outcome, Applied):
            raise outcome.error

    def _react(self, event: Envelope[Any], journey: UUID) -> None:
        fact = event.data
        if event.source == "intake" and getattr(fact, "case_no", None) is not None:
            row = self._cases.get(fact.case_no)
            self._cases[fact.case_no] = (
                cases.submitted(fact, journey, event.actor, event.time) if row is None else cases.row_after(row, fact, event.time)
            )
        match fact:
            case ApplicationAccepted():
                self._append("approval", journey, TakeCase(event.time, fact), Context.following(event, SERVICE, "take-case"))
            case DecisionMade():
                noted = NoteDecision(event.time, fact.case_no, fact.outcome, event.id)
                self._append("intake", journey, noted, Context.following(event, SERVICE, "note"))
            case CaseWithdrawn():
                back = NoteWithdrawal(event.time, fact.case_no, event.id)
                self._append("intake", journey, back, Context.following(event, SERVICE, "note"))
            case JourneyCompleted():
                self._open = {wanted: open_ for wanted, open_ in self._open.items() if open_ != journey}
            case _:
                pass

    def _pass_time(self, until: datetime) -> None:
        for source, decider in (("intake", self._intake), ("approval", self._approval)):
            elapse: Any = decider.elapse
            for of_source, key in list(self._streams):
                if of_source != source:
                    continue
                while due := self._due(decider, self._streams[source, key], until):
                    seed = UUID(int=len(self._streams[source, key]))
                    context = Context(seed, TIMEKEEPER, seed, seed, f"timer/{source}/{key}")
                    self._append(source, UUID(key), elapse(due[0]), context)

    def _due(self, decider: Any, history: list[Envelope[Any]], until: datetime) -> list[Timer]:
        return sorted(timer for timer in decider.timers(decider.fold(history)) if timer.due_at <= until)


def caller_of(part: Part) -> Caller:
    """Who the services see behind a part; a partner's topic is its principal."""
    if isinstance(part, Desk):
        return part.caller
    assert isinstance(part, Partner)
    if ".portal." in part.topic:
        return Caller("portal", part.name)
    body = _department_body(part.name)
    return Caller("department", part.name, body.uscc, body.region)


def _department_body(partner: str) -> Body:
    return next(d.body for d in province(datetime(2026, 11, 23, tzinfo=UTC).date()).departments if d.partner == partner)
