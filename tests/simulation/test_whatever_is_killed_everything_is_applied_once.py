"""Ten thousand schedules of crashes, freezes, cuts, duplicates, leases and rebalances: everything once, in order, nothing lost.

A schedule that fails is named by its seed; `python -m tests.simulation SCENARIO SEED` plays it again, step by step.
"""

from __future__ import annotations

import pytest

from tests.simulation.schedules import COUNTS, SCENARIOS, explore, replay


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_every_schedule_holds(scenario: str) -> None:
    done = explore(scenario, 0, COUNTS[scenario])

    assert done.faults > done.schedules


def test_there_are_ten_thousand_of_them() -> None:
    assert sum(COUNTS.values()) == 10_000


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_a_schedule_is_a_function_of_its_seed(scenario: str) -> None:
    for seed in range(20):
        assert replay(scenario, seed) == replay(scenario, seed)
