"""A bulletin of F1: the facts it lists make exactly the difference between what was said of the items then and later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.catalogue import EVERY, CatalogueRow, Published, Retired, Turn, Which, adds, coverage
from services.metrics.figures import COVERAGE
from services.metrics.item_revision import Moment, Step, Why, steps
from services.metrics.shelf import readings_of

DAY = 739_000
READINGS = tuple(reading.code for reading in COVERAGE.readings)
REGIONS = ("330100", "330300")
WHICH = (EVERY, Which("3301"), Which("3303"), Which(basic="c"), Which("3301", "b"))
days = st.integers(DAY, DAY + 6)


def version(
    declared: int,
    *,
    known: int,
    effective: int,
    region: str = REGIONS[0],
    main: bool = True,
    exception: str | None = None,
    basic: str = "b",
) -> Published:
    return Published(known, 7, 0, 1, basic, "事", "thing", main, 3, "body", region, declared, True, exception, effective)


def retired(*, known: int, effective: int) -> Retired:
    return Retired(known, 8, 0, effective)


turns: st.SearchStrategy[Turn] = st.one_of(
    st.builds(
        version,
        st.integers(0, 3),
        known=days,
        effective=days,
        region=st.sampled_from(REGIONS),
        main=st.booleans(),
        exception=st.sampled_from((None, "law")),
        basic=st.sampled_from(("b", "c")),
    ),
    st.builds(retired, known=days, effective=days),
)
shelves = st.lists(st.lists(turns, max_size=5), min_size=1, max_size=3)


def row(*facts: Turn) -> CatalogueRow:
    return CatalogueRow("item:1", facts)


def said(rows: Sequence[CatalogueRow], reading: str, which: Which, at: Moment) -> tuple[int, int]:
    value = readings_of(coverage(rows, at.day, at.known, which))[reading]
    return value.numerator, value.denominator or 0


def found(facts: Sequence[Turn], then: Moment, now: Moment, reading: str = "once") -> list[Step]:
    return list(steps(row(*facts), reading, EVERY, then, now))


@given(st.data(), shelves, st.sampled_from(READINGS), st.sampled_from(WHICH))
def test_the_facts_listed_add_up_to_the_difference(
    data: st.DataObject, shelf: list[list[Turn]], reading: str, which: Which
) -> None:
    rows = [CatalogueRow(f"item:{n}", tuple(facts)) for n, facts in enumerate(shelf)]
    first, second = sorted(data.draw(st.tuples(days, days)))
    pinned = data.draw(st.one_of(st.none(), days))
    then, now = Moment(pinned or first, first), Moment(pinned or second, second)
    before, later = said(rows, reading, which, then), said(rows, reading, which, now)

    listed = [step for one in rows for step in steps(one, reading, which, then, now)]

    assert (sum(s.numerator for s in listed), sum(s.denominator for s in listed)) == (later[0] - before[0], later[1] - before[1])


@given(st.data(), st.lists(turns, max_size=5), st.sampled_from(READINGS))
def test_each_step_goes_on_from_the_version_that_the_one_before_left(data: st.DataObject, facts: list[Turn], reading: str) -> None:
    first, second = sorted(data.draw(st.tuples(days, days)))
    then, now = Moment(first, first), Moment(second, second)

    listed = found(facts, then, now, reading)

    ends = [row(*facts).in_effect(moment.day, moment.known) for moment in (then, now)]
    shares = [adds(ends[0], reading), *[adds(step.after, reading) for step in listed]]
    assert [adds(step.before, reading) for step in listed] == shares[:-1]
    assert shares[-1] == adds(ends[1], reading)
    assert {step.why for step in listed} <= set(get_args(Why))


@given(st.lists(turns, max_size=5), days)
def test_what_nothing_happened_to_has_nothing_to_list(facts: list[Turn], day: int) -> None:
    assert found(facts, Moment(day, day), Moment(day, day)) == []


def test_a_version_published_after_its_day_is_late_and_changes_what_that_day_says() -> None:
    facts: list[Turn] = [version(2, known=DAY, effective=DAY), version(1, known=DAY + 3, effective=DAY + 1)]

    (step,) = found(facts, Moment(DAY + 1, DAY + 1), Moment(DAY + 1, DAY + 3))

    assert (step.sequence, step.why, step.numerator, step.denominator) == (2, "late", 1, 0)
    assert step.before is facts[0]
    assert step.after is facts[1]


def test_a_version_published_ahead_begins_on_its_day_and_leaves_earlier_days_alone() -> None:
    facts = [version(2, known=DAY, effective=DAY), version(1, known=DAY, effective=DAY + 2)]
    then = Moment(DAY + 1, DAY + 1)

    (step,) = found(facts, then, Moment(DAY + 2, DAY + 2))

    assert (step.sequence, step.why, step.numerator) == (2, "begun", 1)
    assert found(facts, then, Moment(DAY + 1, DAY + 2)) == []


def test_an_item_that_is_retired_leaves_both_lines() -> None:
    facts: list[Turn] = [version(1, known=DAY, effective=DAY), retired(known=DAY + 1, effective=DAY + 1)]

    (step,) = found(facts, Moment(DAY, DAY), Moment(DAY + 1, DAY + 1))

    assert (step.after, step.numerator, step.denominator) == (None, -1, -1)


def test_a_retirement_that_is_postponed_after_its_day_brings_the_item_back_until_its_new_day() -> None:
    facts: list[Turn] = [
        version(1, known=DAY, effective=DAY),
        retired(known=DAY, effective=DAY + 2),
        retired(known=DAY + 3, effective=DAY + 5),
    ]

    (back,) = found(facts, Moment(DAY + 2, DAY + 2), Moment(DAY + 4, DAY + 4))
    (gone,) = found(facts, Moment(DAY + 4, DAY + 4), Moment(DAY + 5, DAY + 5))

    assert (back.sequence, back.why, back.before, back.after, back.denominator) == (3, "late", None, facts[0], 1)
    assert (gone.sequence, gone.why, gone.before, gone.after, gone.denominator) == (3, "begun", facts[0], None, -1)


def test_a_version_that_promises_no_other_side_is_not_listed() -> None:
    facts = [version(3, known=DAY, effective=DAY), version(2, known=DAY + 1, effective=DAY + 1)]

    assert found(facts, Moment(DAY, DAY), Moment(DAY + 1, DAY + 1)) == []


@pytest.mark.parametrize(("region", "moved"), [("330100", (-1, -1)), ("330300", (1, 1)), ("33", None)])
def test_an_item_that_moves_to_another_region_leaves_one_and_joins_the_other(region: str, moved: tuple[int, int] | None) -> None:
    facts = [version(1, known=DAY, effective=DAY), version(1, known=DAY + 1, effective=DAY + 1, region=REGIONS[1])]

    listed = list(steps(row(*facts), "once", Which(region), Moment(DAY, DAY), Moment(DAY + 1, DAY + 1)))

    assert [(step.numerator, step.denominator) for step in listed] == ([] if moved is None else [moved])


def test_an_earlier_version_that_an_import_brings_in_later_moves_nothing() -> None:
    facts = [version(1, known=DAY + 2, effective=DAY), version(2, known=DAY + 1, effective=DAY)]

    (step,) = found(facts, Moment(DAY, DAY), Moment(DAY + 2, DAY + 2))

    assert (step.sequence, step.numerator, step.denominator) == (2, 0, 1)
