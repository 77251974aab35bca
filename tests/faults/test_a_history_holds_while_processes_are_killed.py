"""Promise: whatever is killed while people are served, nothing acknowledged is lost and nothing takes effect twice."""

from __future__ import annotations

import random
import time

from tests.faults.launched import Launched
from tests.faults.living import EVERYBODY

INTAKE_S = 40.0
RECORD_KILLS = 5
ANYBODY_KILLS = 8
GAP_S = (2.0, 5.0)


def test_the_door_is_killed_every_few_seconds(launched: Launched, rng: random.Random) -> None:
    with launched.crowd("door", rng):
        begun = time.monotonic()
        while time.monotonic() - begun < INTAKE_S:
            time.sleep(rng.uniform(*GAP_S))  # The moment of the next fault.
            launched.kill("intake")

    launched.agrees_with("door")


def test_the_record_is_killed_again_and_again(launched: Launched, rng: random.Random) -> None:
    with launched.crowd("record", rng):
        for _ in range(RECORD_KILLS):
            time.sleep(rng.uniform(*GAP_S))  # The moment of the next fault.
            launched.kill("postgres")

    launched.agrees_with("record")


def test_anybody_is_killed_at_any_moment(launched: Launched, rng: random.Random) -> None:
    with launched.crowd("anybody", rng):
        for _ in range(ANYBODY_KILLS):
            time.sleep(rng.uniform(*GAP_S))  # The moment of the next fault.
            launched.kill(*rng.sample(EVERYBODY, rng.randint(1, 2)))

    launched.agrees_with("anybody")
    launched.agrees()
