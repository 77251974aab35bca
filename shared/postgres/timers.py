"""Timers as rows: what is due, and whether the timekeeper stands still while history is being entered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from shared.eventsourcing.decider import Timer
from shared.postgres.event_log import EventLog, Tx

_KEEPER = 7_220_102
"""The advisory lock of whoever keeps the time of this service. It is never waited for."""


async def may_keep_time(tx: Tx) -> bool:
    """Whether this transaction alone may let timers fire now; not while they are held.

    Other instances look again later. So no row of a timer is ever locked before its stream is, and none fires at two places.
    """
    held = await tx.fetchval("SELECT held_to > clock_timestamp() FROM timekeeper")
    if held:
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


async def forget(tx: Tx, fired: list[tuple[str, Timer]]) -> None:
    """Drop timers that fired, also those whose firing changed nothing."""
    await tx.executemany(
        "DELETE FROM due WHERE stream = $1 AND case_no = $2 AND kind = $3 AND due_at = $4",
        [(stream, timer.case_no or "", timer.kind, timer.due_at) for stream, timer in fired],
    )


async def hold(log: EventLog, seconds: int) -> None:
    """Let timers stand still for `seconds` from now; 0 lets them run at once. A hold that nobody renews ends by itself."""
    async with log.transaction() as tx:
        await tx.execute(
            "INSERT INTO timekeeper (held_to) VALUES (clock_timestamp() + $1 * interval '1 second') "
            "ON CONFLICT (single) DO UPDATE SET held_to = excluded.held_to",
            seconds,
        )
