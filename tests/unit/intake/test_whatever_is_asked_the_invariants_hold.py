"""Any sequence of commands at any times keeps the invariants of a journey, and asking twice is quiet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.commands import JourneyCommand
from shared.contracts.base import Fact
from shared.contracts.intake import (
    ApplicationAccepted,
    ApplicationReceived,
    ApplicationWithdrawn,
    CorrectionNoticeIssued,
    CustodyAccepted,
    CustodyOffered,
    CustodyOfferWithdrawn,
    CustodyReturned,
    DecisionNoted,
    JourneyCompleted,
    JourneyOpened,
    ResultDelivered,
    WithdrawalNoted,
)
from shared.eventsourcing.errors import RefusedError
from tests.unit.intake.story import (
    CASE,
    HANGZHOU_BODY,
    IMPORTER,
    MANDATED,
    MONDAY,
    NINGBO_BODY,
    OFFICER,
    OTHER_CASE,
    STRANGER,
    WENZHOU_BODY,
    WENZHOU_CLERK,
    WENZHOU_VENUE,
    Story,
    accept,
    answer,
    correct,
    decided,
    deliver,
    give_back,
    offer,
    receive,
    release,
    submit,
    take,
    take_back,
    turn_away,
    visit,
    void,
    withdraw,
    withdrawn_at_approval,
)

COMMANDS: tuple[JourneyCommand, ...] = (
    visit(),
    visit("second"),
    visit("third", subject=None),
    void(),
    release("third"),
    submit(),
    submit(across=True),
    submit(case_no=OTHER_CASE),
    receive(),
    receive(window=WENZHOU_VENUE),
    receive(case_no=OTHER_CASE),
    correct("deed"),
    correct("contract", "photo", reason="new-fact"),
    answer(),
    answer(complete=False),
    answer("N2"),
    accept(),
    accept(window=MANDATED),
    accept(case_no=OTHER_CASE),
    turn_away(),
    turn_away(case_no=OTHER_CASE),
    offer(),
    offer(WENZHOU_BODY, "330300"),
    offer(NINGBO_BODY, "330200"),
    take(),
    give_back(),
    take_back(),
    withdraw(),
    decided(),
    decided(case_no=OTHER_CASE),
    withdrawn_at_approval(),
    deliver(),
)
ACTORS = (IMPORTER, IMPORTER, IMPORTER, OFFICER, WENZHOU_CLERK, STRANGER)


@st.composite
def asked(draw: st.DrawFn) -> list[JourneyCommand]:
    """A sequence of commands by anybody, hours or weeks apart."""
    now = MONDAY
    commands: list[JourneyCommand] = []
    for command in draw(st.lists(st.sampled_from(COMMANDS), max_size=25)):
        now += timedelta(hours=draw(st.sampled_from((1, 1, 24, 200, 2400))))
        change: dict[str, Any] = {"now": now}
        if hasattr(command, "by"):
            change["by"] = draw(st.sampled_from(ACTORS))
        commands.append(replace(command, **change))
    return commands


def attempt(story: Story, command: JourneyCommand) -> list[Fact] | None:
    try:
        return story.when(command).asked()
    except RefusedError:
        return None


@settings(max_examples=120)
@given(asked())
def test_the_record_of_any_journey_makes_sense(commands: list[JourneyCommand]) -> None:
    story = Story()
    for command in commands:
        attempt(story, command)

    told = story.told
    assert sum(isinstance(fact, JourneyOpened) for fact in told) <= 1
    assert sum(isinstance(fact, JourneyCompleted) for fact in told) <= 1
    if told:
        assert isinstance(told[0], JourneyOpened)
    for case_no in (CASE, OTHER_CASE):
        _case_makes_sense([fact for fact in told if getattr(fact, "case_no", None) == case_no])


def _case_makes_sense(facts: list[Fact]) -> None:
    received = accepted = noted = False
    offers: list[str] = []
    notices = 0
    for fact in facts:
        match fact:
            case ApplicationReceived():
                assert not received
                received = True
            case ApplicationAccepted():
                assert received
                assert not accepted
                assert not offers
                assert fact.accepted_body == HANGZHOU_BODY
                assert fact.promised_due <= fact.statutory_due
                accepted = True
            case CustodyOffered():
                assert not accepted
                assert not offers
                assert fact.from_body != fact.to_body
                offers.append(fact.handover_no)
            case CustodyAccepted() | CustodyReturned() | CustodyOfferWithdrawn():
                assert not accepted
                assert offers == [fact.handover_no]
                offers.clear()
            case CorrectionNoticeIssued():
                notices += 1
                assert (fact.ordinal, fact.notice_no) == (notices, f"N{notices}")
                assert fact.ordinal == 1 or fact.reason_code is not None
                assert {entry.code for entry in fact.missing} <= {"deed", "id-card", "contract"}
            case DecisionNoted() | WithdrawalNoted():
                noted = True
            case ResultDelivered():
                assert noted
            case ApplicationWithdrawn():
                assert not accepted
            case _:
                pass


@settings(max_examples=120)
@given(asked())
def test_asking_twice_is_quiet(commands: list[JourneyCommand]) -> None:
    story = Story()
    for command in commands:
        first = attempt(story, command)
        again = attempt(story, command)

        assert again == ([] if first is not None else None)


@settings(max_examples=60)
@given(asked())
def test_a_journey_that_is_over_waits_for_nothing(commands: list[JourneyCommand]) -> None:
    story = Story()
    for command in commands:
        attempt(story, command)

    if story.state.outcome is not None:
        assert story.waits_for() == []
