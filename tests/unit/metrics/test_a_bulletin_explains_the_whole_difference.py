"""A revision bulletin: the facts it lists make exactly the difference between what was said then and what is said now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.figures import BY_CODE, FIGURES, total
from services.metrics.journey import Row
from services.metrics.ledger import ledger
from services.metrics.revision import Span, Why, is_touched, steps, summed
from services.metrics.shares import Asked, measured
from services.metrics.slices import Slice
from tests.unit.metrics.stories import Told, completed, delivered, opened, scripted, submitted, tales, visited, voided

SUMS = [Asked(figure, reading, Slice()) for figure in FIGURES for reading in figure.readings if not reading.from_waits]


def said(row: Row, asked: Asked, known_to: int) -> tuple[int, int]:
    """Numerator and denominator as the cells had them at the end of that day."""
    known = [(entry, amounts) for entry, amounts in ledger(row).items() if entry.known <= known_to]
    found = measured(known, asked.slice)
    return total(asked.reading.numerator, found), total(asked.reading.denominator or {}, found)


def known_days(row: Row) -> Sequence[int]:
    return sorted({fact.known for fact in (*row.intake, *row.approval)})


@given(st.data())
def test_the_differences_listed_add_up_to_the_difference_of_the_figures(data: st.DataObject) -> None:
    row = data.draw(tales()).row()
    days = known_days(row)
    first, second = sorted((data.draw(st.sampled_from([days[0] - 1, *days])), data.draw(st.sampled_from(days))))
    as_of = data.draw(st.sampled_from(days))
    asked = data.draw(st.sampled_from(SUMS))
    sliced = Asked(asked.figure, asked.reading, Slice(to_day=date.fromordinal(as_of)))
    then, now = said(row, sliced, first), said(row, sliced, second)

    listed = summed(steps(row, sliced, Span(first, second)))

    assert listed == (now[0] - then[0], now[1] - then[1])


@given(st.data())
def test_what_no_fact_touched_in_between_has_nothing_to_list(data: st.DataObject) -> None:
    row = data.draw(tales()).row()
    newest = known_days(row)[-1]
    span = Span(newest, newest + 30)

    assert not is_touched(row, span)
    assert [step for asked in SUMS for step in steps(row, asked, span)] == []


def asked_for(figure: str, reading: str, to_day: date) -> Asked:
    found = BY_CODE[figure].reading(reading)
    assert found is not None
    return Asked(BY_CODE[figure], found, Slice(to_day=to_day))


def test_a_visit_recorded_days_later_is_named_as_late_with_its_event() -> None:
    told = Told()
    told.says(opened())
    told.says(visited("v", told.at), known_later_days=3)
    row = told.row()
    day = row.intake[1].known - 3

    (step,) = steps(row, asked_for("F10", "visits", date.fromordinal(day)), Span(day, day + 3))

    assert (step.source, step.sequence, step.why, step.numerator) == ("intake", 2, "late", 1)
    assert [cell.group for cell, _ in step.cells] == ["visit"]


def test_a_visit_of_yesterday_that_is_recorded_today_is_late_although_nobody_kept_it_back() -> None:
    told = Told()
    told.says(opened())
    told.wait(1).says(visited("v", told.at - timedelta(days=1)))
    today = told.row().intake[1].known

    (step,) = steps(told.row(), asked_for("F10", "visits", date.fromordinal(today - 1)), Span(today - 1, today))

    assert (step.why, step.numerator) == ("late", 1)


def test_a_voided_visit_is_named_as_corrected_and_takes_away_what_it_had_added() -> None:
    told = Told()
    told.says(opened(), visited("v", told.at))
    day = told.row().intake[1].known
    told.wait(2).says(voided("v"))

    (step,) = steps(told.row(), asked_for("F10", "visits", date.fromordinal(day)), Span(day, day + 2))

    assert (step.why, step.numerator) == ("corrected", -1)


def test_an_application_that_says_who_it_was_is_named_as_what_followed() -> None:
    told = Told()
    told.says(opened(subject=None, region=None), visited("v", told.at, subject=None))
    day = told.row().intake[1].known
    told.wait(1).says(submitted())

    (step,) = steps(told.row(), asked_for("F10", "unattributed", date.fromordinal(day)), Span(day, day + 1))

    assert (step.why, step.numerator, step.denominator) == ("followed", -1, 0)


def test_a_journey_delivered_in_time_moves_nothing_about_earlier_days() -> None:
    told = scripted()
    row = told.row()
    newest = known_days(row)[-1]

    assert list(steps(row, asked_for("F4", "kept", date.fromordinal(newest - 1)), Span(newest - 1, newest))) == []


@pytest.mark.parametrize("later", [1, 4])
def test_a_late_delivery_brings_numerator_and_denominator_together(later: int) -> None:
    told = Told()
    told.says(opened(), submitted(), visited("v", told.at))
    told.says(delivered(told.at), completed("granted", told.at), known_later_days=later)
    day = told.row().intake[0].known

    found = list(steps(told.row(), asked_for("F4", "kept", date.fromordinal(day)), Span(day, day + later)))

    assert summed(found) == (1, 1)
    assert {step.why for step in found} == {"late"} <= set(get_args(Why))
