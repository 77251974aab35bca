"""The demonstration: history in, load on, every process killed in turn, and afterwards everything still agrees."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import pytest

from deploy.local import instance
from deploy.local.instance import Instance
from tests.acceptance.conftest import Installation, started, stopped

JOURNEYS = "300"
HISTORY_S = 150.0
BACK_S = 60.0
KILLED = ("intake", "approval", "notify", "metrics", "kafka", "postgres")
PAUSE_S = 0.2

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]


@dataclass
class Demo:
    """One demonstration that goes on until it is stopped."""

    data: Path
    process: Popen[bytes]
    found: Instance

    def says(self, words: str, seconds: float) -> str:
        """What was said so far, once it contains `words`."""
        deadline = time.monotonic() + seconds
        while words not in (said := (self.data / "command.log").read_text()):
            assert self.process.poll() is None, said[-2_000:]
            assert time.monotonic() < deadline, said[-2_000:]
            time.sleep(PAUSE_S)
        return said

    def pid(self, name: str) -> int:
        found = instance.read(self.data)
        assert found is not None
        return found.pids[name]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    data = tmp_path_factory.mktemp("demo")
    process, found = started(data, "demo", "--journeys", JOURNEYS)
    made = Demo(data, process, found)
    yield made
    if process.poll() is None:
        process.kill()
        process.wait(30)


def test_pages_are_up_before_the_history_is_in(demo: Demo) -> None:
    with urllib.request.urlopen(demo.found.urls["metrics"] + "/", timeout=10) as page:
        assert page.status == 200
    assert "the history is in" not in (demo.data / "command.log").read_text()


def test_everything_agrees_after_each_process_was_killed_under_load(demo: Demo) -> None:
    demo.says("the history is in", HISTORY_S)
    demo.says("to follow: journey", BACK_S)
    for name in KILLED:
        _kill_and_await(demo, name)

    done = Installation(demo.data, demo.found).command("verify", "--json")

    verdict = json.loads(done.stdout or "{}")
    assert done.returncode == 0, (done.stderr[-1_000:], verdict.get("differences"), verdict.get("conservation"))
    assert verdict["equal"]
    assert set(verdict["compared"]) == {f"F{n}" for n in (*range(11), 12)}
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
    for figure in ("F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12"):
        assert f"\n{figure}" in done.stdout
