"""The desk says which run a visit today is, and what may be done next, by the rules that the decider and the figures use."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.next_steps import Next, next_of, provisional, steps_for
from services.intake.promise import promise_of
from services.intake.state import CaseFile, Custody, Handover, InCorrection, Notice, Received, Submitted
from shared.contracts.base import Fact
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.intake import ApplicationSubmitted, JourneyOpened, ResultDelivered, VisitRecorded, VisitVoided
from shared.reference.calendar import Calendars, WorkingCalendar
from tests.unit.intake.story import (
    CALENDARS,
    CASE,
    HANGZHOU,
    HANGZHOU_BODY,
    MANDATED,
    MONDAY,
    OFFICER,
    STRANGER,
    SUBJECT,
    WENZHOU,
    WENZHOU_BODY,
    WENZHOU_CLERK,
    at,
)

TODAY = date(2026, 6, 3)
HALL = ("hall-wz", "hall")


def told(*facts: Fact) -> list[Envelope[Any]]:
    cause, actor = uuid4(), Actor("clerk", "c")
    journey = str(uuid4())
    return [
        Envelope(uuid4(), "intake", str(f.type), f"journey-{journey}", n, MONDAY, MONDAY, MONDAY, journey, cause, cause, actor, f)  # type: ignore[attr-defined]
        for n, f in enumerate(facts, 1)
    ]


def opened(declared: int = 1) -> JourneyOpened:
    return JourneyOpened(
        subject_ref=SUBJECT, item_code="T", basic_code="T", applicant_region=WENZHOU, declared_visits=declared, first_contact=MONDAY
    )


def came(venue: str, days_ago: int, visit_id: UUID | None = None) -> VisitRecorded:
    return VisitRecorded(
        visit_id=visit_id or uuid4(),
        subject_ref=SUBJECT,
        venue_id=venue,
        venue_region=WENZHOU,
        venue_kind="hall",
        local_date=TODAY - timedelta(days=days_ago),
        by="applicant",
        purpose="consult",
        outcome="wrong_place",
        cause="wrong_place",
        responsible="applicant",
        source="window",
        item_code="T",
    )


def test_the_first_of_one_promised_is_within_the_promise() -> None:
    promise = promise_of(told(opened()), HALL, TODAY)

    assert (promise.declared, promise.runs.experienced, promise.this_run, promise.kept) == (1, 0, 1, True)


@pytest.mark.parametrize("venue", ["hall-hz", "a-hall"])
def test_another_hall_or_another_day_is_one_more_run(venue: str) -> None:
    promise = promise_of(told(opened(), came(venue, 0)), HALL, TODAY)

    assert (promise.runs.experienced, promise.this_run) == (1, 2)


def test_coming_back_to_the_same_hall_on_the_same_day_is_the_same_run() -> None:
    assert promise_of(told(opened(), came("hall-wz", 0)), HALL, TODAY).this_run == 1


def test_a_visit_that_was_taken_off_does_not_count() -> None:
    mistake = came("hall-hz", 1)
    events = told(opened(), mistake, VisitVoided(visit_id=mistake.visit_id, reason_code="mistake"))

    assert promise_of(events, HALL, TODAY).this_run == 1


def test_two_runs_of_one_promised_break_it() -> None:
    assert promise_of(told(opened(), came("hall-hz", 2), came("hall-wz", 1))).kept is False


def test_what_was_promised_is_what_the_case_in_hand_promised() -> None:
    first, second = applied(2), applied(3).model_copy(update={"case_no": "C2"})

    assert promise_of(told(opened(1), first, second)).declared == 2
    assert promise_of(told(opened(1), first, second, handed_over("C2"))).declared == 3


def handed_over(case_no: str) -> ResultDelivered:
    return ResultDelivered(case_no=case_no, method="window", delivered_at=MONDAY)


def applied(declared: int = 1) -> ApplicationSubmitted:
    return ApplicationSubmitted(
        case_no=CASE,
        item_code="T",
        basic_code="T",
        item_version=1,
        declared_visits=declared,
        promised_wd=5,
        statutory_wd=30,
        channel="window",
        virtual=False,
        subject_ref=SUBJECT,
        applicant_region=WENZHOU,
        receiving_body=WENZHOU_BODY,
        receiving_region=WENZHOU,
        handling_body=HANGZHOU_BODY,
        handling_region=HANGZHOU,
        handling_level=3,
        materials=(),
    )


def a_file(**change: Any) -> CaseFile:
    fields: dict[str, Any] = {"terms": applied(), "custody": Custody(WENZHOU_BODY, WENZHOU)}
    return CaseFile(**fields | change)


def test_the_receiving_desk_receives_offers_and_lets_withdraw() -> None:
    assert steps_for(WENZHOU_CLERK, Submitted(a_file()), None) == ["receive", "offer-custody", "not-accept", "withdraw"]
    assert steps_for(STRANGER, Submitted(a_file()), None) == []


def test_only_a_mandated_window_accepts_for_another_body() -> None:
    received = Received(a_file(), MONDAY)

    assert "accept" not in steps_for(WENZHOU_CLERK, received, None)
    assert "accept" in steps_for(WENZHOU_CLERK, received, MANDATED)


def test_an_offer_is_answered_by_the_other_and_taken_back_by_the_holder() -> None:
    offered = Custody(WENZHOU_BODY, WENZHOU, handovers=(Handover("H1", HANGZHOU_BODY, HANGZHOU, TODAY),))
    received = Received(a_file(custody=offered), MONDAY)

    assert {"accept-custody", "return-custody"} <= set(steps_for(OFFICER, received, None))
    assert "withdraw-custody-offer" in steps_for(WENZHOU_CLERK, received, None)
    assert "accept-custody" not in steps_for(WENZHOU_CLERK, received, None)
    waits = next_of(received, MONDAY, None, CALENDARS)
    assert waits is not None
    assert (waits.step, waits.body, waits.due) == ("answer-offer", HANGZHOU_BODY, TODAY)


def test_what_is_missing_waits_for_the_applicant_until_its_day() -> None:
    notice = Notice("N1", 1, frozenset({("deed", "absent")}), TODAY)
    waits = next_of(InCorrection(a_file(notices=(notice,))), MONDAY, None, CALENDARS)

    assert waits is not None
    assert (waits.step, waits.body, waits.due) == ("bring", None, TODAY)


def test_the_clock_of_a_cross_city_case_has_no_day_before_it_is_taken_over() -> None:
    waits = next_of(Received(a_file(), MONDAY), MONDAY, None, CALENDARS)

    assert waits is not None
    assert (waits.step, waits.due) == ("accept", None)


def test_a_day_that_a_calendar_may_still_move_tells_its_year_and_one_that_was_told_stays() -> None:
    published = Calendars((WorkingCalendar(2026, 1),))
    december, january = at("2026-12-28"), date(2027, 1, 4)

    assert provisional(Next("decide", HANGZHOU_BODY, january), december, published) == 2027
    assert provisional(Next("decide", HANGZHOU_BODY, date(2026, 12, 31)), december, published) is None
    assert provisional(Next("accept", HANGZHOU_BODY), december, published) is None
    assert provisional(Next("bring", None, january), december, published) is None
    assert provisional(Next("answer-offer", HANGZHOU_BODY, january), december, published) is None
