"""Promise: with a record three seconds away every call still ends in time, a crowd is sent away, and nothing is left over."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest

from tests.faults import wire
from tests.faults.living import Living, until
from tests.faults.meanwhile import BUDGET_S
from tests.faults.wire import Wire, wired_servers

LATE_S = 3.0
CROWD = 400
QUICK_S = 3.0
BACK_S = 10.0
STOP_S = 20.0
GROWTH_MAX_KIB = 100_000
HANDLES_MAX = 100
"""The load of the demonstration keeps up to 64 connections; the crowd's four hundred must be gone."""


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Living, dict[str, Wire]]]:
    """A demonstration whose servers are behind wires."""
    with wired_servers(tmp_path_factory.mktemp("servers")) as (wires, words):
        living = Living(tmp_path_factory.mktemp("wired"), *words)
        living.start()
        yield living, wires
        living.stop()


def memory_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError("no such process")


def handles(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def crowd(living: Living) -> Counter[int]:
    """Many ask at once; returns what they were answered. The door that needs no record answers at once meanwhile."""
    url, token = living.found.urls["intake"], living.installation.keys.issue("operator", "o")
    limits = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=BUDGET_S)
    async with aiohttp.ClientSession(connector=limits[0], timeout=limits[1]) as session:

        async def ask() -> int:
            body = {"partner": f"p-{uuid4().hex[:8]}", "kind": "portal", "region": "330000"}
            headers = {"authorization": f"Bearer {token}", "idempotency-key": str(uuid4())}
            async with session.post(f"{url}/v1/commands/register-partner", json=body, headers=headers) as answer:
                assert answer.status != 503 or "retry-after" in answer.headers
                return answer.status

        asking = [asyncio.create_task(ask()) for _ in range(CROWD)]
        await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        async with session.get(f"{url}/livez", timeout=aiohttp.ClientTimeout(total=QUICK_S)) as alive:
            assert alive.status == 200
        return Counter(await asyncio.gather(*asking))


def test_a_crowd_at_a_slow_record_is_sent_away_and_leaves_nothing_behind(
    wired: tuple[Living, dict[str, Wire]], monkeypatch: pytest.MonkeyPatch, tell: Callable[[str], None]
) -> None:
    living, wires = wired
    pid = living.found.pids["intake"]
    before, held = memory_kib(pid), handles(pid)
    monkeypatch.setattr(wire, "LATE_S", LATE_S)
    wires["postgres"].set("slow")
    try:
        answered = asyncio.run(crowd(living))
    finally:
        wires["postgres"].set("open")

    assert set(answered) <= {201, 503}, answered
    assert answered[503] > 0
    seconds = living.moves(BACK_S)
    tell(f"answered {dict(answered)}; quick again after {', '.join(f'{s} {took:.1f} s' for s, took in seconds.items())}")
    assert living.found.pids["intake"] == pid
    assert memory_kib(pid) - before < GROWTH_MAX_KIB
    until(lambda: handles(pid) <= held + HANDLES_MAX, BACK_S, "connections are given back")
    living.agrees()
    begun = time.monotonic()
    living.stop()
    took = time.monotonic() - begun
    tell(f"stopped in {took:.1f} s")
    assert took < STOP_S
