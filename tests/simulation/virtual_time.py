"""An event loop whose clock jumps from one timer to the next: hours pass in milliseconds, and always in the same way.

Nothing outside the loop can wake it, so what happens depends on the code that runs in it and on nothing else. Timers of the
same instant fire in the order in which they were set.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeVar

SPINS_MAX = 10_000
T = TypeVar("T")


class StuckError(AssertionError):
    """Everybody waits for nothing, or somebody is busy without end while no time passes."""


class VirtualLoop(asyncio.BaseEventLoop):
    """A loop in virtual seconds, which begin at 0."""

    def __init__(self) -> None:
        super().__init__()
        self._elapsed = 0.0
        self._spins = 0
        self._numbers = count()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._elapsed

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call back at an instant, or at once if that has passed."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer stays where it is and does nothing."""

    def _run_once(self) -> None:
        ready, timers = self._ready, self._timers  # type: ignore[attr-defined]
        self._spins += 1
        if not ready:
            while timers and timers[0][2].cancelled():
                heappop(timers)
            if not timers:
                raise StuckError
            if timers[0][0] > self._elapsed:
                self._elapsed, self._spins = timers[0][0], 0
            while timers and timers[0][0] <= self._elapsed:
                ready.append(heappop(timers)[2])
        if self._spins > SPINS_MAX:
            raise StuckError
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()

    def _write_to_self(self) -> None:
        """Nobody calls from another thread."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end in a loop of its own, and cancel whatever it left behind."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()
