"""The timekeeper: fires timers whose time has come, in order of their time, as commands of its own.

Journeys share a transaction. One that fails is looked for by halves, set aside, and tried again after growing pauses, so that
it holds up nobody else's time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from shared.contracts.ids import timer_id
from shared.eventsourcing.decider import Decider, Timer
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.eventsourcing.plan import TIMEKEEPER, Context, Order
from shared.postgres import timers
from shared.postgres.event_log import EventLog, Tx
from shared.telemetry.names import TIMERS_ASIDE

EVERY_S = 0.5
BATCH_MAX = 200
PAUSE_S, PAUSE_MAX_S = 1.0, 900.0
"""How long a failed stream is left alone at first, and in the end."""
ASIDE_MAX = 1_000
"""With more than these the service is ill rather than a stream: then everything waits."""
After = Callable[[Tx], Awaitable[None]]
DeciderFor = Callable[[Tx], Awaitable[Decider[Any, Any]]]
_log = logging.getLogger(__name__)


async def keep_time(log: EventLog, decider: DeciderFor, after: After, stop: asyncio.Event) -> None:
    """Fire due timers of this service's journeys until `stop`.

    `decider` gives the decider under the calendars of the transaction; `after` keeps the service's tables in step.
    """
    timekeeper = _Timekeeper(log, decider, after)
    while not stop.is_set():
        if not await timekeeper.go_on():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)


class _Timekeeper:
    def __init__(self, log: EventLog, decider: DeciderFor, after: After) -> None:
        self._log = log
        self._decider = decider
        self._after = after
        self._limit = BATCH_MAX
        self._hands_on: list[str] = []
        self._aside = _Aside()

    async def go_on(self) -> bool:
        """Fire what is due, and say whether there may be more. Raises nothing that one stream is to blame for."""
        self._hands_on = []
        try:
            fired = await self._log.transact(self._fire)
        except (UnavailableError, VersionConflictError) as error:
            _log.warning("timekeeper-waits", extra={"error_class": type(error).__name__})
            return False
        except Exception:
            _log.exception("timers-failed", extra={"count": len(self._hands_on)})
            return self._look_closer()
        finally:
            TIMERS_ASIDE.labels(self._log.source).set(len(self._aside.streams()))
        self._aside.forget(self._hands_on)
        is_full = fired == self._limit
        self._limit = min(2 * self._limit, BATCH_MAX)
        return is_full

    def _look_closer(self) -> bool:
        """Whether it helps to try again at once: with fewer streams, or without the one that fails."""
        if not self._hands_on:
            return False
        if len(self._hands_on) == 1:
            return self._aside.put(self._hands_on[0])
        self._limit = max(self._limit // 2, 1)
        return True

    async def _fire(self, tx: Tx) -> int:
        if not await timers.may_keep_time(tx):
            return 0
        # A promise is kept by the clock that stamps the record, not by that of whichever machine looks.
        now = await tx.fetchval("SELECT clock_timestamp()")
        due = await timers.due_timers(tx, now, self._limit, self._aside.streams())
        if not due:
            return 0
        decider = await self._decider(tx)
        if decider.elapse is None:
            raise AssertionError("a decider with timers must say what they issue")
        self._hands_on = sorted({stream for stream, _ in due})
        await tx.act(decider, [_order(stream, timer, decider.elapse(timer)) for stream, timer in due])
        await timers.forget(tx, due)
        await self._after(tx)
        return len(due)


class _Aside:
    """Streams that failed: until when each is left alone, and for how long this time."""

    def __init__(self) -> None:
        self._until: dict[str, tuple[float, float]] = {}

    def streams(self) -> list[str]:
        """Those that are left alone now."""
        now = asyncio.get_running_loop().time()
        return [stream for stream, (until, _) in self._until.items() if until > now]

    def put(self, stream: str) -> bool:
        """Leave a stream alone, longer than the last time; False if too many are."""
        if stream not in self._until and len(self._until) >= ASIDE_MAX:
            return False
        _, last = self._until.get(stream, (0.0, PAUSE_S / 2))
        pause = min(2 * last, PAUSE_MAX_S)
        self._until[stream] = asyncio.get_running_loop().time() + pause, pause
        return True

    def forget(self, streams: Iterable[str]) -> None:
        """These are well again."""
        for stream in streams:
            self._until.pop(stream, None)


def _order(stream: str, timer: Timer, command: Any) -> Order[Any]:
    seed = timer_id(stream, timer.case_no, timer.kind, timer.due_at)
    return Order(stream, stream.removeprefix("journey-"), command, Context(seed, TIMEKEEPER, seed, seed, "timer"))
