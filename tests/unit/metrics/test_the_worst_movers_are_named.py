"""Worst movers: where the gap grew most against the days before, among those with enough journeys to say so."""

from __future__ import annotations

from datetime import date

from services.metrics.board import before, movers_of
from services.metrics.contributions import Cell
from services.metrics.slices import Slice


def delivered(region: str, journeys: int, extra: int) -> tuple[Cell, dict[str, int]]:
    amounts = {"delivered.journeys": journeys, "delivered.experienced_runs": journeys + extra, "delivered.declared": journeys}
    return Cell("delivered", region, "", "", "b", "", "", 0), amounts


def test_the_place_that_got_worse_most_comes_first_and_who_got_better_is_not_named() -> None:
    then = [delivered("330106", 100, 10), delivered("330302", 100, 10), delivered("330200", 100, 30)]
    now = [delivered("330106", 100, 20), delivered("330302", 100, 40), delivered("330200", 100, 10)]

    found = movers_of(now, then)

    assert [(mover["city"], round(mover["change"], 6)) for mover in found] == [("330300", 0.3), ("330100", 0.1)]


def test_few_journeys_move_nothing() -> None:
    assert movers_of([delivered("330106", 29, 29)], [delivered("330106", 100, 0)]) == []


def test_the_days_before_are_as_many_and_touch() -> None:
    asked = Slice(from_day=date(2026, 11, 11), to_day=date(2026, 11, 20))

    earlier = before(asked, date(2026, 11, 25))

    assert earlier is not None
    assert (earlier.from_day, earlier.to_day) == (date(2026, 11, 1), date(2026, 11, 10))
    as_known = before(Slice(from_day=date(2026, 11, 11), known_at=date(2026, 11, 20)), date(2026, 11, 25))
    assert as_known is not None
    assert (as_known.from_day, as_known.to_day) == (earlier.from_day, earlier.to_day)
    assert before(Slice(), date(2026, 11, 25)) is None
