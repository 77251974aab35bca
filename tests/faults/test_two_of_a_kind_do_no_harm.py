"""Promise: a service may run twice: a sleeper is relieved and wakes as a stranger, and who comes and goes loses nothing."""

from __future__ import annotations

import json
import random
import signal
import time
import urllib.request
from collections.abc import Callable

import pytest

from deploy.local.supervisor import Child
from shared.contracts.topics import SERVICES, Service
from shared.kafka.clients import CONSUMER
from tests.faults.launched import Launched
from tests.faults.living import until

ASLEEP_S = CONSUMER["session_timeout_ms"] / 1_000 + 4
RELIEVED_S = 20.0
STORM_S = 60.0
TOGGLE_S = 3.0
GUESTS = ("second", "third")


def conserved(child: Child, side: str, column: str) -> int:
    """A sum of what a second process tells of the service's conservation."""
    port = (child.environment or {})["RUNONCE_HTTP_PORT"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/conservation", timeout=5) as answer:
        told = json.load(answer)
    return int(sum(row[column] for row in told[side]))


@pytest.mark.parametrize("service", SERVICES)
def test_a_sleeper_is_relieved_and_does_no_harm_when_it_wakes(
    launched: Launched, rng: random.Random, tell: Callable[[str], None], service: Service
) -> None:
    name = f"asleep-{service}"
    with launched.crowd(name, rng):
        other = launched.begin_second(service, "other")
        pid = launched.signal(service, signal.SIGSTOP)
        begun = time.monotonic()
        try:
            before = conserved(other, "consumed", "consumed")
            until(lambda: conserved(other, "consumed", "consumed") > before, RELIEVED_S, f"{service} is relieved")
            took = time.monotonic() - begun
            time.sleep(max(ASLEEP_S - took, 0))  # The fault itself: longer than every session and every lease.
        finally:
            launched.signal(service, signal.SIGCONT)

    tell(f"{service} was relieved after {took:.1f} s")
    launched.agrees_with(name)
    assert launched.found.pids[service] == pid
    launched.end_second(other)


def test_projectors_come_and_go_and_each_offset_is_applied_once(
    launched: Launched, rng: random.Random, tell: Callable[[str], None]
) -> None:
    there: dict[str, Child] = {}
    turns = 0
    with launched.crowd("storm", rng):
        begun = time.monotonic()
        while time.monotonic() - begun < STORM_S:
            turned = time.monotonic()
            guest = rng.choice(GUESTS)
            if guest in there:
                launched.end_second(there.pop(guest), rng.choice((signal.SIGTERM, signal.SIGKILL)))
            else:
                there[guest] = launched.begin_second("metrics", guest)
            turns += 1
            time.sleep(max(TOGGLE_S - (time.monotonic() - turned), 0))  # The moment of the next fault.

    for child in there.values():
        launched.end_second(child)
    tell(f"projectors came and went {turns} times")
    launched.agrees_with("storm")
    launched.agrees()
