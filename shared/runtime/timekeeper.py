"""The timekeeper: fires timers whose time has come, in order of their time, as commands of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from shared.contracts.ids import timer_id
from shared.eventsourcing.decider import Decider, Timer
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.eventsourcing.plan import TIMEKEEPER, Context, Order
from shared.postgres import timers
from shared.postgres.event_log import EventLog, Tx

EVERY_S = 0.5
BATCH_MAX = 200
After = Callable[[Tx], Awaitable[None]]
DeciderFor = Callable[[Tx], Awaitable[Decider[Any, Any]]]
_log = logging.getLogger(__name__)


async def keep_time(log: EventLog, decider: DeciderFor, after: After, stop: asyncio.Event) -> None:
    """Fire due timers of this service's journeys until `stop`.

    `decider` gives the decider under the calendars of the transaction; `after` keeps the service's tables in step.
    """
    while not stop.is_set():
        try:
            busy = await log.transact(lambda tx: _fire(tx, decider, after)) == BATCH_MAX
        except (UnavailableError, VersionConflictError) as error:
            _log.warning("timekeeper-waits", extra={"error_class": type(error).__name__})
            busy = False
        if not busy:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)


async def _fire(tx: Tx, decider_for: DeciderFor, after: After) -> int:
    # A promise is kept by the clock that stamps the record, not by that of whichever machine looks.
    now = await tx.fetchval("SELECT clock_timestamp()")
    due = await timers.due_timers(tx, now, BATCH_MAX)
    if not due:
        return 0
    decider = await decider_for(tx)
    if decider.elapse is None:
        raise AssertionError("a decider with timers must say what they issue")
    orders = [_order(stream, timer, decider.elapse(timer)) for stream, timer in due]
    await tx.act(decider, orders)
    await timers.forget(tx, due)
    await after(tx)
    return len(due)


def _order(stream: str, timer: Timer, command: Any) -> Order[Any]:
    seed = timer_id(stream, timer.case_no, timer.kind, timer.due_at)
    return Order(stream, stream.removeprefix("journey-"), command, Context(seed, TIMEKEEPER, seed, seed, "timer"))


async def nothing_more(_: Tx) -> None:
    """For a service whose tables do not change when time passes."""
