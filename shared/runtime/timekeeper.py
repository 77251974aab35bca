"""The timekeeper: fires timers whose time has come, in order of their time, as commands of its own.

Before that it brings journeys up to a calendar that was published, some at a time. Journeys share a transaction. One that fails
is looked for by halves, set aside, and tried again after growing pauses, so that it holds up nobody else's time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.contracts.ids import timer_id
from shared.eventsourcing.decider import Decider, Timer
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.eventsourcing.plan import TIMEKEEPER, Context, Order
from shared.postgres import timers
from shared.postgres.event_log import EventLog, Tx
from shared.telemetry import clock
from shared.telemetry.names import TIMERS_ASIDE

EVERY_S = 0.5
BATCH_MAX = 200
PAUSE_S, PAUSE_MAX_S = 1.0, 900.0
"""How long a failed stream is left alone at first, and in the end."""
ASIDE_MAX = 1_000
"""With more than these the service is ill rather than a stream: then everything waits."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What a service gives its timekeeper.

    `decider` decides under the calendars of the transaction, which nobody changes before it ends. `behind` tells up to so
    many streams that rest on an older calendar, but for those named, and `catch_up` brings streams up to it. `after` keeps
    the service's tables in step.
    """

    decider: Callable[[Tx], Awaitable[Decider[Any, Any]]]
    behind: Callable[[Tx, Collection[str], int], Awaitable[list[str]]]
    catch_up: Callable[[Tx, Decider[Any, Any], Sequence[str]], Awaitable[None]]
    after: Callable[[Tx], Awaitable[None]]


async def keep_time(log: EventLog, clockwork: Clockwork, stop: asyncio.Event) -> None:
    """Fire due timers of this service's journeys until `stop`."""
    timekeeper = _Timekeeper(log, clockwork)
    while not stop.is_set():
        if not await timekeeper.go_on():
            await clock.rest(stop, EVERY_S)


class _Timekeeper:
    def __init__(self, log: EventLog, clockwork: Clockwork) -> None:
        self._log = log
        self._clockwork = clockwork
        self._limit = BATCH_MAX
        self._in_hand: list[str] = []
        self._aside = _Aside()

    async def go_on(self) -> bool:
        """Do what is next, and say whether there may be more. Raises nothing that one stream is to blame for."""
        self._in_hand = []
        try:
            is_more = await self._log.transact(self._turn)
        except (UnavailableError, VersionConflictError) as error:
            _log.warning("timekeeper-waits", extra={"error_class": type(error).__name__})
            return False
        except Exception:
            _log.exception("timers-failed", extra={"count": len(self._in_hand)})
            return self._look_closer()
        finally:
            TIMERS_ASIDE.labels(self._log.source).set(len(self._aside.streams()))
        self._aside.forget(self._in_hand)
        self._limit = min(2 * self._limit, BATCH_MAX)
        return is_more

    def _look_closer(self) -> bool:
        """Whether it helps to try again at once: with fewer streams, or without the one that fails."""
        if not self._in_hand:
            return False
        if len(self._in_hand) == 1:
            return self._aside.put(self._in_hand[0])
        self._limit = len(self._in_hand) // 2
        return True

    async def _turn(self, tx: Tx) -> bool:
        if not await timers.may_keep_time(tx):
            return False
        decider, aside = await self._clockwork.decider(tx), self._aside.streams()
        self._in_hand = await self._clockwork.behind(tx, aside, self._limit)
        if not self._in_hand:
            return await self._fire(tx, decider, aside)
        await self._clockwork.catch_up(tx, decider, self._in_hand)
        await self._clockwork.after(tx)
        return True

    async def _fire(self, tx: Tx, decider: Decider[Any, Any], aside: Collection[str]) -> bool:
        # A promise is kept by the clock that stamps the record, not by that of whichever machine looks.
        now = await tx.fetchval("SELECT clock_timestamp()")
        due = await timers.due_timers(tx, now, self._limit, aside)
        if not due:
            return False
        if decider.elapse is None:
            raise AssertionError("a decider with timers must say what they issue")
        self._in_hand = sorted({stream for stream, _ in due})
        await tx.act(decider, [_order(stream, timer, decider.elapse(timer)) for stream, timer in due])
        await timers.rearm(tx, decider, self._in_hand, due)
        await self._clockwork.after(tx)
        return len(due) == self._limit


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
        now = asyncio.get_running_loop().time()
        # Whoever was not seen again for long waits for nothing any more.
        self._until = {known: kept for known, kept in self._until.items() if kept[0] + PAUSE_MAX_S > now}
        if stream not in self._until and len(self._until) >= ASIDE_MAX:
            return False
        _, last = self._until.get(stream, (0.0, PAUSE_S / 2))
        pause = min(2 * last, PAUSE_MAX_S)
        self._until[stream] = now + pause, pause
        return True

    def forget(self, streams: Iterable[str]) -> None:
        """These are well again."""
        for stream in streams:
            self._until.pop(stream, None)


def _order(stream: str, timer: Timer, command: Any) -> Order[Any]:
    seed = timer_id(stream, timer.case_no, timer.kind, timer.due_at)
    return Order(stream, stream.removeprefix("journey-"), command, Context(seed, TIMEKEEPER, seed, seed, "timer"))
