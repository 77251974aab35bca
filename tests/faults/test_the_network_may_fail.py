"""Promise: cut, silent and slow connections cost time and nothing else: every call ends, and everything goes on soon afterwards."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator

import pytest

from shared.contracts.topics import SERVICES
from tests.faults.living import Living
from tests.faults.meanwhile import asked_meanwhile, tasks_are_few_again, tasks_now
from tests.faults.wire import Mode, Wire, wired_servers

BEHIND = ("kafka", "postgres")
AWAY_S = 60.0
SILENT_S = 20.0
SLOW_S = 15.0
MOVES_S = 10.0
CUTS = 10


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Living, dict[str, Wire]]]:
    """A demonstration whose servers are behind wires."""
    with wired_servers(tmp_path_factory.mktemp("servers")) as (wires, words):
        living = Living(tmp_path_factory.mktemp("wired"), *words)
        living.start()
        yield living, wires
        living.stop()


@pytest.mark.parametrize("name", BEHIND)
@pytest.mark.parametrize(("mode", "seconds"), [("closed", AWAY_S), ("silent", SILENT_S), ("slow", SLOW_S)])
def test_everything_goes_on_when_the_network_is_well_again(
    wired: tuple[Living, dict[str, Wire]], name: str, mode: Mode, seconds: float, tell: Callable[[str], None]
) -> None:
    living, wires = wired
    before = tasks_now(living)
    assert set(before) == set(SERVICES), "a service that does not tell its tasks would have none too many"
    wires[name].set(mode)
    try:
        took = asyncio.run(asked_meanwhile(living, seconds))
    finally:
        wires[name].set("open")
    tell(f"{name} {mode}: the longest calls took " + ", ".join(f"{service} {took[service]:.1f} s" for service in sorted(took)))

    living.moves(MOVES_S)
    tasks_are_few_again(living, before, MOVES_S)
    living.agrees()


@pytest.mark.parametrize("name", BEHIND)
def test_connections_that_break_again_and_again_lose_nothing(
    wired: tuple[Living, dict[str, Wire]], name: str, rng: random.Random
) -> None:
    living, wires = wired
    for _ in range(CUTS):
        time.sleep(rng.random() * 2)  # The moment of the next fault.
        wires[name].cut()

    living.agrees()
