"""Promise: who is stopped, woken or killed takes along all that descend from it, as a server with its backends does."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.processes import family, signal_family
from deploy.local.children import die_with_parent
from tests.faults.living import until

SOON_S = 20.0
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import sys; sys.stdin.read()'])"
"""Its child outlives it, until the test lets go of the pipe that both read from."""


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, preexec_fn=die_with_parent()) as process:
        try:
            until(lambda: len(family(process.pid)) == 2, SOON_S, "a child")
            yield process
        finally:
            process.kill()


def states(pids: list[int]) -> set[str]:
    """One letter for each, as `ps` tells it; nothing of who has gone."""
    files = (Path(f"/proc/{pid}/stat") for pid in pids)
    return {file.read_text().rpartition(")")[2].split()[0] for file in files if file.exists()}


def test_a_whole_family_sleeps_and_wakes(parent: subprocess.Popen[bytes]) -> None:
    both = family(parent.pid)

    signal_family(parent.pid, signal.SIGSTOP)
    until(lambda: states(both) == {"T"}, SOON_S, "everybody stands still")
    signal_family(parent.pid, signal.SIGCONT)
    until(lambda: "T" not in states(both), SOON_S, "everybody goes on")


def test_a_whole_family_is_killed(parent: subprocess.Popen[bytes]) -> None:
    both = family(parent.pid)

    signal_family(parent.pid, signal.SIGKILL)

    assert parent.wait(SOON_S) == -signal.SIGKILL
    until(lambda: states(both) <= {"Z"}, SOON_S, "nobody is left")


def test_who_has_ended_has_no_family(parent: subprocess.Popen[bytes]) -> None:
    parent.kill()
    parent.wait(SOON_S)

    assert family(parent.pid) == []
    with pytest.raises(ProcessLookupError):
        signal_family(parent.pid, signal.SIGSTOP)
