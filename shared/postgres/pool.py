"""Connections with limits: nothing waits for ever, neither for a connection nor for a lock nor for a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from shared.postgres.failures import translated

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Row: TypeAlias = asyncpg.Record
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool
    Row = asyncpg.Record

ACQUIRE_S = 5.0
IDLE_IN_TRANSACTION_MS = 8_000
"""How long a transaction may stand still. Shorter than a consumer's session: whoever takes over must find no lock of a sleeper.

Between statements the server sees to it, within them `sleepers`."""


BY_KEY = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off", "jit": "off"}
"""Plans that find rows by their keys, whatever the planner thinks of a table's size. One made while a table was empty reads
all of it, and is kept until the server has analysed the table: on a new installation for the first minutes."""


async def open_pool(dsn: str, *, service: str, size: int = 8, statement_s: int = 10, by_key: bool = True) -> Pool:
    """Open a pool for `service` with at most `size` connections; a statement may run `statement_s` seconds.

    `by_key` is right for whoever touches few rows at a time, and wrong for whoever adds up whole tables.

    Raises `UnavailableError` while the server is away or still starting.
    """
    settings: dict[str, Any] = {
        "application_name": f"runonce-{service}",
        "statement_timeout": str(statement_s * 1000),
        "lock_timeout": "2000",
        "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
        "timezone": "UTC",
        # Whatever the server is set to: what was answered must be on the disk.
        "synchronous_commit": "on",
    }
    if by_key:
        settings |= BY_KEY
    with translated():
        return await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            timeout=5,
            command_timeout=statement_s + 5,
            server_settings=settings,
            reset=_leave_as_it_is,
        )


async def _leave_as_it_is(_: Connection) -> None:
    """Settings and locks of ours end with their transaction, so the driver's four statements at every release are spared."""


async def connect(dsn: str) -> Any:
    """One plain connection, for migrations and provisioning. Raises `UnavailableError` while the server is away or starting."""
    with translated():
        return await asyncpg.connect(dsn, timeout=5)
