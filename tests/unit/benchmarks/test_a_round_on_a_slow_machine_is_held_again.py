"""A round during which the machine was slower than at its best is held again, a bounded number of times, and told as it is."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import projection
from benchmarks.projection import Contest
from benchmarks.standings import Round, Standing, results

BEST, SLOW = 0.3, 0.5


async def tidy() -> None:
    """Nothing was left."""


def held(monkeypatch: pytest.MonkeyPatch, contest: Contest, *calibrations: float) -> tuple[Standing, int]:
    """A round of ours alone while the loop takes `calibrations`: what is known afterwards, and how often ours ran."""
    told, runs = iter(calibrations), []

    def run(*_: Any) -> Round:
        runs.append(1)
        return Round(events=1_000, seconds=len(runs), cpu_s=1.0, servers_s=1.0)

    monkeypatch.setattr(projection, "calibration_s", lambda: next(told))
    monkeypatch.setattr(Contest, "_run", run)
    standing = Standing("ours", 1_000)
    ground: Any = SimpleNamespace(corpus=SimpleNamespace(records=1_000), tidy=tidy)
    asyncio.run(contest.round(ground, [standing]))
    return standing, len(runs)


def test_an_even_round_is_held_once(monkeypatch: pytest.MonkeyPatch) -> None:
    standing, runs = held(monkeypatch, Contest(rounds=1), BEST, BEST)

    assert (runs, standing.rates()) == (1, [1_000])


def test_a_round_in_which_the_machine_slowed_down_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    contest = Contest(rounds=1)
    standing, runs = held(monkeypatch, contest, BEST, SLOW, BEST, BEST)

    assert (runs, standing.rates()) == (2, [500])
    assert {result.note for result in results([standing], contest.calibrations)} == {""}


def test_a_machine_that_stays_slow_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    contest = Contest(rounds=1, again_max=1)
    standing, runs = held(monkeypatch, contest, BEST, SLOW, SLOW, SLOW)

    assert (runs, len(standing.rounds)) == (2, 1)
    notes = {result.note for result in results([standing], contest.calibrations) if result.contestant == "ours"}
    assert notes == {"the machine was slower than at its best in 1 of 1 rounds"}


def test_a_best_that_is_known_only_later_counts_for_earlier_rounds_too(monkeypatch: pytest.MonkeyPatch) -> None:
    contest = Contest(rounds=1)
    standing, _ = held(monkeypatch, contest, SLOW, SLOW)

    notes = {result.note for result in results([standing], [*contest.calibrations, BEST]) if result.contestant == "ours"}
    assert notes == {"the machine was slower than at its best in 1 of 1 rounds"}
