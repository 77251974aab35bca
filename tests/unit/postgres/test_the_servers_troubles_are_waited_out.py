"""Promise: what is the server's, its disk's or its administrator's doing is waited out; what a value did is the value's fault."""

from __future__ import annotations

import asyncpg
import pytest

from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.postgres.failures import translated

AWAY = [
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.AdminShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.DatabaseDroppedError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.StatementCompletionUnknownError,
    asyncpg.InvalidPasswordError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.PostgresIOError,
    asyncpg.DataCorruptedError,
    asyncpg.InternalServerError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionResetError,
    TimeoutError,
]
RACED = [asyncpg.DeadlockDetectedError, asyncpg.SerializationError]
OWN = [asyncpg.DataError, asyncpg.CharacterNotInRepertoireError, asyncpg.NumericValueOutOfRangeError, asyncpg.CheckViolationError]


def made(kind: type[Exception]) -> Exception:
    return kind("words that may quote a citizen")


@pytest.mark.parametrize("kind", AWAY)
def test_the_servers_trouble_is_waited_out_and_its_words_stay_behind(kind: type[Exception]) -> None:
    with pytest.raises(UnavailableError) as told, translated():
        raise made(kind)

    assert "citizen" not in str(told.value)


@pytest.mark.parametrize("kind", RACED)
def test_a_lost_race_is_run_again(kind: type[Exception]) -> None:
    with pytest.raises(VersionConflictError), translated():
        raise made(kind)


@pytest.mark.parametrize("kind", OWN)
def test_a_value_that_no_column_holds_is_nobody_elses_fault(kind: type[Exception]) -> None:
    with pytest.raises(kind), translated():
        raise made(kind)
