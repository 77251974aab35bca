"""What asyncpg can raise, in the project's own words. Its texts may quote a citizen, so they stop here.

PostgreSQL tells the cause of an error by its class. A class that speaks of the server, its disk, its settings or its
administrators says nothing about what was asked: it is waited out, and nothing is blamed for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from shared.eventsourcing.errors import HeldUpError, UnavailableError, VersionConflictError

_AWAY_CLASSES = frozenset(
    {
        "08",  # Connection.
        "28",  # Not let in, or not any more.
        "3D",  # The database is not there.
        "53",  # Disk, memory or connections are used up.
        "57",  # An administrator, a shutdown, a cancelled or timed-out statement.
        "58",  # Files of the server.
        "F0",  # Configuration files.
        "XX",  # The server's own faults and damaged data.
    }
)
_AWAY_STATES = frozenset(
    {
        "25006",  # Read-only, as after a fail-over or by an administrator's hand.
        "25P03",  # Idle in a transaction for too long.
        "25P04",  # In a transaction for too long.
        "40003",  # The commit's fate is unknown.
        "42501",  # A right was taken away.
    }
)
_LOCKED_STATE = "55P03"
_RACED_STATES = frozenset({"40001", "40P01"})
_BROKEN = (
    asyncpg.InterfaceError,
    # A connection that broke in the middle of a statement leaves the driver's own state machine confused.
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


@contextmanager
def translated() -> Iterator[None]:
    """Raise `UnavailableError` for a database that is away, `HeldUpError` for a lock and `VersionConflictError` for a lost race."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name in {"event_place", "event_once", "stream_head_pkey"}:
            raise VersionConflictError from None
        raise
    except asyncpg.PostgresError as error:
        state = error.sqlstate or ""
        if state in _RACED_STATES:
            raise VersionConflictError from None
        if state == _LOCKED_STATE:
            raise HeldUpError(type(error).__name__) from None
        if state in _AWAY_STATES or state[:2] in _AWAY_CLASSES:
            raise UnavailableError(type(error).__name__) from None
        raise
    except asyncpg.DataError:
        # The driver counts a value that no column holds among its interface errors; it is the value's fault.
        raise
    except _BROKEN as error:
        raise UnavailableError(type(error).__name__) from None
