"""Locks of a process that stands still in the middle of a statement.

The server's own limits do not end it: `idle_in_transaction_session_timeout` counts between statements only, and a
`statement_timeout` is not looked at while the server waits for its client, be it between preparing and executing or within
a COPY. So whoever is awake ends the sessions of its own service that keep the server waiting.
"""

from __future__ import annotations

import logging

from shared.postgres.event_log import EventLog
from shared.postgres.pool import IDLE_IN_TRANSACTION_MS

LOOK_EVERY_S = 2.0
_END = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND application_name = current_setting('application_name')
AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND wait_event_type = 'Client'
AND state_change < clock_timestamp() - $1 * interval '1 millisecond'
"""
_log = logging.getLogger(__name__)


async def end_sleepers(log: EventLog, asleep_ms: int = IDLE_IN_TRANSACTION_MS) -> int:
    """End sessions of this service whose transaction has waited for its client for so long, and say how many there were.

    Raises `UnavailableError` when the database is away.
    """
    async with log.reading() as tx:
        ended: int = await tx.fetchval(_END, asleep_ms)
    if ended:
        _log.warning("sleepers-ended", extra={"count": ended})
    return ended
