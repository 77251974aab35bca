"""Timers as rows: what is due, and whether the timekeeper stands still while history is being entered."""

from __future__ import annotations

from datetime import datetime

from shared.eventsourcing.decider import Timer
from shared.postgres.event_log import EventLog, Tx


async def due_timers(tx: Tx, now: datetime, limit: int) -> list[tuple[str, Timer]]:
    """Up to `limit` (stream, timer) pairs due by `now`, oldest first, locked; none while timers are held."""
    held = await tx.fetchval("SELECT held_to > clock_timestamp() FROM timekeeper")
    if held:
        return []
    rows = await tx.fetch(
        "SELECT stream, case_no, kind, due_at FROM due WHERE due_at <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED",
        now,
        limit,
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
