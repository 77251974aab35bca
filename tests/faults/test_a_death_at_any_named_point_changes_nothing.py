"""Promise: a process may die before and after every commit, send, acknowledgement, poll and checkpoint; nothing comes of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

import pytest

from deploy.local import supervisor
from shared.contracts.topics import SERVICES, Service
from tests.faults import crowd, fuses
from tests.faults.crash_points import POINTS
from tests.faults.launched import Launched
from tests.faults.living import until

REACHED_S = 120.0
BACK_S = 120.0
PASSAGES = 3
LOOK_S = 0.1
FAMILIES = [(service, family) for service in SERVICES for family in POINTS[service]]
AT_A_TIME: dict[Service, int] = {"notify": 2, "metrics": 2}
"""Nobody waits at a door for these two, so that fewer people are load enough, and leave less to recount."""
NEEDS_A_START = "beginning"
NEEDS_A_REBUILD = "rebuilding"


@pytest.fixture(scope="module", autouse=True)
def tireless() -> Iterator[None]:
    """The supervisor does not grow tired of processes that die again and again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(supervisor, "BACK_OFF_S", (0.1, 0.1))
        yield


def die_at(launched: Launched, service: Service, family: str, point: str, passage: int) -> float:
    """Let `service` die at a point, and return how long it took until it was ready again."""
    asked = fuses.ask(launched.fuses, service, point, passage)
    if family == NEEDS_A_START:
        launched.kill(service)
    deadline = time.monotonic() + REACHED_S
    while asked.exists():
        if time.monotonic() > deadline:
            asked.unlink()
            pytest.fail(f"{service} never came by {point}")
        if family == NEEDS_A_REBUILD:
            launched.ask_for_rebuild()
        time.sleep(LOOK_S)  # Between two looks at a file.
    return until(launched.is_ready, BACK_S, f"{service} after {point}")


def is_seldom(service: Service, family: str, point: str) -> bool:
    """Whether a process comes by only every few seconds, or when somebody makes it."""
    return family in (NEEDS_A_START, NEEDS_A_REBUILD) or point.startswith("offsets:") or (service, family) == ("metrics", "relay")


@pytest.mark.parametrize(("service", "family"), FAMILIES, ids=[f"{service}-{family}" for service, family in FAMILIES])
def test_nothing_comes_of_a_death_at(
    launched: Launched, rng: random.Random, tell: Callable[[str], None], service: Service, family: str
) -> None:
    name = f"{service}-{family}"
    points = rng.sample(POINTS[service][family], len(POINTS[service][family]))
    with launched.crowd(name, rng, AT_A_TIME.get(service, crowd.AT_A_TIME)):
        for point in points:
            passage = 1 if is_seldom(service, family, point) else rng.randint(1, PASSAGES)
            back = die_at(launched, service, family, point, passage)
            tell(f"{service} died at {point}, passage {passage}, and was back after {back:.1f} s")

    launched.agrees_with(name)


def test_everything_agrees_after_all_those_deaths(launched: Launched) -> None:
    launched.agrees()
