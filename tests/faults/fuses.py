"""A fuse ends its own process, once, at the N-th passage of a named point: the file that asks for it is gone before the end.

The file of a service holds `POINT N`. Whoever starts next finds no file and runs on, until another point is asked for.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path


def ask(directory: Path, service: str, point: str, passage: int) -> Path:
    """Ask that `service` ends at the `passage`-th time it comes by `point`. The returned file is gone when it did."""
    asked = directory / service
    unfinished = asked.with_suffix(".part")
    unfinished.write_text(f"{point} {passage}")
    os.replace(unfinished, asked)
    return asked


class Fuse:
    """The fuse of one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._asked = ""
        self._passed = 0

    def passes(self, point: str) -> None:
        """The process is at `point` now; it may not get any further."""
        try:
            asked = self._path.read_text()
        except FileNotFoundError:
            return
        if asked != self._asked:
            self._asked, self._passed = asked, 0
        name, _, passage = asked.rpartition(" ")
        if name != point:
            return
        self._passed += 1
        if self._passed >= int(passage):
            self._path.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
