"""How messages stand, for whoever looks after them: counts by channel and reason, and the newest ones. Never to whom."""

from __future__ import annotations

from typing import Any, Literal

from shared.postgres.event_log import Tx

Standing = Literal["waiting", "sending", "unconfirmed", "failed", "sent", "suppressed"]
SHOWN_MAX = 100
# A message that may have arrived is not sent again, so it ends as a failure; whoever reads this has to tell the two apart.
_STANDS = """
SELECT *, CASE WHEN state = 'failed' AND reason_code = 'unconfirmed' THEN 'unconfirmed' ELSE state END AS standing,
       CASE WHEN state IN ('waiting', 'failed') THEN reason_code END AS reason
FROM intent
"""
# The statement's own time, by which an index can be asked; the clock goes on while a statement runs.
_COUNTS = f"""
SELECT channel, standing, reason, count(*)::int AS messages,
       extract(epoch FROM clock_timestamp() - min(requested_at))::float8 AS oldest_s
FROM ({_STANDS}) AS stands
WHERE state IN ('waiting', 'sending') OR (state <> 'suppressed' AND requested_at > statement_timestamp() - interval '7 days')
GROUP BY channel, standing, reason ORDER BY channel, standing, reason
"""
# Each standing by the key that finds it, however rare it is among all messages.
_STANDING: dict[Standing, str] = {
    "unconfirmed": "state = 'failed' AND reason_code = 'unconfirmed'",
    "failed": "state = 'failed' AND reason_code IS DISTINCT FROM 'unconfirmed'",
    "waiting": "state = 'waiting'",
    "sending": "state = 'sending'",
    "sent": "state = 'sent'",
    "suppressed": "state = 'suppressed'",
}
_NEWEST = f"""
SELECT case_no, template, channel, standing, attempt, reason, requested_at FROM ({_STANDS}) AS stands
WHERE {{which}} ORDER BY requested_at DESC LIMIT $1
"""


async def by_channel(tx: Tx) -> list[dict[str, Any]]:
    """How many messages stand where and why: all that are still owed, and the others of the last seven days."""
    return [dict(row) for row in await tx.fetch(_COUNTS)]


async def newest(tx: Tx, standing: Standing | None) -> list[dict[str, Any]]:
    """The newest messages, or those that stand so."""
    which = "true" if standing is None else _STANDING[standing]
    return [dict(row) for row in await tx.fetch(_NEWEST.format(which=which), SHOWN_MAX)]
