"""Promise: a process that slept through its leases and sessions wakes up as a stranger, and writes nothing it may not."""

from __future__ import annotations

import signal
import time

import pytest

from shared.kafka.clients import CONSUMER
from tests.faults.living import EVERYBODY, Living

ASLEEP_S = CONSUMER["session_timeout_ms"] / 1_000 + 4
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
