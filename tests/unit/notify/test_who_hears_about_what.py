"""The policy as a table, and one intent for each cause however often and in whatever order it is heard."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.decider import DECIDER, RecordFailed, RecordSent, Request
from services.notify.policy import CAUSES, Notice, notices_for
from shared.contracts.base import Fact
from shared.contracts.envelope import Actor
from shared.contracts.notify import NotificationFailed, NotificationRequested, NotificationSent
from tests.contract.examples import FACTS, envelope

NOW = datetime(2026, 3, 9, tzinfo=UTC)
TEMPLATES = {
    "gov.intake.application-received.v1": "receipt",
    "gov.intake.correction-notice-issued.v1": "correction",
    "gov.intake.application-accepted.v1": "acceptance",
    "gov.intake.application-not-accepted.v1": "not_accepted",
    "gov.intake.result-delivered.v1": "result",
}


def name_of(fact: Fact) -> str:
    return str(fact.type)  # type: ignore[attr-defined]


@pytest.mark.parametrize("fact", FACTS, ids=name_of)
def test_each_event_owes_what_the_table_says(fact: Fact) -> None:
    notices = notices_for(envelope(fact))

    expected = TEMPLATES.get(name_of(fact))
    assert [notice.template for notice in notices] == ([] if expected is None else [expected])
    assert (name_of(fact) in CAUSES) == bool(notices)


@pytest.mark.parametrize("fact", [fact for fact in FACTS if name_of(fact) in TEMPLATES], ids=name_of)
def test_hearing_of_a_cause_again_owes_the_same_message_and_of_another_cause_another(fact: Fact) -> None:
    cause = envelope(fact)
    (owed,) = notices_for(cause)

    assert notices_for(cause) == [owed]
    assert notices_for(replace(cause, id=uuid4()))[0].intent_id != owed.intent_id


@pytest.mark.parametrize("earlier_s", [0, 1])
def test_what_was_entered_as_history_is_owed_to_nobody(earlier_s: int) -> None:
    (fact,) = [fact for fact in FACTS if name_of(fact) == "gov.intake.result-delivered.v1"]
    cause = envelope(fact)
    heard = replace(cause, known=cause.recorded - timedelta(seconds=earlier_s))

    assert [notice.suppressed for notice in notices_for(heard)] == [earlier_s > 0]


@pytest.mark.parametrize(
    ("actor", "city"),
    [
        (Actor("clerk", "c", "11330100MB0000001A", "330302"), "330300"),
        (Actor("department", "d", "11330302MB0000001A"), "330300"),
        (Actor("operator", "o"), "330000"),
    ],
    ids=["by the token", "by the body", "by neither"],
)
def test_a_message_goes_out_in_the_turn_of_the_city_that_acted(actor: Actor, city: str) -> None:
    (fact,) = [fact for fact in FACTS if name_of(fact) == "gov.intake.result-delivered.v1"]

    assert [notice.city for notice in notices_for(replace(envelope(fact), actor=actor))] == [city]


def notice(suppressed: bool = False) -> Notice:
    return Notice(uuid4(), uuid4(), "case-1", "receipt", "applicant", "email", suppressed, "330100")


NOTICES = [notice(), notice(), notice(suppressed=True)]


@given(st.lists(st.sampled_from(NOTICES), max_size=12))
def test_whatever_is_heard_each_notice_is_requested_once(heard: list[Notice]) -> None:
    state, requested = DECIDER.initial, []
    for one in heard:
        for fact in DECIDER.decide(Request(NOW, one), state):
            requested.append(fact)
            state = DECIDER.evolve(state, fact, NOW)

    assert len(requested) == len(set(heard))
    assert all(isinstance(fact, NotificationRequested) for fact in requested)


def test_a_failed_attempt_leaves_the_message_owed_and_a_final_one_ends_it() -> None:
    (asked,) = DECIDER.decide(Request(NOW, NOTICES[0]), DECIDER.initial)
    state = DECIDER.evolve(DECIDER.initial, asked, NOW)
    (failed,) = DECIDER.decide(RecordFailed(NOW, NOTICES[0].intent_id, 1, "away", False), state)
    state = DECIDER.evolve(state, failed, NOW)
    (sent,) = DECIDER.decide(RecordSent(NOW, NOTICES[0].intent_id, 2, "ref", False), state)
    state = DECIDER.evolve(state, sent, NOW)

    assert isinstance(failed, NotificationFailed)
    assert isinstance(sent, NotificationSent)
    assert DECIDER.decide(RecordSent(NOW, NOTICES[0].intent_id, 3, "ref", False), state) == []


def test_history_is_never_sent() -> None:
    (asked,) = DECIDER.decide(Request(NOW, NOTICES[2]), DECIDER.initial)
    state = DECIDER.evolve(DECIDER.initial, asked, NOW)

    assert DECIDER.decide(RecordSent(NOW, NOTICES[2].intent_id, 1, "ref", False), state) == []
