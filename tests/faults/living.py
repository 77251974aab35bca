"""A demonstration under load, and what can be done to its processes."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.processes import signal_family
from deploy.local import instance
from deploy.local.instance import Instance
from shared.contracts.topics import SERVICES
from tests.acceptance.conftest import Installation, started, stopped

JOURNEYS = "60"
HISTORY_S = 90.0
BACK_S = 60.0
VERIFY_S = 300.0
PAUSE_S = 0.1
SERVERS = ("kafka", "postgres")
EVERYBODY = (*SERVICES, *SERVERS)


def until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait until `condition` holds and return how many seconds it took. Fails the test after `seconds`."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, f"{what}: not within {seconds:.0f} s"
        time.sleep(PAUSE_S)
    return time.monotonic() - begun


def grows(look: Callable[[], int], seconds: float, what: str) -> float:
    """Wait until a number has grown, which is -1 while nobody tells it; returns how many seconds that took."""
    seen: list[int] = []

    def has_grown() -> bool:
        now = look()
        if now >= 0:
            seen.append(now)
        return bool(seen) and now > seen[0]

    return until(has_grown, seconds, what)


class Living:
    """One demonstration. `words` are further options, such as the addresses of outside servers."""

    def __init__(self, data: Path, *words: str) -> None:
        self.data = data
        self.words = words
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def found(self) -> Instance:
        """The running instance as it is now; pids change when processes are restarted."""
        found = instance.read(self.data)
        assert found is not None, self.said()[-2_000:]
        return found

    @property
    def installation(self) -> Installation:
        """Its command line."""
        return Installation(self.data, self.found)

    def said(self) -> str:
        """What the command has said so far."""
        return (self.data / "command.log").read_text()

    def start(self) -> None:
        """Start, and wait for history and load."""
        self.process, _ = started(self.data, *self.words, "demo", "--journeys", JOURNEYS)
        until(lambda: self._is_alive() and "to follow: journey" in self.said(), HISTORY_S, "load")

    def _is_alive(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said()[-2_000:]
        return True

    def stop(self) -> None:
        """Stop as Ctrl-C does, if it still runs."""
        if self.process is not None and self.process.poll() is None:
            assert stopped(self.process) == 0, self.said()[-2_000:]

    def signal(self, name: str, number: signal.Signals) -> int:
        """Signal a process of the stack with its children, and return its pid; if it has just ended it has a successor soon."""
        reached: list[int] = []

        def is_sent() -> bool:
            with contextlib.suppress(ProcessLookupError):
                signal_family(pid := self.found.pids[name], number)
                reached.append(pid)
            return bool(reached)

        until(is_sent, BACK_S, f"{name} there")
        return reached[0]

    def kill(self, *names: str) -> None:
        """`kill -9` at once, and wait until somebody else is there and all doors are open."""
        before = {name: self.signal(name, signal.SIGKILL) for name in names}

        def are_back() -> bool:
            pids = self.found.pids
            return all(pids[name] != pid for name, pid in before.items()) and self.is_ready()

        until(are_back, BACK_S, f"{' and '.join(names)} back")

    def is_ready(self) -> bool:
        """Whether every service says that it is ready."""
        return all(self.is_open(url) for url in self.found.urls.values())

    @staticmethod
    def is_open(url: str) -> bool:
        """Whether the service at `url` says that it is ready."""
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def get(self, service: str, path: str) -> Any:
        """The JSON of a page as an auditor gets it; None while nobody answers."""
        try:
            return self.ask(self.found.urls[service] + path)
        except OSError:
            return None

    def ask(self, url: str) -> Any:
        """The JSON at `url` as an auditor gets it."""
        asked = urllib.request.Request(url, headers={"authorization": f"Bearer {self.installation.keys.issue('auditor', 'a')}"})
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return json.load(answer)

    def consumed(self, service: str) -> int:
        """How many records a service has disposed of; -1 while it does not answer."""
        told = self.get(service, "/v1/conservation")
        return -1 if told is None else sum(row["consumed"] for row in told["consumed"])

    def moves_again(self, service: str, seconds: float) -> float:
        """Wait until a service answers and has disposed of something new; returns how long that took."""
        return grows(lambda: self.consumed(service), seconds, f"{service} moves")

    def moves(self, seconds: float, more: Mapping[str, Callable[[], int]] = {}) -> dict[str, float]:
        """How long it takes from now until each service has moved, and whatever `more` looks at: all are watched at once."""
        looks = {service: partial(self.consumed, service) for service in SERVICES} | dict(more)
        with ThreadPoolExecutor(len(looks)) as watchers:
            took = watchers.map(lambda name: grows(looks[name], seconds, f"{name} moves"), looks)
            return dict(zip(looks, took, strict=True))

    def agrees(self) -> None:
        """Figures, record and truth are equal over all slices, and nothing was lost. Fails the test with what differs."""
        done = self.installation.command("verify", "--json", seconds=VERIFY_S)
        verdict = json.loads(done.stdout or "{}")
        broken = [law for law in verdict.get("conservation", ()) if not law["holds"]]
        assert done.returncode == 0, (done.stderr[-500:], verdict.get("differences"), broken)
        assert verdict["equal"]
