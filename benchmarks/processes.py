"""A process and all that descend from it: who they are, what they use and tell, and how to stop, wake or kill them all."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import urllib.request
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_TASKS = re.compile(r"^runonce_tasks\{[^}]*\} ([\d.]+)$", re.MULTILINE)
_ANSWER_S = 2.0


def family(pid: int) -> list[int]:
    """A process and all that descend from it, itself first; nobody if it has ended."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [pid, *(one for child in children for one in family(int(child)))]


def signal_family(pid: int, number: signal.Signals) -> None:
    """Signal a process and all that descend from it. Raises `ProcessLookupError` if it has ended."""
    # While it stands still it has no further children that would be left out.
    os.kill(pid, signal.SIGSTOP)
    for one in family(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, number)


def used_s(pid: int) -> float:
    """Processor seconds of a process, its living descendants, and those that have ended. Raises `FileNotFoundError` if it has."""
    return _own_s(pid) + sum(map(_living_s, family(pid)[1:]))


def _own_s(pid: int) -> float:
    own = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    # Its own time in user and system mode, then that of children that ended.
    return sum(map(int, own[11:15])) / _TICKS


def _living_s(pid: int) -> float:
    try:
        return _own_s(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def resident_mb(pid: int) -> float:
    """Megabytes of a process with its children; what several of them share counts once (PSS)."""
    return sum(map(_pss_mb, family(pid)))


def _pss_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1_024 for line in lines if line.startswith("Pss:")), 0.0)


def tasks_of(url: str) -> int | None:
    """How many tasks the event loop of a service has; None while it does not say."""
    try:
        with urllib.request.urlopen(f"{url}/metrics", timeout=_ANSWER_S) as answer:
            found = _TASKS.search(answer.read().decode())
    except OSError:
        return None
    return None if found is None else int(float(found[1]))
