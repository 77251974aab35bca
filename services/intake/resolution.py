"""From what a door was asked to what a journey decides: codes looked up, people turned into pseudonyms, times checked.

Nothing here reads the database; `wanted_by` says beforehand which rows a batch of requests needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from uuid import UUID

from services.intake import commands as domain
from services.intake.authority import covers, require_role
from services.intake.cases import CaseRow
from services.intake.journeys import Wanted
from services.intake.people import Left, Pseudonyms
from services.intake.refusals import (
    APPLICANT_DIFFERS,
    CASE_NUMBER_TAKEN,
    DATE_IN_FUTURE,
    DATE_TOO_EARLY,
    ITEM_CODE_OUTGROWN,
    ITEM_NOT_IN_FORCE,
    NO_RECEIVING_BODY,
    NOT_YOUR_SUBMISSION,
    PSEUDONYM_IS_THE_DESKS,
    RECEIVED_ELSEWHERE,
    SELF_REPORTS_ONLY,
    UNKNOWN_BODY,
    UNKNOWN_CASE,
    UNKNOWN_ITEM,
    UNKNOWN_ITEM_VERSION,
    UNKNOWN_REGION,
    UNKNOWN_VENUE,
    VISITS_ARE_THE_DESKS,
)
from services.intake.register import ItemVersion, Register
from shared.contracts import commands as wire
from shared.contracts.base import Command
from shared.contracts.envelope import Actor
from shared.contracts.ids import ITEM_CODE_MAX
from shared.contracts.ids import case_no as case_no_of
from shared.contracts.intake import VisitRecorded
from shared.eventsourcing.errors import RefusedError
from shared.reference.deadlines import local_date, start_of_day
from shared.reference.divisions import is_known
from shared.runtime.requests import Asked

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Published calendars begin here; nothing that a journey rests on can be older."""
WITHOUT_A_VISIT = frozenset({"web", "app", "courier"})


@dataclass(frozen=True, slots=True)
class Joins:
    """The person's open journey about the item, or a new one."""

    wanted: Wanted
    contact: datetime
    opening: domain.Opening


@dataclass(frozen=True, slots=True)
class Alone:
    """A journey of its own, which nobody else's command joins."""

    opening: domain.Opening


@dataclass(frozen=True, slots=True)
class OnCase:
    """The journey of a case."""

    case_no: str


@dataclass(frozen=True, slots=True)
class OnVisit:
    """The journey on which a visit counts."""

    visit_id: UUID


Target = Joins | Alone | OnCase | OnVisit


@dataclass(frozen=True, slots=True)
class Draft:
    """A resolved command that waits for its journey. What was `left` about its person is kept once it took effect."""

    asked: Asked
    target: Target
    command: domain.JourneyCommand
    case_no: str | None = None
    left: Left | None = None


@dataclass(slots=True)
class Codes:
    """The codes by which a batch refers to the catalogue and to what was recorded before."""

    items: set[str] = field(default_factory=set)
    venues: set[str] = field(default_factory=set)
    bodies: set[str] = field(default_factory=set)
    cases: set[str] = field(default_factory=set)
    visits: set[UUID] = field(default_factory=set)


def wanted_by(requests: Iterable[Asked]) -> Codes:
    """Every code that `requests` name. The items of cases are known only after the cases were read."""
    codes = Codes()
    for asked in requests:
        if asked.caller.body is not None:
            codes.bodies.add(asked.caller.body)
        _add(codes, asked.command)
        if isinstance(asked.command, wire.SubmitApplication):
            codes.cases.add(_number_of(asked, asked.command))
    return codes


def _number_of(asked: Asked, submission: wire.SubmitApplication) -> str:
    return case_no_of(submission.item_code, local_date(asked.now), asked.command_id)


def _add(codes: Codes, command: Command) -> None:
    names = command.__dict__
    for name, kind in (("item_code", codes.items), ("venue_id", codes.venues), ("window_id", codes.venues)):
        if names.get(name) is not None:
            kind.add(names[name])
    codes.bodies.update(names[name] for name in ("receiving_body", "to_body") if names.get(name) is not None)
    if names.get("case_no") is not None:
        codes.cases.add(names["case_no"])
    if names.get("visit_id") is not None:
        codes.visits.add(names["visit_id"])


