"""A whole installation as real processes: started by the command a person types, reached only through its public doors."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.local import instance
from deploy.local.children import die_with_parent
from deploy.local.doors import Doors
from deploy.local.instance import Instance
from shared.runtime.auth import Keys
from tests.conftest import CACHE, ROOT

START_S = 90.0
HISTORY_S = 150.0
PAUSE_S = 0.2
JOURNEYS = "300"
"""How much history the demonstration of these tests has."""
STOP_S = 40.0


@dataclass(frozen=True, slots=True)
class Installation:
    """One running installation and the command line that belongs to it."""

    data: Path
    found: Instance

    @property
    def keys(self) -> Keys:
        return Keys(self.data / "keys")

    def doors(self) -> Doors:
        """A client of its HTTP doors."""
        return Doors(self.found.urls, self.keys)

    def command(self, *words: str, seconds: float = 240.0) -> subprocess.CompletedProcess[str]:
        """Run `./runonce --data ... words` to its end."""
        return subprocess.run(_argv(self.data, *words), cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False)


def _argv(data: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "deploy.local", "--data", str(data), *words]


def started(data: Path, *words: str) -> tuple[subprocess.Popen[bytes], Instance]:
    """Start an installation and wait until its doors are open."""
    data.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "RUNONCE_CACHE": str(CACHE)}
    with (data / "command.log").open("wb") as log:
        process = subprocess.Popen(
            _argv(data, *words), cwd=ROOT, env=environment, stdout=log, stderr=log, preexec_fn=die_with_parent()
        )
    deadline = time.monotonic() + START_S
    pause = 0.1
    while (found := instance.read(data)) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError((data / "command.log").read_text()[-2_000:])
        time.sleep(pause)
    return process, found


def stopped(process: subprocess.Popen[bytes]) -> int:
    """Stop as Ctrl-C does."""
    process.send_signal(signal.SIGINT)
    return process.wait(STOP_S)


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One installation for all acceptance tests, without made-up load."""
    data = tmp_path_factory.mktemp("installation")
    process, found = started(data, "up")
    yield Installation(data, found)
    assert stopped(process) == 0


def lines(body: bytes) -> list[Any]:
    """The documents of a newline-delimited answer."""
    return [orjson.loads(line) for line in body.splitlines()]


@dataclass(frozen=True)
class Demo:
    """One demonstration that goes on until it is stopped."""

    data: Path
    process: subprocess.Popen[bytes]
    found: Instance

    def says(self, words: str, seconds: float) -> str:
        """What was said so far, once it contains `words`."""
        deadline = time.monotonic() + seconds
        while words not in (said := (self.data / "command.log").read_text()):
            assert self.process.poll() is None, said[-2_000:]
            assert time.monotonic() < deadline, said[-2_000:]
            time.sleep(PAUSE_S)
        return said

    def is_alive(self) -> None:
        """Wait until its history is in and life goes on."""
        self.says("the history is in", HISTORY_S)
        self.says("to follow: journey", START_S)

    def address(self, name: str) -> str:
        """The address that was printed behind `name`."""
        found = re.search(rf"\b{name} +(http\S+)", self.says(f"  {name} ", START_S))
        assert found is not None
        return found[1]

    def pid(self, name: str) -> int:
        found = instance.read(self.data)
        assert found is not None
        return found.pids[name]


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demonstration for the files named after it; the last of them stops it."""
    data = tmp_path_factory.mktemp("demo")
    process, found = started(data, "demo", "--journeys", JOURNEYS)
    made = Demo(data, process, found)
    yield made
    if process.poll() is None:
        stopped(process)
