"""Journeys that wait for a missing event: it may come last, and then nobody has to be asked."""

from __future__ import annotations

from collections.abc import Collection

from shared.postgres.event_log import EventLog

# Something of the source that has the gap came after it and belongs before it, and nothing of the journey waits for
# another reason.
_FILLED = """
SELECT DISTINCT g.key FROM parked g JOIN parked p USING (grp, key, source)
WHERE g.grp = $1 AND g.error_code = 'gap' AND p.sequence < g.sequence AND ($2::text[] IS NULL OR g.key = ANY($2))
AND NOT EXISTS (SELECT FROM parked o WHERE o.grp = g.grp AND o.key = g.key AND o.error_code NOT IN ('gap', 'behind'))
ORDER BY g.key
"""


async def filled(log: EventLog, group: str, keys: Collection[str] | None = None) -> list[str]:
    """The journeys of a group, of these or of all, that waited for an event which has come since; a redrive applies it first.

    A topic that was made anew has the newest events first, and the older ones when they are published again.
    """
    async with log.transaction() as tx:
        rows = await tx.fetch(_FILLED, group, None if keys is None else sorted(keys))
    return [row["key"] for row in rows]
