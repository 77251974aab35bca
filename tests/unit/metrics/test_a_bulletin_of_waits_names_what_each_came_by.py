"""A bulletin of waits names each hand-over that counts later and did not then, or no more, by the fact that made it so."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.bulletin import as_known
from services.metrics.evidence import Looked
from services.metrics.facts import Offered, OfferEnded
from services.metrics.figures import BY_CODE
from services.metrics.handover_bulletin import Step, steps
from services.metrics.handovers import handovers, waits_of
from services.metrics.shares import Asked
from services.metrics.slices import Slice
from tests.unit.metrics.stories import Told, offer_ended, offered, opened, submitted, tales

DUE = date(2026, 8, 20)  # As the story has it.
DAY = timedelta(days=1)
READINGS = ("overdue", "wait_p50", "wait_p90")


def asked_for(reading: str) -> Asked:
    found = BY_CODE["F8"].reading(reading)
    assert found is not None
    return Asked(BY_CODE["F8"], found, Slice())


def moved(told: Told, reading: str, then: date, now: date) -> list[Step]:
    return list(steps(Looked(told.row(), 0), asked_for(reading), then, now))


def handed_over(how: str | None, days: float = 2) -> Told:
    told = Told().says(opened(), submitted(), offered())
    return told if how is None else told.wait(days).says(offer_ended(how))


def day_of(told: Told) -> date:
    return date.fromordinal(told.row().intake[-1].known)


def test_a_wait_counts_once_its_end_is_known() -> None:
    told = handed_over("accepted")
    (step,) = moved(told, "wait_p50", day_of(told) - DAY, day_of(told))

    assert isinstance(step.fact, OfferEnded)
    assert (step.why, step.numerator, step.denominator) == ("followed", None, 1)
    assert step.sequence == len(told.row().intake)
    assert step.handover.seconds == 2 * 86_400 + 1


@pytest.mark.parametrize("how", ["returned", "withdrawn"])
def test_what_was_not_taken_over_moves_no_wait(how: str) -> None:
    told = handed_over(how)

    assert moved(told, "wait_p50", day_of(told) - DAY, day_of(told)) == []


@pytest.mark.parametrize("how", [None, "accepted"])
def test_what_nobody_answers_falls_due_without_a_fact_whatever_comes_later(how: str | None) -> None:
    (step,) = moved(handed_over(how, days=40), "overdue", DUE, DUE + DAY)

    assert isinstance(step.fact, Offered)
    assert (step.why, step.numerator, step.denominator) == ("passed", 1, 0)


def test_what_is_answered_late_is_overdue_no_more() -> None:
    told = handed_over("accepted", days=20)
    (step,) = moved(told, "overdue", DUE + DAY, day_of(told))

    assert isinstance(step.fact, OfferEnded)
    assert (step.why, step.numerator) == ("followed", -1)


def test_what_is_recorded_after_its_day_is_overdue_by_its_late_record() -> None:
    told = Told().says(opened(), submitted())
    told.says(offered(), known_later_days=30)
    (step,) = moved(told, "overdue", DUE + DAY, day_of(told))

    assert isinstance(step.fact, Offered)
    assert (step.why, step.numerator) == ("late", 1)


def test_what_fell_due_and_was_answered_in_between_moves_nothing() -> None:
    told = handed_over("accepted", days=20)

    assert moved(told, "overdue", DUE, day_of(told)) == []


@given(st.data())
def test_the_hand_overs_listed_make_the_difference_of_the_numbers(data: st.DataObject) -> None:
    looked = Looked(data.draw(tales()).row(), 0)
    known = [date.fromordinal(fact.known) for fact in looked.row.intake]
    then = data.draw(st.dates(min(known) - DAY, max(known) + 20 * DAY))
    now = then + data.draw(st.integers(1, 40)) * DAY
    asked = asked_for(data.draw(st.sampled_from(READINGS)))
    before, after = (waits_of(handovers(looked, as_known(asked, day).slice, day)) for day in (then, now))

    listed = list(steps(looked, asked, then, now))

    assert sum(step.numerator or 0 for step in listed) == (after.overdue - before.overdue if asked.reading.code == "overdue" else 0)
    assert sum(step.denominator for step in listed) == (0 if asked.reading.code == "overdue" else after.taken - before.taken)
