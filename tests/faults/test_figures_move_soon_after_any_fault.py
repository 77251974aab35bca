"""Promise: after any single fault every service works again within ten seconds of the return of what was gone, by itself."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable

import pytest

from tests.faults.launched import Launched
from tests.faults.living import BACK_S, EVERYBODY, until

MOVES_S = 10.0
BUSY = 60


@pytest.mark.parametrize("gone", EVERYBODY)
def test_everything_moves_soon_after_the_return_of(
    launched: Launched, rng: random.Random, tell: Callable[[str], None], gone: str
) -> None:
    with launched.crowd(f"return-of-{gone}", rng) as crowd:
        until(lambda: crowd.history.asked >= BUSY, BACK_S, "load")
        before = launched.signal(gone, signal.SIGKILL)
        until(lambda: launched.found.pids[gone] != before and launched.is_there(gone), BACK_S, f"{gone} is back")
        took = launched.moves(3 * MOVES_S, {"the board": lambda: on_the_board(launched)})

    tell(f"after the return of {gone}: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in took.items()))
    assert max(took.values()) <= MOVES_S
    launched.agrees_with(f"return-of-{gone}")


def on_the_board(launched: Launched) -> int:
    """A figure that moves whenever somebody comes or a case is handed on; -1 while nobody answers."""
    visits, custody = launched.get("metrics", "/v1/figures/F10"), launched.get("metrics", "/v1/figures/F8")
    if visits is None or custody is None:
        return -1
    seen: int = visits["readings"]["visits"]["numerator"] + custody["readings"]["offered"]["numerator"]
    return seen
