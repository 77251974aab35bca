"""A case is offered, then taken or returned; its holder changes when it is taken, and never after acceptance."""

from __future__ import annotations

from datetime import date

import pytest

from services.intake.commands import JourneyCommand
from services.intake.next_steps import next_of
from services.intake.refusals import (
    CASE_ENDED,
    MOVES_BEFORE_ACCEPTANCE,
    NOT_YOURS,
    OFFER_CLOSED,
    OFFER_OPEN,
    OFFER_TO_HOLDER,
    UNKNOWN_HANDOVER,
)
from services.intake.state import Withdrawn
from shared.contracts.intake import (
    ApplicationWithdrawn,
    CustodyAccepted,
    CustodyOffered,
    CustodyOfferWithdrawn,
    CustodyReturned,
    JourneyCompleted,
)
from tests.unit.intake.story import (
    CALENDARS,
    HANGZHOU_BODY,
    NINGBO_BODY,
    OFFICER,
    STRANGER,
    WENZHOU_BODY,
    WENZHOU_CLERK,
    WENZHOU_VENUE,
    Story,
    accept,
    correct,
    give_back,
    later,
    offer,
    receive,
    submit,
    take,
    take_back,
    withdraw,
)


def handed_in() -> Story:
    return Story().given(submit(across=True), receive(window=WENZHOU_VENUE))


def test_paper_is_due_in_seven_working_days() -> None:
    (offered,) = handed_in().when(offer(by=WENZHOU_CLERK)).then(CustodyOffered)

    assert isinstance(offered, CustodyOffered)
    assert (offered.from_body, offered.to_body, offered.handover_no) == (WENZHOU_BODY, HANGZHOU_BODY, "H1")
    assert offered.due == date(2026, 6, 10)


def test_an_offer_moves_nothing() -> None:
    story = handed_in().given(offer())

    assert story.case().file.custody.body == WENZHOU_BODY


def test_taking_the_case_moves_it() -> None:
    story = handed_in().given(offer())

    story.when(take(by=OFFICER)).then(CustodyAccepted)
    assert story.case().file.custody.body == HANGZHOU_BODY
    story.when(take(by=OFFICER)).then_nothing()


def test_returning_the_case_leaves_it_where_it_was() -> None:
    story = handed_in().given(offer())

    story.when(give_back(by=OFFICER)).then(CustodyReturned)
    assert story.case().file.custody.body == WENZHOU_BODY
    story.when(give_back(by=OFFICER)).then_nothing()
    story.when(take(by=OFFICER)).then_refused(OFFER_CLOSED)


def test_an_offer_can_be_taken_back_while_it_is_open() -> None:
    story = handed_in().given(offer())

    story.when(take_back(by=WENZHOU_CLERK)).then(CustodyOfferWithdrawn)
    story.when(take_back(by=WENZHOU_CLERK)).then_nothing()
    story.when(take(by=OFFICER)).then_refused(OFFER_CLOSED)


def test_only_one_offer_is_open_at_a_time() -> None:
    story = handed_in().given(offer())

    story.when(offer()).then_nothing()
    story.when(offer(NINGBO_BODY, "330200")).then_refused(OFFER_OPEN)


def test_a_further_offer_has_its_own_number() -> None:
    story = handed_in().given(offer(), give_back(later(days=1)))

    (offered,) = story.when(offer(now=later(days=2))).then(CustodyOffered)

    assert isinstance(offered, CustodyOffered)
    assert offered.handover_no == "H2"
    story.when(take(later(days=3), handover="H1")).then_refused(OFFER_CLOSED)
    story.when(take(later(days=3), handover="H2")).then(CustodyAccepted)


def test_nobody_offers_a_case_to_its_holder() -> None:
    handed_in().when(offer(WENZHOU_BODY, "330300")).then_refused(OFFER_TO_HOLDER)


def test_the_holder_offers_and_the_offered_body_answers() -> None:
    handed_in().when(offer(by=OFFICER)).then_refused(NOT_YOURS)
    story = handed_in().given(offer())
    story.when(take(by=WENZHOU_CLERK)).then_refused(NOT_YOURS)
    story.when(give_back(by=STRANGER)).then_refused(NOT_YOURS)
    story.when(take_back(by=OFFICER)).then_refused(NOT_YOURS)


def test_an_answer_to_no_offer_is_refused() -> None:
    handed_in().when(take()).then_refused(UNKNOWN_HANDOVER)
    handed_in().given(offer()).when(take(handover="H7")).then_refused(UNKNOWN_HANDOVER)


def test_an_accepted_case_stays_where_it_is() -> None:
    story = handed_in().given(offer(), take(), accept())

    story.when(offer(WENZHOU_BODY, "330300")).then_refused(MOVES_BEFORE_ACCEPTANCE)


def test_an_ended_case_moves_nowhere() -> None:
    story = handed_in().given(withdraw())

    story.when(offer()).then_refused(CASE_ENDED)


@pytest.mark.parametrize("before", [(), (correct("deed"),)], ids=["received", "in-correction"])
def test_whoever_withdraws_leaves_no_offer_open(before: tuple[JourneyCommand, ...]) -> None:
    story = handed_in().given(*before, offer())

    ended, *_ = story.when(withdraw(later(days=1))).then(CustodyOfferWithdrawn, ApplicationWithdrawn, JourneyCompleted)

    assert isinstance(ended, CustodyOfferWithdrawn)
    assert ended.handover_no == "H1"
    assert next_of(story.case(), later(days=1), None, CALENDARS) is None
    story.when(withdraw(later(days=1))).then_nothing()
    story.when(take(later(days=2))).then_refused(OFFER_CLOSED)


def test_an_offer_that_an_older_record_left_open_is_nobodys_next_step() -> None:
    case = handed_in().given(offer()).case()

    assert next_of(Withdrawn(case.file), later(days=1), None, CALENDARS) is None