class Resolver:
    """Turns requests into drafts, in order: a later request may refer to an earlier one of the same batch."""

    def __init__(
        self, register: Register, cases: Mapping[str, CaseRow], visits: Mapping[UUID, UUID], pseudonyms: Pseudonyms
    ) -> None:
        self._register = register
        self._cases = cases
        self._pseudonyms = pseudonyms
        self._visits = set(visits)
        self._submitted: dict[str, domain.SubmitApplication] = {}

    def draft(self, asked: Asked) -> Draft:
        """The draft of one request. Raises `RefusedError` if something it names does not exist or may not be asked."""
        require_role(asked.caller.role, type(asked.command))
        if asked.now < EARLIEST:
            raise RefusedError(DATE_TOO_EARLY, field="time")
        match asked.command:
            case wire.RecordVisit():
                return self._record_visit(asked, asked.command)
            case wire.VoidVisit():
                void = domain.VoidVisit(asked.now, self.actor(asked), asked.command.visit_id, asked.command.reason_code)
                return Draft(asked, OnVisit(asked.command.visit_id), void)
            case wire.SubmitApplication():
                return self._submit(asked, asked.command)
            case _:
                return self._on_case(asked)

    def actor(self, asked: Asked) -> Actor:
        """Who asks; staff of a body that name no region act in the region of their body."""
        actor = asked.caller.actor(self._pseudonyms.staff)
        if actor.region is None and actor.body is not None:
            return replace(actor, region=self._register.bodies.get(actor.body))
        return actor

    def _left_by(self, asked: Asked, applicant: wire.Applicant | None, case_no: str | None = None) -> Left | None:
        if applicant is None:
            return None
        return Left(self._pseudonyms.subject_ref(applicant.id_no), applicant, asked.caller.role != "portal", case_no)

    # Visits.

    def _record_visit(self, asked: Asked, visit: wire.RecordVisit) -> Draft:
        _require_past(visit.local_date, asked.now)
        if asked.caller.role == "portal" and visit.source != "self_report":
            raise RefusedError(SELF_REPORTS_ONLY, field="source")
        if visit.subject_ref is not None and (visit.applicant is not None or asked.caller.role == "portal"):
            raise RefusedError(PSEUDONYM_IS_THE_DESKS, field="subject_ref")
        venue = self._register.venues.get(visit.venue_id)
        if venue is None:
            raise RefusedError(UNKNOWN_VENUE, field="venue_id")
        opening = self._opening_by_visit(asked, visit)
        person_ref = None if visit.person_id_no is None else self._pseudonyms.subject_ref(visit.person_id_no)
        command = domain.RecordVisit(
            now=asked.now,
            by=self.actor(asked),
            opening=opening,
            visit_id=visit.visit_id,
            venue=venue,
            local_date=visit.local_date,
            visitor=visit.by,
            person_ref=person_ref,
            purpose=visit.purpose,
            outcome=visit.outcome,
            cause=visit.cause,
            responsible=visit.responsible,
            source=visit.source,
        )
        target = self._place_of(asked, visit, opening)
        self._visits.add(visit.visit_id)
        return Draft(asked, target, command, visit.case_no, self._left_by(asked, visit.applicant))

    def _opening_by_visit(self, asked: Asked, visit: wire.RecordVisit) -> domain.Opening:
        item = self._newest(visit.item_code, visit.local_date).item
        same_day = visit.local_date == local_date(asked.now)
        begins = asked.now if same_day else start_of_day(visit.local_date)
        if visit.applicant is None:
            return domain.Opening(visit.subject_ref, item.item_code, item.basic_code, None, item.declared_visits, begins)
        return self._opening(visit.applicant, item, begins)

    def _opening(self, applicant: wire.Applicant, item: domain.Item, begins: datetime) -> domain.Opening:
        _require_region(applicant.region, local_date(begins), "applicant.region")
        subject = self._pseudonyms.subject_ref(applicant.id_no)
        return domain.Opening(subject, item.item_code, item.basic_code, applicant.region, item.declared_visits, begins)

    def _place_of(self, asked: Asked, visit: wire.RecordVisit, opening: domain.Opening) -> Target:
        if visit.visit_id in self._visits:
            return OnVisit(visit.visit_id)
        if visit.case_no is not None:
            subject, _, _ = self._case(asked, visit.case_no)
            if opening.subject_ref not in (None, subject):
                raise RefusedError(APPLICANT_DIFFERS, field="applicant")
            return OnCase(visit.case_no)
        if opening.subject_ref is not None:
            return Joins((opening.subject_ref, visit.item_code), opening.first_contact, opening)
        return Alone(opening)

    def attribution(
        self, asked: Asked, applicant: wire.Applicant, visit: VisitRecorded, origin: UUID, occurred: datetime
    ) -> tuple[Draft, Wanted]:
        """The recording of a known visit on the journey of `applicant`, which began with it if it is new."""
        item = self._newest(visit.item_code, visit.local_date).item
        same_day = visit.local_date == local_date(occurred)
        opening = self._opening(applicant, item, occurred if same_day else start_of_day(visit.local_date))
        subject = self._pseudonyms.subject_ref(applicant.id_no)
        command = domain.RecordVisit(
            now=asked.now,
            by=self.actor(asked),
            opening=opening,
            visit_id=visit.visit_id,
            venue=domain.Venue(visit.venue_id, visit.venue_region, visit.venue_kind, frozenset()),
            local_date=visit.local_date,
            visitor=visit.by,
            person_ref=visit.person_ref,
            purpose=visit.purpose,
            outcome=visit.outcome,
            cause=visit.cause,
            responsible=visit.responsible,
            source=visit.source,
            attributed_from=origin,
        )
        wanted = (subject, visit.item_code)
        target = Joins(wanted, opening.first_contact, opening)
        return Draft(asked, target, command, None, self._left_by(asked, applicant)), wanted

    # The catalogue as it was on a day.

    def _versions(self, item_code: str) -> list[ItemVersion]:
        versions = self._register.items.get(item_code)
        if not versions:
            raise RefusedError(UNKNOWN_ITEM, field="item_code")
        return list(versions)

    def _newest(self, item_code: str, day: date) -> ItemVersion:
        """The version that a visitor was promised; somebody may also come about an item that is not in force."""
        versions = self._versions(item_code)
        return next((v for v in reversed(versions) if v.effective_from <= day), versions[-1])

    def _applied_for(self, submission: wire.SubmitApplication, day: date) -> domain.Item:
        versions = self._versions(submission.item_code)
        if len(submission.item_code) > ITEM_CODE_MAX:
            # Published before codes had a limit.
            raise RefusedError(ITEM_CODE_OUTGROWN, field="item_code")
        if submission.item_version is not None:
            versions = [v for v in versions if v.item.version == submission.item_version]
            if not versions:
                raise RefusedError(UNKNOWN_ITEM_VERSION, field="item_version")
        for version in reversed(versions):
            if version.in_force_on(day):
                return version.item
        raise RefusedError(ITEM_NOT_IN_FORCE, field="item_code")

    def _window(self, window_id: str | None) -> domain.Venue | None:
        return None if window_id is None else self._register.venues.get(window_id)

    # Submission.

    def _submit(self, asked: Asked, submission: wire.SubmitApplication) -> Draft:
        if asked.caller.role == "portal" and submission.channel not in WITHOUT_A_VISIT:
            raise RefusedError(VISITS_ARE_THE_DESKS, field="channel")
        today = local_date(asked.now)
        item = self._applied_for(submission, today)
        opening = self._opening(submission.applicant, item, asked.now)
        subject = self._pseudonyms.subject_ref(submission.applicant.id_no)
        if submission.subject_ref is not None and asked.caller.role == "portal":
            raise RefusedError(PSEUDONYM_IS_THE_DESKS, field="subject_ref")
        if submission.subject_ref not in (None, subject):
            raise RefusedError(APPLICANT_DIFFERS, field="applicant")
        body, region = self._received_by(asked, submission, item, today)
        command = domain.SubmitApplication(
            now=asked.now,
            by=self.actor(asked),
            opening=opening,
            case_no=_number_of(asked, submission),
            item=item,
            channel=submission.channel,
            virtual=submission.channel in WITHOUT_A_VISIT,
            subject_ref=subject,
            applicant_region=submission.applicant.region,
            receiving_body=body,
            receiving_region=region,
            materials=submission.materials,
        )
        self._require_free(command.case_no, subject)
        self._submitted[command.case_no] = command
        target: Target = Joins((subject, item.item_code), asked.now, opening)
        if command.case_no in self._cases:
            target = OnCase(command.case_no)
        return Draft(asked, target, command, command.case_no, self._left_by(asked, submission.applicant, command.case_no))

    def _require_free(self, number: str, subject: str) -> None:
        known = self._cases.get(number) or self._submitted.get(number)
        if known is not None and known.subject_ref != subject:
            raise RefusedError(CASE_NUMBER_TAKEN, state="taken")

    def _received_by(self, asked: Asked, submission: wire.SubmitApplication, item: domain.Item, day: date) -> tuple[str, str]:
        """Who takes it in and where. What is sent without a visit counts as received where the applicant lives."""
        given, home = submission.receiving_body, submission.applicant.region
        sent = submission.channel in WITHOUT_A_VISIT
        body = given or (item.body if sent else asked.caller.body)
        if body is None:
            raise RefusedError(NO_RECEIVING_BODY, field="receiving_body")
        if body == item.body and sent:
            return body, home
        seat = self._register.bodies.get(body)
        if seat is None:
            raise RefusedError(UNKNOWN_BODY, field="receiving_body")
        if sent:
            return body, _within(seat, home, "receiving_body")
        here = asked.caller.region
        region = submission.receiving_region or (here if here is not None and covers(seat, here) else seat)
        _require_region(region, day, "receiving_region")
        return body, _within(seat, region, "receiving_region")

    # Cases.

    def _case(self, asked: Asked, case_no: str) -> tuple[str, str, int]:
        """Subject, item and version of a case. A portal knows only the cases that it submitted itself."""
        row = self._cases.get(case_no)
        if row is not None:
            if asked.caller.role == "portal" and (row.submitted_role, row.submitted_by) != ("portal", asked.caller.id):
                raise RefusedError(NOT_YOUR_SUBMISSION, field="case_no")
            return row.subject_ref, row.item_code, row.item_version
        earlier = self._submitted.get(case_no)
        if earlier is None:
            raise RefusedError(UNKNOWN_CASE, field="case_no")
        return earlier.subject_ref, earlier.item.item_code, earlier.item.version

    def ends(self, draft: Draft) -> Wanted | None:
        """The person and item whose journey this command may end."""
        if draft.case_no is None or not isinstance(draft.command, domain.Withdraw | domain.NotAccept | domain.Deliver):
            return None
        subject, item, _ = self._case(draft.asked, draft.case_no)
        return subject, item

    def _on_case(self, asked: Asked) -> Draft:
        case_no: str = asked.command.__dict__["case_no"]
        _, item_code, version = self._case(asked, case_no)
        command = self._case_command(asked, self.actor(asked), case_no, item_code, version)
        return Draft(asked, OnCase(case_no), command, case_no)

    def _case_command(self, asked: Asked, by: Actor, no: str, item: str, version: int) -> domain.CaseCommand:
        now, calendars = asked.now, self._register.calendars
        match asked.command:
            case wire.Withdraw() as c:
                return domain.Withdraw(now, by, no, c.reason_code)
            case wire.Receive() as c:
                window = self._window(c.window_id)
                return domain.Receive(now, by, no, c.window_id, window, c.form_check, c.identity_check)
            case wire.IssueCorrection() as c:
                return domain.IssueCorrection(now, by, no, c.missing, c.reason_code, self._listed(item, version), calendars)
            case wire.SubmitCorrection() as c:
                return domain.SubmitCorrection(now, by, no, c.notice_no, c.complete)
            case wire.Accept() as c:
                if c.window_id is not None and self._window(c.window_id) is None:
                    raise RefusedError(UNKNOWN_VENUE, field="window_id")
                return domain.Accept(now, by, no, self._window(c.window_id), calendars)
            case wire.NotAccept() as c:
                return domain.NotAccept(now, by, no, c.reason_code, c.competent_body, c.remedies)
            case wire.OfferCustody() as c:
                region = self._register.bodies.get(c.to_body)
                if region is None:
                    raise RefusedError(UNKNOWN_BODY, field="to_body")
                return domain.OfferCustody(now, by, no, c.to_body, region, c.medium, calendars)
            case wire.AcceptCustody() as c:
                return domain.AcceptCustody(now, by, no, c.handover_no)
            case wire.ReturnCustody() as c:
                return domain.ReturnCustody(now, by, no, c.handover_no, c.reason_code)
            case wire.WithdrawCustodyOffer() as c:
                return domain.WithdrawCustodyOffer(now, by, no, c.handover_no)
            case wire.Deliver() as c:
                return domain.Deliver(now, by, no, c.method)
            case _:
                raise AssertionError("only commands of a case have a case number")

    def _listed(self, item_code: str, version: int) -> frozenset[str]:
        return next((v.listed for v in self._register.items.get(item_code, ()) if v.item.version == version), frozenset())


def _within(seat: str, place: str, name: str) -> str:
    """`place`, which the seat of the body that takes an application in must cover; `name` is the field to mend."""
    if not covers(seat, place):
        raise RefusedError(RECEIVED_ELSEWHERE, field=name)
    return place


def _require_region(region: str, day: date, name: str) -> None:
    if not is_known(region, day):
        raise RefusedError(UNKNOWN_REGION, field=name)


def _require_past(day: date, now: datetime) -> None:
    if day > local_date(now):
        raise RefusedError(DATE_IN_FUTURE, field="local_date")
    if day < EARLIEST.date():
        raise RefusedError(DATE_TOO_EARLY, field="local_date")
