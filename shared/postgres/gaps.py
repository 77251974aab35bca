"""Journeys that wait for a missing event: it may come last, and then nobody has to be asked.

Of such a journey nothing failed: all of it waits for what is missing, or behind that. It goes on as soon as nothing is
missing in front of what waits, whichever of it was the first to wait: a redrive that died may have taken that away.
"""

from __future__ import annotations

from collections.abc import Collection

from shared.postgres.event_log import EventLog

_WAITING = """
SELECT key FROM parked WHERE grp = $1 AND ($2::text[] IS NULL OR key = ANY($2))
GROUP BY key HAVING bool_and(error_code IN ('gap', 'behind')) ORDER BY key
"""
_FILLED = f"""
SELECT key FROM (
    SELECT grp, source, key, min(sequence) AS next FROM parked
    WHERE grp = $1 AND key IN ({_WAITING}) GROUP BY grp, source, key
) p LEFT JOIN seen_head USING (grp, source, key)
GROUP BY key HAVING bool_and(next = coalesce(version, 0) + 1) ORDER BY key
"""


async def waiting(log: EventLog, group: str, keys: Collection[str] | None = None) -> list[str]:
    """The journeys of a group, of these or of all, that wait for nothing but missing events."""
    return await _keys(log, _WAITING, group, keys)


async def filled(log: EventLog, group: str, keys: Collection[str] | None = None) -> list[str]:
    """Those of `waiting` whose next event of every source that waits is there; for a group that keeps heads.

    A topic that was made anew has the newest events first, and the older ones when they are published again.
    """
    return await _keys(log, _FILLED, group, keys)


async def _keys(log: EventLog, query: str, group: str, keys: Collection[str] | None) -> list[str]:
    async with log.transaction() as tx:
        rows = await tx.fetch(query, group, None if keys is None else sorted(keys))
    return [row["key"] for row in rows]
