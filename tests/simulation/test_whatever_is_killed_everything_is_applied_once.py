"""Ten thousand schedules of crashes, freezes, cuts, duplicates, leases and rebalances: everything once, in order, nothing lost.

A schedule that fails is named by its seed; `python -m tests.simulation SCENARIO SEED` plays it again, step by step.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.schedules import COUNTS, HAPPENINGS, SCENARIOS, explore_on_all_cores, replay

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_every_schedule_holds(scenario: str) -> None:
    done = explore_on_all_cores(scenario, COUNTS[scenario])

    assert done.faults > done.schedules
    # In one schedule of a hundred at least, and mostly in many more.
    assert not [what for what in HAPPENINGS[scenario] if done.happened[what] < done.schedules / 100]


def test_there_are_ten_thousand_of_them() -> None:
    assert sum(COUNTS.values()) == 10_000


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_a_seed_plays_alike_in_another_process(scenario: str) -> None:
    words = [sys.executable, "-m", "tests.simulation", scenario, "7"]
    told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout

    assert told.splitlines()[:-1] == [step.told() for step in replay(scenario, 7).steps]


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_a_schedule_is_a_function_of_its_seed(scenario: str) -> None:
    for seed in range(20):
        assert replay(scenario, seed) == replay(scenario, seed)
