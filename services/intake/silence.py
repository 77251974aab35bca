"""Timers of silence after a calendar was published: set anew some at a time, so that publishing only stores the calendar.

Nothing is accepted too early or lost meanwhile: a timer that fires by an older calendar finds that its day has moved, and leaves
the row of the new day behind.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

from services.intake.decider import DEEMED
from shared.eventsourcing.decider import Decider
from shared.postgres import timers
from shared.postgres.event_log import Tx
from shared.reference.deadlines import start_of_day

SILENCE_MAX = timedelta(days=30)
"""Five working days never stretch over more than this, whatever the holidays."""
_FIRST = "(SELECT min(year) FROM calendar WHERE rearmed_to IS NOT NULL)"


async def behind(tx: Tx, aside: Collection[str], limit: int) -> list[str]:
    """The next streams with up to `limit` timers of silence that a published calendar may move."""
    row = await tx.fetchrow(f"SELECT year, rearmed_to FROM calendar WHERE year = {_FIRST}")
    if row is None:
        return []
    first, last = start_of_day(date(row["year"], 1, 1)), start_of_day(date(row["year"] + 1, 1, 1)) + SILENCE_MAX
    found = await tx.fetch(
        "SELECT stream FROM due WHERE stream > $1 AND kind = $2 AND due_at >= $3 AND due_at < $4 AND stream <> ALL($5) "
        "ORDER BY stream LIMIT $6",
        row["rearmed_to"],
        DEEMED,
        first,
        last,
        list(aside),
        limit,
    )
    if not found:
        await tx.execute("UPDATE calendar SET rearmed_to = NULL WHERE year = $1", row["year"])
    return sorted({timer["stream"] for timer in found})


async def catch_up(tx: Tx, decider: Decider[Any, Any], streams: Sequence[str]) -> None:
    """Let these streams, which `behind` told, wait by the calendars of now."""
    await timers.rearm(tx, decider, streams)
    await tx.execute(f"UPDATE calendar SET rearmed_to = $1 WHERE year = {_FIRST}", max(streams))
