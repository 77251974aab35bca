"""Connections to the simulated database, as far as the project uses asyncpg's: a pool, transactions, statements.

Every statement, every commit and every acquisition is a step that may fail, take long, or be the process's last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, cast

from shared.postgres.event_log import EventLog
from shared.postgres.pool import Pool
from tests.simulation.database import IDLE_S, Database, Row, Transaction, lost
from tests.simulation.sql import meaning_of
from tests.simulation.world import KilledError, Process

LATE = 0.3
"""How often a commit that failed for its client takes place all the same, a little later."""


class Connection:
    """One connection of one process."""

    def __init__(self, database: Database, process: Process) -> None:
        self._database = database
        self._process = process
        self._open: Transaction | None = None

    def transaction(self) -> _Block:
        """A transaction as a block."""
        return _Block(self)

    async def fetch(self, sql: str, *args: Any) -> list[Row]:
        """Run one statement, in the open transaction or in one of its own."""
        if self._open is not None:
            return await self._run(self._open, sql, args)
        async with self.transaction() as transaction:
            return await self._run(transaction, sql, args)

    async def fetchrow(self, sql: str, *args: Any) -> Row | None:
        rows = await self.fetch(sql, *args)
        return rows[0] if rows else None

    async def fetchval(self, sql: str, *args: Any) -> Any:
        rows = await self.fetch(sql, *args)
        return next(iter(rows[0].values())) if rows else None

    async def execute(self, sql: str, *args: Any) -> str:
        return f"DONE {len(await self.fetch(sql, *args))}"

    async def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            await self.fetch(sql, *row)

    async def _run(self, transaction: Transaction, sql: str, args: Sequence[Any]) -> list[Row]:
        await self._database.world.reach(self._process, "statement", lost)
        if transaction.aborted:
            raise lost()
        return await meaning_of(sql)(transaction, *args)

    def begin(self) -> Transaction:
        """Begin a transaction."""
        self._open = transaction = Transaction(self._database, self._process)
        self._process.at_end.append(transaction.abort)
        self._process.at_freeze.append(self._time_out)
        return transaction

    def _time_out(self, seconds: float) -> None:
        transaction = self._open
        if transaction is not None and seconds > IDLE_S:
            self._database.world.loop.call_later(IDLE_S, transaction.abort)

    async def commit(self) -> None:
        """Commit. Raises if the connection breaks before or after it, which looks the same from here."""
        transaction, world = self._end(), self._database.world
        try:
            await world.reach(self._process, "commit", lost)
        except BaseException:
            if world.chance.random() < LATE:
                # The word was on its way already: the server commits when the client has long given up.
                world.loop.call_later(world.chance.random(), self._commit_late, transaction)
            else:
                transaction.abort()
            raise
        if transaction.aborted:
            raise lost()
        transaction.commit()
        await world.reach(self._process, "committed", lost)

    def _commit_late(self, transaction: Transaction) -> None:
        if transaction in self._database.open:
            self._database.world.note(self._process.name, "commits after all")
            transaction.commit()

    def rollback(self) -> None:
        """Undo."""
        self._end().abort()

    def _end(self) -> Transaction:
        transaction, self._open = self._open, None
        assert transaction is not None
        if self._process.alive:
            self._process.at_end.remove(transaction.abort)
            self._process.at_freeze.remove(self._time_out)
        return transaction


class _Block:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def __aenter__(self) -> Transaction:
        return self._connection.begin()

    async def __aexit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is None:
            await self._connection.commit()
        else:
            self._connection.rollback()


class _Acquired:
    def __init__(self, database: Database, process: Process) -> None:
        self._database = database
        self._process = process

    async def __aenter__(self) -> Connection:
        await self._database.world.reach(self._process, "connect", lost)
        return Connection(self._database, self._process)

    async def __aexit__(self, *_: object) -> None:
        if not self._process.alive:
            raise KilledError


class SimulatedPool:
    """A process's pool."""

    def __init__(self, database: Database, process: Process) -> None:
        self._database = database
        self._process = process

    def acquire(self, *, timeout: float = 0.0) -> _Acquired:
        """A connection as a block."""
        return _Acquired(self._database, self._process)

    async def fetch(self, sql: str, *args: Any) -> list[Row]:
        async with self.acquire() as connection:
            return await connection.fetch(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        async with self.acquire() as connection:
            return await connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        async with self.acquire() as connection:
            return await connection.execute(sql, *args)


def log_of(database: Database, process: Process, on_commit: Any = lambda: None) -> EventLog:
    """The real event log of one process over the simulated database."""
    return EventLog(cast(Pool, SimulatedPool(database, process)), database.name, on_commit)
