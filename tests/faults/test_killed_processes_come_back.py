"""Promise: whichever processes are killed in whichever order and at whichever moment, everything agrees afterwards."""

from __future__ import annotations

import random
import time

import pytest

from tests.faults.living import EVERYBODY, Living

ROUNDS = 4
GAP_S = 3.0


@pytest.mark.parametrize("number", range(ROUNDS))
def test_everything_agrees_after_a_round_of_kills(living: Living, rng: random.Random, number: int) -> None:
    for name in rng.sample(EVERYBODY, rng.randint(1, len(EVERYBODY))):
        time.sleep(rng.random() * GAP_S)  # The moment of the next fault, not a wait for anything.
        living.kill(name)

    living.agrees()


def test_two_processes_killed_at_the_same_moment_leave_no_trace(living: Living, rng: random.Random) -> None:
    first, second = rng.sample(EVERYBODY, 2)
    living.kill(first, second)

    living.agrees()
