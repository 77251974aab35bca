"""Lets one command ask the live load of another to rest: a lock on a file, which ends with whoever holds it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOOK_EVERY_S = 0.3


@contextmanager
def resting(directory: Path) -> Iterator[None]:
    """Whoever plays on this truth directory sends nothing new while the block runs."""
    with (directory / "rest").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def turn(directory: Path) -> Iterator[bool]:
    """Whether one may act: nobody asked for rest, and nobody's rest begins before the block has ended."""
    with (directory / "rest").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
