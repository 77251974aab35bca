"""Promise: told to stop under load, every service ends within twenty seconds, in order, and leaves nothing in doubt behind."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.contracts.topics import SERVICES
from tests.faults.launched import Launched
from tests.faults.living import BACK_S, until

DRAIN_S = 20.0
BUSY = 60


@pytest.mark.parametrize("names", [*((service,) for service in SERVICES), SERVICES], ids="-".join)
def test_a_stop_ends_in_time_and_in_order(
    launched: Launched, rng: random.Random, tell: Callable[[str], None], names: tuple[str, ...]
) -> None:
    history = f"stop-{'-'.join(names)}"
    with launched.crowd(history, rng) as crowd, ThreadPoolExecutor() as at_once:
        until(lambda: crowd.history.asked >= BUSY, BACK_S, "load")
        begun = time.monotonic()
        codes = list(at_once.map(lambda name: launched.ends(name, signal.SIGTERM), names))
        took = time.monotonic() - begun
        until(launched.is_ready, BACK_S, "back")

    tell(f"{', '.join(names)} drained in {took:.1f} s")
    assert took <= DRAIN_S
    assert set(codes) == {0}
    launched.agrees_with(history)
    assert not repeated(launched), "an attempt was left in doubt"


def repeated(launched: Launched) -> list[str]:
    """Messages that had to be tried again because nobody knew what had become of them."""
    notices = [json.loads(line) for line in launched.evidence().record["notify"]]
    return [event["id"] for event in notices if event["type"] == "gov.notify.notification-sent.v1" and event["data"]["repeated"]]
