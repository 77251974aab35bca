"""Tells how far something has come: a bar on a terminal, a plain line now and then anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

PLAIN_EVERY_S = 5.0


class Tracker(Protocol):
    """Hears how much was done."""

    def advance(self, count: int) -> None:
        """So much more is done."""
        ...


class _Bar:
    def __init__(self, progress: Progress, title: str, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task(title, total=total)

    def advance(self, count: int) -> None:
        self._progress.advance(self._task, count)


class _Lines:
    def __init__(self, title: str, total: int) -> None:
        self._title = title
        self._total = total
        self._done = 0
        self._told = monotonic()

    def advance(self, count: int) -> None:
        self._done += count
        if monotonic() - self._told >= PLAIN_EVERY_S:
            self._told = monotonic()
            self.tell()

    def tell(self) -> None:
        print(f"{self._title}: {self._done:,} of {self._total:,}", file=sys.stderr, flush=True)


@contextmanager
def tracking(title: str, total: int) -> Iterator[Tracker]:
    """Show progress towards `total` while the block runs."""
    if not sys.stderr.isatty():
        lines = _Lines(title, total)
        yield lines
        lines.tell()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=False) as progress:
        yield _Bar(progress, title, total)
