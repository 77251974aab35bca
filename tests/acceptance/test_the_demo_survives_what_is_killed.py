"""The demonstration: history in, load on, every process killed in turn, and afterwards everything still agrees."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from deploy.local import instance
from tests.acceptance.conftest import JOURNEYS, PAUSE_S, Demo, Installation, stopped

BACK_S = 60.0
KILLED = ("intake", "approval", "notify", "metrics", "kafka", "postgres")

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]


def test_everything_agrees_after_each_process_was_killed_under_load(demo: Demo) -> None:
    demo.is_alive()
    for name in KILLED:
        _kill_and_await(demo, name)

    done = Installation(demo.data, demo.found).command("verify", "--json")

    verdict = json.loads(done.stdout or "{}")
    assert done.returncode == 0, (done.stderr[-1_000:], verdict.get("differences"), verdict.get("conservation"))
    assert verdict["equal"]
    assert set(verdict["compared"]) == {f"F{n}" for n in (*range(11), 12, 13)}
    assert all(law["holds"] for law in verdict["conservation"])


def _kill_and_await(demo: Demo, name: str) -> None:
    before = demo.pid(name)
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + BACK_S
    while demo.pid(name) == before or not _all_ready(demo):
        assert time.monotonic() < deadline, name
        time.sleep(PAUSE_S)


def _all_ready(demo: Demo) -> bool:
    try:
        return all(urllib.request.urlopen(f"{url}/readyz", timeout=2).status == 200 for url in demo.found.urls.values())
    except OSError:
        return False


def test_it_stops_cleanly_and_leaves_no_process_behind(demo: Demo) -> None:
    found = instance.read(demo.data)
    assert found is not None

    assert stopped(demo.process) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in found.pids.values())
    assert instance.read(demo.data) is None


def test_the_next_start_finds_its_data_and_ends_with_the_verdict(demo: Demo) -> None:
    done = Installation(demo.data, demo.found).command("demo", "--journeys", JOURNEYS, "--for", "5s")

    assert done.returncode == 0, (done.stdout[-2_000:], done.stderr[-2_000:])
    assert "writing down" not in done.stderr
    assert "readings agree and nothing was lost" in done.stdout
    for figure in ("F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12", "F13"):
        assert f"\n{figure}" in done.stdout
