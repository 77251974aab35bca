"""Promise: a process that slept through its leases and sessions wakes up as a stranger, and writes nothing it may not."""

from __future__ import annotations

import signal
import time

import pytest

from shared.contracts.topics import SERVICES
from shared.kafka.clients import CONSUMER
from tests.faults.living import EVERYBODY, Living

ASLEEP_S = CONSUMER["session_timeout_ms"] / 1_000 + 4
DEEP_S = 22.0
"""Longer than every limit of a client or a statement, so that all of them have run out at once when everybody wakes."""
MOVES_S = 20.0


@pytest.mark.parametrize("name", EVERYBODY)
def test_everything_agrees_after_a_long_sleep(living: Living, name: str) -> None:
    pid = living.signal(name, signal.SIGSTOP)
    try:
        time.sleep(ASLEEP_S)  # The fault itself: longer than every session and every lease.
    finally:
        living.signal(name, signal.SIGCONT)

    assert living.found.pids[name] == pid
    living.moves_again("metrics", MOVES_S)
    living.agrees()


def test_everything_agrees_after_all_services_slept_through_every_limit(living: Living) -> None:
    pids = {service: living.signal(service, signal.SIGSTOP) for service in SERVICES}
    try:
        time.sleep(DEEP_S)  # The fault itself.
    finally:
        for service in SERVICES:
            living.signal(service, signal.SIGCONT)

    assert {service: living.found.pids[service] for service in SERVICES} == pids
    living.moves(MOVES_S)
    living.agrees()
