"""What one data directory remembers of its running instance: where it listens, which processes it is, and that it runs."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO


class AlreadyRunningError(Exception):
    """An instance runs on this data directory already."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A running instance as other commands find it."""

    pid: int
    kafka: str
    urls: dict[str, str]
    pids: dict[str, int] = field(default_factory=dict)
    demo: bool = False


def write(data: Path, instance: Instance) -> None:
    """Remember `instance`, whole or not at all."""
    unfinished = data / "instance.part"
    unfinished.write_text(json.dumps(asdict(instance), indent=1))
    os.replace(unfinished, data / "instance.json")


def read(data: Path) -> Instance | None:
    """The instance that runs on `data`, or None."""
    path = data / "instance.json"
    if not path.exists() or not is_running(data):
        return None
    return Instance(**json.loads(path.read_text()))


def last_ports(data: Path) -> dict[str, int]:
    """The ports used last time, so that addresses stay the same where they can."""
    path = data / "ports.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def remember_ports(data: Path, ports: dict[str, int]) -> None:
    """Keep the ports for the next start."""
    (data / "ports.json").write_text(json.dumps(ports))


def lock(data: Path) -> IO[str]:
    """Own `data` until the returned file is closed or this process ends. Raises `AlreadyRunningError`."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = (data / "lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise AlreadyRunningError from None
    return file


def is_running(data: Path) -> bool:
    """Whether some process owns `data`."""
    try:
        lock(data).close()
    except AlreadyRunningError:
        return True
    return False
