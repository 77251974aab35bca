"""A case ends by delivery, withdrawal or refusal to accept; the journey ends with its last case, and only once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.intake.commands import JourneyCommand
from services.intake.refusals import (
    ALREADY_DECIDED,
    ALREADY_DELIVERED,
    CASE_ENDED,
    NOT_DECIDED,
    NOT_YOURS,
    WITHDRAWAL_IS_APPROVALS,
)
from shared.contracts.intake import (
    ApplicationWithdrawn,
    DecisionNoted,
    JourneyCompleted,
    ResultDelivered,
    WithdrawalNoted,
)
from shared.eventsourcing.errors import Rule
from tests.unit.intake.story import (
    MONDAY,
    OFFICER,
    OTHER_CASE,
    STRANGER,
    WENZHOU_CLERK,
    WENZHOU_VENUE,
    Story,
    accept,
    correct,
    decided,
    deliver,
    later,
    offer,
    receive,
    submit,
    take,
    turn_away,
    withdraw,
    withdrawn_at_approval,
)

ACCEPTED = (submit(), receive(), accept())


def test_a_result_is_delivered_only_after_the_decision() -> None:
    Story().given(*ACCEPTED).when(deliver()).then_refused(NOT_DECIDED)
    facts = Story().given(*ACCEPTED, decided()).when(deliver(later(days=1))).then(ResultDelivered, JourneyCompleted)

    completed = facts[1]
    assert isinstance(completed, JourneyCompleted)
    assert completed.outcome == "granted"


def test_a_refusal_is_a_result_too() -> None:
    story = Story().given(*ACCEPTED, replace(decided(), outcome="refused"))

    completed = story.when(deliver()).asked()[-1]

    assert isinstance(completed, JourneyCompleted)
    assert completed.outcome == "refused"


def test_delivering_again_is_no_news_but_another_way_is_refused() -> None:
    story = Story().given(*ACCEPTED, decided(), deliver())

    story.when(deliver(later(days=1))).then_nothing()
    story.when(replace(deliver(), method="courier")).then_refused(ALREADY_DELIVERED)


def test_the_window_where_it_was_handed_in_may_hand_the_result_out() -> None:
    story = Story().given(submit(across=True), receive(window=WENZHOU_VENUE), offer(), take(), accept(), decided())

    story.when(deliver(by=STRANGER)).then_refused(NOT_YOURS)
    story.when(deliver(by=WENZHOU_CLERK)).then(ResultDelivered, JourneyCompleted)


@pytest.mark.parametrize("before", [(submit(),), (submit(), receive()), (submit(), receive(), correct("deed"))])
def test_an_application_can_be_withdrawn_until_it_is_accepted(before: tuple[JourneyCommand, ...]) -> None:
    story = Story().given(*before)

    story.when(withdraw()).then(ApplicationWithdrawn, JourneyCompleted)
    story.when(withdraw()).then_nothing()


@pytest.mark.parametrize(
    ("before", "rule"),
    [
        (ACCEPTED, WITHDRAWAL_IS_APPROVALS),
        ((*ACCEPTED, decided()), ALREADY_DECIDED),
        ((submit(), turn_away()), CASE_ENDED),
    ],
)
def test_after_acceptance_withdrawal_is_not_intakes(before: tuple[JourneyCommand, ...], rule: Rule) -> None:
    Story().given(*before).when(withdraw()).then_refused(rule)


def test_a_decision_is_noted_once() -> None:
    story = Story().given(*ACCEPTED)

    story.when(decided()).then(DecisionNoted)
    story.when(decided()).then_nothing()
    story.given(deliver()).when(decided()).then_nothing()


def test_a_withdrawal_at_approval_ends_the_journey_once() -> None:
    story = Story().given(*ACCEPTED)

    facts = story.when(withdrawn_at_approval()).then(WithdrawalNoted, JourneyCompleted)
    story.when(withdrawn_at_approval()).then_nothing()

    completed = facts[1]
    assert isinstance(completed, JourneyCompleted)
    assert completed.outcome == "withdrawn"


def test_a_result_in_hand_outweighs_a_withdrawn_second_case() -> None:
    second = (submit(MONDAY, OTHER_CASE),)
    story = Story().given(*ACCEPTED, *second, decided(), deliver())
    assert story.state.outcome is None

    completed = story.when(withdraw(case_no=OTHER_CASE)).asked()[-1]

    assert isinstance(completed, JourneyCompleted)
    assert completed.outcome == "granted"


def test_officers_of_the_deciding_body_act_on_its_cases() -> None:
    Story().given(*ACCEPTED, decided()).when(deliver(by=OFFICER)).then(ResultDelivered, JourneyCompleted)
