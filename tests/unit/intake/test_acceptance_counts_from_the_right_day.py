"""A case is accepted by the item's body or a window it mandated, or by silence, and its clocks count from the right day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.intake.commands import JourneyCommand, TimePassed, Venue
from services.intake.next_steps import steps_for
from services.intake.refusals import (
    ALREADY_ACCEPTED,
    CASE_ENDED,
    CORRECTION_OPEN,
    NOT_COMPETENT,
    NOT_RECEIVED,
    NOT_YOURS,
    OFFER_OPEN,
)
from shared.contracts.base import Fact
from shared.contracts.envelope import Actor
from shared.contracts.intake import ApplicationAccepted, ApplicationNotAccepted, JourneyCompleted
from shared.eventsourcing.errors import RefusedError, Rule
from shared.reference.calendar import Calendars, WorkingCalendar
from tests.unit.intake.story import (
    CALENDARS,
    CASE,
    HANGZHOU,
    HANGZHOU_BODY,
    IMPORTER,
    MANDATED,
    MONDAY,
    NINGBO_BODY,
    OFFICER,
    STRANGER,
    VENUE,
    WENZHOU_BODY,
    WENZHOU_CLERK,
    WENZHOU_VENUE,
    Story,
    accept,
    answer,
    at,
    correct,
    decided,
    deliver,
    give_back,
    later,
    offer,
    receive,
    submit,
    take,
    turn_away,
    withdraw,
)

DEPARTMENT = Actor("department", "land", HANGZHOU_BODY)


def accepted_of(facts: list[Fact]) -> ApplicationAccepted:
    (fact,) = facts
    assert isinstance(fact, ApplicationAccepted)
    return fact


def test_acceptance_needs_a_receipt() -> None:
    refused = Story().given(submit()).when(accept()).then_refused(NOT_RECEIVED)

    assert refused.state == "submitted"


def test_acceptance_fixes_both_deadlines_with_the_calendar_behind_them() -> None:
    fact = accepted_of(Story().given(submit(), receive()).when(accept(later(hours=2))).then(ApplicationAccepted))

    assert (fact.mode, fact.accepted_at, fact.accepted_body) == ("normal", later(hours=2), HANGZHOU_BODY)
    assert (fact.promised_due, fact.statutory_due) == (date(2026, 6, 15), date(2026, 6, 29))
    assert fact.calendar_version == "2026.0p"


def test_accepting_again_is_no_news() -> None:
    Story().given(submit(), receive(), accept()).when(accept(later(days=1))).then_nothing()
    Story().given(submit(), receive(), accept(), decided(), deliver()).when(accept(later(days=1))).then_nothing()


def test_the_items_body_accepts_what_it_holds() -> None:
    Story().given(submit(), receive()).when(accept(by=OFFICER)).then(ApplicationAccepted)
    Story().given(submit(), receive()).when(accept(by=DEPARTMENT)).then(ApplicationAccepted)
    Story().given(submit(), receive()).when(accept(by=STRANGER)).then_refused(NOT_YOURS)


def test_a_body_that_does_not_hold_the_case_cannot_accept_it() -> None:
    story = Story().given(submit(across=True), receive(window=WENZHOU_VENUE))

    story.when(accept(by=OFFICER)).then_refused(NOT_COMPETENT)
    story.when(accept(by=WENZHOU_CLERK)).then_refused(NOT_COMPETENT)
    story.when(accept(by=WENZHOU_CLERK, window=WENZHOU_VENUE)).then_refused(NOT_COMPETENT)
    story.when(accept()).then_refused(NOT_COMPETENT)


def test_a_mandated_window_accepts_for_the_body_which_then_holds_the_case() -> None:
    story = Story().given(submit(across=True), receive(window=MANDATED))

    fact = accepted_of(story.when(accept(by=WENZHOU_CLERK, window=MANDATED)).then(ApplicationAccepted))

    assert fact.accepted_body == HANGZHOU_BODY
    assert story.case().file.custody.body == HANGZHOU_BODY


def test_whoever_does_not_stand_at_a_mandated_window_gains_nothing_by_naming_it() -> None:
    of_hangzhou = Venue("hall-hz", HANGZHOU, "hall", frozenset({HANGZHOU_BODY}))
    story = Story().given(submit(across=True), receive(window=WENZHOU_VENUE))

    story.when(accept(by=WENZHOU_CLERK, window=of_hangzhou)).then_refused(NOT_COMPETENT)
    story.given(offer(), take())
    story.when(accept(by=WENZHOU_CLERK, window=of_hangzhou)).then_refused(NOT_YOURS)
    story.when(accept(by=OFFICER, window=MANDATED)).then(ApplicationAccepted)


def test_a_mandated_window_that_asks_again_changes_nothing_and_is_not_refused() -> None:
    story = Story().given(submit(), receive(), accept(by=WENZHOU_CLERK, window=MANDATED))

    story.when(accept(by=WENZHOU_CLERK, window=MANDATED)).then_nothing()


@pytest.mark.parametrize(
    ("before", "rule"),
    [
        ((submit(),), NOT_RECEIVED),
        ((submit(), receive(), correct("deed")), CORRECTION_OPEN),
        ((submit(), receive(), offer(NINGBO_BODY, "330200")), OFFER_OPEN),
        ((submit(), turn_away()), CASE_ENDED),
    ],
)
def test_a_mandated_window_is_told_what_the_case_waits_for(before: tuple[JourneyCommand, ...], rule: Rule) -> None:
    story = Story().given(*before)

    story.when(accept(by=WENZHOU_CLERK, window=MANDATED)).then_refused(rule)
    story.when(accept(by=WENZHOU_CLERK)).then_refused(NOT_YOURS)


def test_nobody_accepts_while_an_offer_is_open() -> None:
    story = Story().given(submit(), receive(), offer(WENZHOU_BODY, "330300"))

    story.when(accept()).then_refused(OFFER_OPEN)
    story.when(turn_away()).then_refused(OFFER_OPEN)


def test_after_a_correction_acceptance_counts_from_the_day_everything_was_in() -> None:
    story = Story().given(submit(), receive(), correct("deed"))
    story.when(accept(later(days=1))).then_refused(CORRECTION_OPEN)
    story.given(answer(now=later(days=2)))

    fact = accepted_of(story.when(accept(later(days=4))).then(ApplicationAccepted))

    assert fact.accepted_at == later(days=2)


def test_five_working_days_of_silence_accept_as_of_the_receipt() -> None:
    friday = at("2026-06-05", 15)
    story = Story().given(submit(friday), receive(friday))
    assert story.waits_for() == [("deemed-acceptance", at("2026-06-13", 0))]

    story.until(at("2026-06-13", 0))

    fact = accepted_of(story.told[-1:])
    assert (fact.mode, fact.accepted_at) == ("deemed", friday)
    assert fact.promised_due == date(2026, 6, 19)


def test_a_make_up_saturday_shortens_the_silence_by_a_day() -> None:
    friday = at("2026-06-05", 15)
    made_up = Calendars((WorkingCalendar(2026, 1, makeup_workdays=frozenset({date(2026, 6, 6)})),))

    assert Story(made_up).given(submit(friday), receive(friday)).waits_for() == [("deemed-acceptance", at("2026-06-12", 0))]


def test_a_notice_in_time_ends_the_silence_and_the_answer_begins_it_anew() -> None:
    story = Story().given(submit(), receive(), correct("deed", now=later(days=4)))
    assert [kind for kind, _ in story.waits_for()] == ["correction-expiry"]

    story.given(answer(now=at("2026-06-10", 10))).until(at("2026-06-18", 0))

    fact = accepted_of(story.told[-1:])
    assert (fact.mode, fact.accepted_at) == ("deemed", at("2026-06-10", 10))


def test_what_comes_after_the_silence_finds_the_case_accepted() -> None:
    story = Story().given(submit(), receive())

    story.when(correct("deed", now=later(days=10))).then_refused(ALREADY_ACCEPTED)
    story.when(turn_away(later(days=10))).then_refused(ALREADY_ACCEPTED)


def test_a_case_from_another_city_waits_for_custody_before_silence_counts() -> None:
    story = Story().given(submit(across=True), receive(window=WENZHOU_VENUE))
    assert story.waits_for() == []

    story.given(offer(now=later(hours=1)))
    assert story.waits_for() == []

    story.given(take(later(days=3)))
    assert story.waits_for() == [("deemed-acceptance", at("2026-06-12", 0))]

    story.until(at("2026-06-12", 0))

    assert accepted_of(story.told[-1:]).accepted_at == later(days=3)


def test_a_hand_over_inside_one_city_moves_neither_the_silence_nor_the_day_of_acceptance() -> None:
    in_the_county = replace(submit(), receiving_body="11330102DDDDDDDDD4", receiving_region="330102")
    story = Story().given(in_the_county, receive(), offer(now=later(days=3)), take(later(days=4)))
    assert story.waits_for() == [("deemed-acceptance", at("2026-06-09", 0))]

    story.until(at("2026-06-09", 0))

    fact = accepted_of(story.told[-1:])
    assert (fact.mode, fact.accepted_at, fact.promised_due) == ("deemed", MONDAY, date(2026, 6, 15))


def test_after_a_correction_a_hand_over_inside_one_city_leaves_the_day_on_which_everything_was_in() -> None:
    in_the_county = replace(submit(), receiving_body="11330102DDDDDDDDD4", receiving_region="330102")
    story = Story().given(in_the_county, receive(), correct("deed"), answer(now=later(days=1)))
    story.given(offer(now=later(days=1)), take(later(days=2)))

    fact = accepted_of(story.when(accept(later(days=3))).then(ApplicationAccepted))

    assert fact.accepted_at == later(days=1)


def test_an_open_offer_blocks_silence_until_it_ends() -> None:
    story = Story().given(submit(), receive(), offer(WENZHOU_BODY, "330300", later(days=1)))
    story.given(give_back(later(days=20)))

    assert story.waits_for() == [("deemed-acceptance", later(days=20))]


def test_an_application_is_turned_away_with_remedies_and_the_journey_ends() -> None:
    facts = Story().given(submit(), receive()).when(turn_away(later(hours=3))).then(ApplicationNotAccepted, JourneyCompleted)

    completed = facts[1]
    assert isinstance(completed, JourneyCompleted)
    assert (completed.outcome, completed.completed_at) == ("not_accepted", later(hours=3))


def test_turning_away_again_is_no_news_and_nothing_follows_it() -> None:
    story = Story().given(submit(), turn_away())

    story.when(turn_away()).then_nothing()
    story.when(accept()).then_refused(CASE_ENDED)
    Story().given(submit(), withdraw()).when(turn_away()).then_refused(CASE_ENDED)


def test_a_clerk_of_a_region_helps_its_bodies_along_but_accepts_only_where_they_mandated() -> None:
    city_clerk = replace(OFFICER, body=None, region=HANGZHOU)
    other_clerk = replace(OFFICER, body=None, region="330200")
    mandated = replace(VENUE, mandates=frozenset({HANGZHOU_BODY}))
    story = Story().given(submit(), receive(by=city_clerk))

    story.when(accept(by=city_clerk)).then_refused(NOT_COMPETENT)
    story.when(accept(by=city_clerk, window=VENUE)).then_refused(NOT_COMPETENT)
    story.when(accept(by=other_clerk)).then_refused(NOT_YOURS)
    story.when(accept(by=city_clerk, window=mandated)).then(ApplicationAccepted)


@pytest.mark.parametrize("window", [None, VENUE, WENZHOU_VENUE, MANDATED], ids=str)
@pytest.mark.parametrize(
    "by", [IMPORTER, OFFICER, WENZHOU_CLERK, STRANGER, DEPARTMENT, replace(OFFICER, body=None), replace(WENZHOU_CLERK, body=None)]
)
@pytest.mark.parametrize("across", [False, True])
def test_a_page_offers_acceptance_to_whoever_may_accept(by: Actor, window: Venue | None, across: bool) -> None:
    story = Story().given(submit(across=across), receive())
    offered = "accept" in steps_for(by, story.case(), window)

    try:
        story.when(accept(by=by, window=window)).then(ApplicationAccepted)
    except RefusedError:
        assert not offered
    else:
        assert offered


@pytest.mark.parametrize(
    "meanwhile", [(), (accept(later(days=1)),), (correct("deed", now=later(days=1)),), (turn_away(later(days=1)),)]
)
def test_a_timer_that_comes_again_or_too_late_changes_nothing(meanwhile: tuple[JourneyCommand, ...]) -> None:
    story = Story().given(submit(MONDAY), receive(MONDAY))
    ((kind, due),) = story.waits_for()

    story.given(*meanwhile).when(TimePassed(due, kind, CASE, CALENDARS)).then_nothing()


def test_time_that_passed_for_another_situation_changes_nothing() -> None:
    story = Story().given(submit(MONDAY), receive(MONDAY), accept(later(days=1)))

    assert story.until(later(days=200)).told[-1] == story.told[-1]
    assert isinstance(story.told[-1], ApplicationAccepted)
