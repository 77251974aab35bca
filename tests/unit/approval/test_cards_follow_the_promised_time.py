"""Signals of a promise of ten days: reminder, yellow, red; none while the clock stands still; each once."""

from __future__ import annotations

from services.approval.commands import EndSpecialProcedure, Extend, StartSpecialProcedure, TakeCase, TimePassed
from shared.contracts.approval import (
    DeadlineReminderRaised,
    RedCardIssued,
    SpecialProcedureEnded,
    YellowCardIssued,
)
from shared.reference.deadlines import local_date
from tests.unit.approval.story import CALENDARS, CASE, MONDAY, Story, accepted, at, days_on, decision, take


def test_a_case_left_alone_gets_each_signal_once_with_the_days_it_used() -> None:
    facts, _ = Story(take()).when(decision(days_on(40)))

    signals = [(type(fact), fact.used_wd) for fact in facts[:-1]]
    assert signals == [(DeadlineReminderRaised, 8), (YellowCardIssued, 9), (RedCardIssued, 10)]


def test_a_timer_that_fires_again_raises_nothing() -> None:
    reminder = min(Story(take()).waits())
    passed = TimePassed(reminder.due_at, reminder.kind, reminder.case_no)

    first, _ = Story(take()).when(passed)
    again, _ = Story(take(), passed).when(passed)

    assert [type(fact) for fact in first] == [DeadlineReminderRaised]
    assert again == []


def test_a_timer_of_another_day_raises_nothing() -> None:
    early = TimePassed(at(days_on(1)), "reminder", CASE)

    assert Story(take()).when(early) == ([], None)


def test_a_decision_in_time_leaves_nothing_to_wait_for() -> None:
    assert Story(take(), decision(days_on(3))).waits() == frozenset()


def test_a_stopped_clock_raises_nothing_and_moves_both_deadlines() -> None:
    stopped = Story(take(), StartSpecialProcedure(at(days_on(2)), CASE, "expert_review", "art-45", 7))
    assert stopped.waits() == frozenset()

    (ended,), _ = stopped.when(EndSpecialProcedure(at(days_on(11)), CASE, "completed"))

    assert isinstance(ended, SpecialProcedureEnded)
    assert CALENDARS.working_days_between(MONDAY, ended.promised_due) == 17
    assert CALENDARS.working_days_between(MONDAY, ended.statutory_due) == 27


def test_an_extension_moves_the_signals() -> None:
    before = min(local_date(timer.due_at) for timer in Story(take()).waits())
    after = min(local_date(timer.due_at) for timer in Story(take(), Extend(at(days_on(1)), CASE, 10, "b" * 32, "x")).waits())

    assert after > before


def test_a_promise_of_a_day_knows_the_red_card_only() -> None:
    assert {timer.kind for timer in Story(take(1)).waits()} == {"red"}


def test_a_procedure_over_a_weekend_dates_no_card_within_itself() -> None:
    friday, sunday = days_on(11), days_on(13)
    stopped = StartSpecialProcedure(at(friday), CASE, "expert_review", "art-45", 7)
    story = Story(take(), stopped, EndSpecialProcedure(at(sunday), CASE, "completed"))

    assert {timer.kind: local_date(timer.due_at) for timer in story.waits()} == {"yellow": days_on(14), "red": days_on(15)}


def test_on_the_spot_on_a_saturday_is_extended_from_the_working_day_that_follows() -> None:
    saturday, monday = days_on(5), days_on(7)
    on_the_spot = accepted(0).model_copy(update={"accepted_at": at(saturday), "promised_due": monday})
    story = Story(TakeCase(at(saturday), on_the_spot), Extend(at(monday), CASE, 1, "b" * 32, "x"))

    assert {timer.kind: local_date(timer.due_at) for timer in story.waits()} == {"red": days_on(9)}
