"""Exactly one of decision and withdrawal exists; a refusal names reasons and remedies; nobody decides a stopped clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.approval.commands import Command, EndSpecialProcedure, Extend, StartSpecialProcedure, WithdrawCase
from shared.contracts.approval import CaseTaken, CaseWithdrawn, DecisionMade
from tests.unit.approval.story import CALENDARS, CASE, MONDAY, Story, at, days_on, decision, take


def rules(story: Story, *commands: Command) -> str | None:
    _, refused = story.when(*commands)
    return refused.rule.code if refused else None


def test_takes_an_accepted_case_with_its_deadlines() -> None:
    (taken,), _ = Story().when(take())

    assert isinstance(taken, CaseTaken)
    assert taken.promised_due == days_on(14)


def test_hearing_of_the_same_acceptance_again_changes_nothing() -> None:
    assert Story(take()).when(take()) == ([], None)


def test_counts_the_days_that_the_decision_used() -> None:
    (made,), _ = Story(take()).when(decision(days_on(3)))

    assert isinstance(made, DecisionMade)
    assert (made.net_wd_used, made.on_time, made.statutory_met) == (3, True, True)


def test_a_decision_after_the_promised_day_is_late_but_may_be_lawful() -> None:
    facts, _ = Story(take()).when(decision(days_on(15)))

    made = facts[-1]
    assert isinstance(made, DecisionMade)
    assert (made.net_wd_used, made.on_time, made.statutory_met) == (11, False, True)


def test_the_same_decision_again_is_quiet_and_another_meets_the_first() -> None:
    story = Story(take(), decision(days_on(1)))

    assert story.when(decision(days_on(2))) == ([], None)
    _, refused = story.when(decision(days_on(2), "refused", "doc-2"))
    assert refused is not None
    assert (refused.rule.code, refused.state) == ("already-decided", "granted")


def test_a_refusal_without_reasons_or_remedies_is_refused() -> None:
    bare = replace(decision(days_on(1), "refused"), remedies=())

    assert rules(Story(take()), bare) == "refusal-without-reasons"


def test_a_withdrawn_case_cannot_be_decided() -> None:
    story = Story(take(), WithdrawCase(at(days_on(1)), CASE, "changed-mind"))

    assert rules(story, decision(days_on(2))) == "already-withdrawn"
    assert story.when(WithdrawCase(at(days_on(2)), CASE, "changed-mind")) == ([], None)


def test_a_decided_case_cannot_be_withdrawn() -> None:
    assert rules(Story(take(), decision(days_on(1))), WithdrawCase(at(days_on(2)), CASE, "x")) == "already-decided"


def test_nobody_decides_while_a_special_procedure_runs() -> None:
    story = Story(take(), StartSpecialProcedure(at(days_on(1)), CASE, "hearing", "art-45", 5))

    assert rules(story, decision(days_on(2))) == "suspended"


def test_time_can_be_extended_once() -> None:
    story = Story(take(), Extend(at(days_on(1)), CASE, 5, "b" * 32, "complex"))

    assert rules(story, Extend(at(days_on(2)), CASE, 5, "b" * 32, "complex")) == "extended-before"


def test_a_time_limit_is_extended_up_to_its_last_day_and_not_after() -> None:
    last, story = CALENDARS.add_working_days(MONDAY, 10), Story(take())

    assert rules(story, Extend(at(last), CASE, 5, "b" * 32, "complex")) is None
    assert rules(story, Extend(at(last + timedelta(days=1)), CASE, 5, "b" * 32, "complex")) == "extended-too-late"


COMMANDS = st.sampled_from(["decide", "refuse", "withdraw", "start", "end", "extend"])


def made_from(word: str, day: int) -> Command:
    now = at(MONDAY + timedelta(days=day))
    made: dict[str, Command] = {
        "decide": decision(MONDAY + timedelta(days=day)),
        "refuse": decision(MONDAY + timedelta(days=day), "refused", "doc-2"),
        "withdraw": WithdrawCase(now, CASE, "x"),
        "start": StartSpecialProcedure(now, CASE, "hearing", "art-45", 5),
        "end": EndSpecialProcedure(now, CASE, "completed"),
        "extend": Extend(now, CASE, 5, "b" * 32, "x"),
    }
    return made[word]


@given(st.lists(st.tuples(COMMANDS, st.integers(0, 3)), max_size=12))
def test_whatever_is_asked_at_most_one_end_exists_and_repeating_is_quiet(asked: list[tuple[str, int]]) -> None:
    day, commands = 0, []
    for word, gap in asked:
        day += gap
        commands.append(made_from(word, day))
    facts, _ = Story().when(take(), *commands)

    ends = [fact for fact in facts if isinstance(fact, DecisionMade | CaseWithdrawn)]
    assert len(ends) <= 1
    if commands and facts:
        repeated, refused = Story(take(), *commands).when(commands[-1])
        assert repeated == [] or refused is None
