"""A row of somebody else's log is recorded as it was reported, also one that breaks our rules."""

from __future__ import annotations

from services.intake.history import HISTORY, Report
from services.intake.state import Journey, evolve
from shared.contracts.intake import HistoryReported
from tests.unit.intake.story import MONDAY

ROW = HistoryReported(
    origin="receipt",
    file="receipt.csv",
    row=1,
    rule="r1",
    phase="submitted",
    case_ref="case-1",
    region="NL",
    zone="Europe/Amsterdam",
    irregular=("decision-before-submission",),
)


def test_a_report_of_a_fact_is_recorded() -> None:
    assert HISTORY.decide(Report(MONDAY, ROW), HISTORY.initial) == [ROW]


def test_history_waits_for_nothing_and_needs_no_history() -> None:
    assert HISTORY.timers(HISTORY.fold([])) == frozenset()
    assert not HISTORY.looks_back


def test_a_journey_that_reads_history_is_unmoved() -> None:
    assert evolve(Journey(), ROW, MONDAY) == Journey()
