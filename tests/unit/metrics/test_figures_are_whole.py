"""The figures as data: every measure they name exists, and every measure that exists is asked by one of them."""

from __future__ import annotations

import pytest

from services.metrics.contributions import GROUPS
from services.metrics.figures import FIGURES, Figure, Reading, evaluate, value_of

MEASURES = {f"{group}.{measure}" for group, measures in GROUPS.items() for measure in measures}


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.code)
def test_every_measure_that_a_figure_names_exists(figure: Figure) -> None:
    named = {m for r in figure.readings for m in (*r.numerator, *(r.denominator or {}))}

    assert named <= MEASURES
    assert set(figure.groups) == {measure.partition(".")[0] for measure in named}


def test_a_figure_has_one_reading_of_each_name_in_both_languages() -> None:
    for figure in FIGURES:
        assert len({reading.code for reading in figure.readings}) == len(figure.readings)
        assert all(reading.name.zh and reading.name.en for reading in figure.readings)


def test_the_distribution_of_runs_is_whole() -> None:
    figure = next(f for f in FIGURES if f.code == "F3")
    sums = {
        "delivered.journeys": 40,
        "delivered.experienced_zero": 10,
        "delivered.experienced_once": 25,
        "delivered.experienced_two": 9,
        "delivered.experienced_more": 6,
    }

    values = evaluate(figure, sums)

    parts = ("none_runs", "one_run", "two_runs", "more_runs")
    assert sum(values[part].numerator for part in parts) == 40
    assert not values["once"].few


def test_nothing_counted_is_unknown_and_not_zero() -> None:
    reading = next(reading for figure in FIGURES for reading in figure.readings if reading.denominator)

    assert value_of(reading, {}).value is None
    assert value_of(reading, {}).few


def test_readings_of_single_waits_are_no_sums() -> None:
    waits: list[Reading] = [r for f in FIGURES for r in f.readings if r.from_waits]

    assert {reading.code for reading in waits} == {"overdue", "wait_p50", "wait_p90"}
