"""Standings turn rounds into results: medians, ratios to ours, and no number for whoever was wrong."""

from __future__ import annotations

import json
from dataclasses import replace

from benchmarks.contestants.progress import Progress
from benchmarks.results import Result
from benchmarks.standings import CPU, CPU_ALL, RATE, Round, Standing, results


def _of(found: list[Result], contestant: str, unit: str) -> Result:
    return next(result for result in found if (result.contestant, result.unit) == (contestant, unit))


def _round(seconds: float) -> Round:
    return Round(events=1_000, seconds=seconds, cpu_s=1.0, servers_s=3.0)


def test_a_rate_is_the_median_of_its_rounds_and_is_compared_with_ours() -> None:
    ours = Standing("ours", 1_000, [_round(1), _round(2), _round(4)])
    theirs = Standing("theirs", 1_000, [_round(4), _round(4), _round(5)])

    found = results([ours, theirs], [0.3])

    assert (_of(found, "ours", RATE).value, _of(found, "ours", RATE).rounds) == (500, [1000, 500, 250])
    assert (_of(found, "theirs", RATE).value, _of(found, "theirs", RATE).ratio_to_ours) == (250, 0.5)


def test_what_the_servers_did_is_told_apart() -> None:
    found = results([Standing("ours", 1_000, [_round(1)])], [0.3])

    assert (_of(found, "ours", CPU).value, _of(found, "ours", CPU_ALL).value) == (1_000, 4_000)


def test_a_wrong_outcome_has_no_number_however_fast_it_was() -> None:
    wrong = Standing("theirs", 1_000, [_round(0.001)], wrong="its outcome is not the right one")

    (found,) = [result for result in results([wrong], [0.3]) if result.contestant == "theirs"]

    assert (found.value, found.correct, found.rounds, found.note) == (None, False, [], "its outcome is not the right one")


def test_one_that_was_left_out_is_neither_right_nor_wrong() -> None:
    out = Standing("theirs", 1_000, note="left out: it would take about 900 s, and cannot be stopped early")

    (found,) = [result for result in results([out], [0.3]) if result.contestant == "theirs"]

    assert (found.value, found.correct) == (None, None)


def test_a_part_of_the_records_whose_outcome_was_not_compared_is_neither_right_nor_wrong() -> None:
    part = Standing("theirs", 1_000, [replace(_round(1), is_compared=False)])

    found = results([Standing("ours", 1_000, [_round(1)]), part], [0.3])

    assert (_of(found, "theirs", RATE).correct, _of(found, "theirs", RATE).ratio_to_ours) == (None, 1.0)
    assert _of(found, "ours", RATE).correct


def test_there_is_no_ratio_where_nothing_of_ours_was_measured() -> None:
    assert _of(results([Standing("theirs", 1_000, [_round(1)])], [0.3]), "theirs", RATE).ratio_to_ours is None


def test_what_was_read_while_the_end_was_waited_for_is_not_credited() -> None:
    progress = Progress(wanted=2)
    progress.begin()
    for _ in range(5):
        progress.took(1)
    progress.added()
    progress.added()

    assert progress.is_complete
    assert json.loads(progress.report())["events"] == 2
