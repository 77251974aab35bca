"""Timers as rows: what is due, and whether the timekeeper stands still while history is being entered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from shared.eventsourcing.decider import Decider, Timer
from shared.postgres.event_log import EventLog, Tx, timer_columns

_START = """
INSERT INTO due (stream, case_no, kind, due_at) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
"""
HOLD_MAX_S = 600
_KEEPER = 7_220_102
"""The advisory lock of whoever keeps the time of this service. It is never waited for."""


async def may_keep_time(tx: Tx) -> bool:
    """Whether this transaction alone may let timers fire now; not while they are held.

    Other instances look again later. So no row of a timer is ever locked before its stream is, and none fires at two places.
    """
    if await held_to(tx) is not None:
        return False
    alone: bool = await tx.fetchval("SELECT pg_try_advisory_xact_lock($1)", _KEEPER)
    return alone


async def due_timers(tx: Tx, now: datetime, limit: int, aside: Collection[str] = ()) -> list[tuple[str, Timer]]:
    """Up to `limit` (stream, timer) pairs due by `now`, oldest first, but for the streams that are set aside."""
    rows = await tx.fetch(
        "SELECT stream, case_no, kind, due_at FROM due WHERE due_at <= $1 AND stream <> ALL($3) ORDER BY due_at LIMIT $2",
        now,
        limit,
        list(aside),
    )
    return [(row["stream"], Timer(row["due_at"], row["kind"], row["case_no"] or None)) for row in rows]


async def rearm(tx: Tx, decider: Decider[Any, Any], streams: Collection[str], fired: Collection[tuple[str, Timer]] = ()) -> None:
    """Let these streams wait for what their situations ask for under this decider's calendars, and no more for what `fired`.

    A timer is a row computed with the calendars of its day. One that is moved would else be missed: its old row means nothing
    any more, and nobody wrote a new one.
    """
    found = await tx.look(decider, streams)
    waits = {(stream, timer) for stream, situation in found.items() for timer in decider.timers(situation)}
    await tx.execute("DELETE FROM due WHERE stream = ANY($1)", list(streams))
    await tx.execute(_START, *timer_columns(list(waits.difference(fired))))


async def held_to(tx: Tx) -> datetime | None:
    """Until when timers stand still; a hold that seems longer than any was made before the clock was set back, and is over."""
    found: datetime | None = await tx.fetchval(
        "SELECT held_to FROM timekeeper WHERE held_to > clock_timestamp() "
        "AND held_to <= clock_timestamp() + $1 * interval '1 second'",
        HOLD_MAX_S,
    )
    return found


async def hold(log: EventLog, seconds: int) -> None:
    """Let timers stand still for `seconds` from now; 0 lets them run at once. A hold that nobody renews ends by itself."""
    async with log.transaction() as tx:
        await tx.execute(
            "INSERT INTO timekeeper (held_to) VALUES (clock_timestamp() + $1 * interval '1 second') "
            "ON CONFLICT (single) DO UPDATE SET held_to = excluded.held_to",
            seconds,
        )
