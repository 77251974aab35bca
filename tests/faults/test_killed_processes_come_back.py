"""Promise: whichever processes are killed in whichever order and at whichever moment, everything agrees afterwards."""

from __future__ import annotations

import random
import time

import pytest

from shared.contracts.topics import SERVICES
from tests.faults.living import EVERYBODY, Living

ROUNDS = 4
GAP_S = 3.0
MOVES_S = 10.0
ANSWERS_S = 30.0
"""A restarted process has to start Python and to join its groups before the ten seconds begin to count."""


@pytest.mark.parametrize("number", range(ROUNDS))
def test_everything_agrees_after_a_round_of_kills(living: Living, rng: random.Random, number: int) -> None:
    for name in rng.sample(EVERYBODY, rng.randint(1, len(EVERYBODY))):
        time.sleep(rng.random() * GAP_S)  # The moment of the next fault, not a wait for anything.
        living.kill(name)

    living.agrees()


@pytest.mark.parametrize("name", ["kafka", "postgres"])
def test_every_service_goes_on_soon_after_its_dependency_is_back(living: Living, name: str) -> None:
    living.kill(name)

    for service in SERVICES:
        assert living.moves_again(service, MOVES_S) <= MOVES_S


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_was_killed_goes_on_by_itself(living: Living, name: str) -> None:
    living.kill(name)

    living.moves_again(name, ANSWERS_S)


def test_two_processes_killed_at_the_same_moment_leave_no_trace(living: Living, rng: random.Random) -> None:
    first, second = rng.sample(EVERYBODY, 2)
    living.kill(first, second)

    living.agrees()
