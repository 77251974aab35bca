"""What asyncpg can raise, in the project's own words. Its texts may quote a citizen, so they stop here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from shared.eventsourcing.errors import UnavailableError, VersionConflictError

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # A connection that broke in the middle of a statement leaves the driver's own state machine confused.
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.PostgresIOError,
    OSError,
    TimeoutError,
)
_RACED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.LockNotAvailableError)


@contextmanager
def translated() -> Iterator[None]:
    """Raise `UnavailableError` for a database that is away and `VersionConflictError` for a lost race."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name in {"event_place", "event_once", "stream_head_pkey"}:
            raise VersionConflictError from None
        raise
    except _RACED:
        raise VersionConflictError from None
    except _AWAY as error:
        raise UnavailableError(type(error).__name__) from None
