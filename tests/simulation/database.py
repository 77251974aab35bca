"""A database in memory with what the record relies on: transactions, read committed, row locks, and commits that may be in doubt.

It holds tables as rows by key. What a statement means is told elsewhere (`sql` and the modules that teach it); here is only
when its effects can be seen, by whom, and who waits for whom.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import asyncpg

from tests.simulation.world import KilledError, Process, World

Key = tuple[Any, ...]
Row = dict[str, Any]
Spot = tuple[str, Key]
LOCK_S = 0.5
IDLE_S = 2.0


def lost() -> Exception:
    """The connection broke: what was asked may have happened or not."""
    return asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")


def raced() -> Exception:
    """Somebody else held the lock for too long."""
    return asyncpg.LockNotAvailableError("canceling statement due to lock timeout")


def doubled(constraint: str) -> Exception:
    """A row with this key exists."""
    error = asyncpg.UniqueViolationError("duplicate key value violates unique constraint")
    error.constraint_name = constraint
    return error


class Database:
    """Committed rows, who holds which, and who waits. `at_commit` hears of every transaction just before it shows."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.tables: dict[str, dict[Key, Row]] = defaultdict(dict)
        self.open: list[Transaction] = []
        self.at_commit: list[Callable[[Transaction], None]] = []
        self._holders: dict[Spot, Transaction] = {}
        self._queues: dict[Spot, list[asyncio.Future[None]]] = defaultdict(list)
        self._sequences: dict[str, int] = defaultdict(int)

    def next_of(self, sequence: str) -> int:
        """The next number of an identity column: given out at once and never taken back, whatever becomes of its row."""
        self._sequences[sequence] += 1
        return self._sequences[sequence]

    def rows(self, table: str) -> list[Row]:
        """The committed rows of a table, by key."""
        return [row for _, row in sorted(self.tables[table].items())]

    def crash(self) -> None:
        """Stop and start again: open transactions are gone, committed ones are not."""
        for transaction in list(self.open):
            transaction.abort()
        self.world.note(self.name, "restarts")

    def holder(self, spot: Spot) -> Transaction | None:
        """Who holds the lock of a row."""
        return self._holders.get(spot)

    def take(self, spot: Spot, transaction: Transaction) -> None:
        """Give the lock of a row to `transaction`."""
        self._holders[spot] = transaction

    def queue(self, spot: Spot) -> list[asyncio.Future[None]]:
        """Those who wait for a row."""
        return self._queues[spot]

    def release(self, spots: list[Spot]) -> None:
        """Free rows, and let those who wait for them try."""
        for spot in spots:
            del self._holders[spot]
            for waiter in self._queues.pop(spot, ()):
                if not waiter.done():
                    waiter.set_result(None)


class Transaction:
    """What one transaction sees and has written. Statements read what is committed when they run, and its own writes."""

    def __init__(self, database: Database, process: Process) -> None:
        self.database = database
        self.started: datetime = database.world.now()
        self.changes: dict[Spot, Row | None] = {}
        self.aborted = False
        self._process = process
        self._locks: list[Spot] = []
        self._touched: set[str] = set()
        database.open.append(self)

    def view(self, table: str) -> Mapping[Key, Row]:
        """The rows of a table as this transaction sees them now."""
        committed = self.database.tables[table]
        if table not in self._touched:
            return committed
        seen = dict(committed)
        for (changed, key), row in self.changes.items():
            if changed == table:
                if row is None:
                    seen.pop(key, None)
                else:
                    seen[key] = row
        return seen

    def select(self, table: str, **equal: Any) -> Iterator[Row]:
        """Rows whose columns equal what is asked, by key."""
        for _, row in sorted(self.view(table).items()):
            if all(row[column] == value for column, value in equal.items()):
                yield row

    def get(self, table: str, *key: Any) -> Row | None:
        """One row by its key."""
        if table in self._touched and (table, key) in self.changes:
            return self.changes[table, key]
        return self.database.tables[table].get(key)

    async def lock(self, table: str, *key: Any) -> Row | None:
        """Hold a row, or the place of one, until the end; returns it as it is then. Raises after too long a wait."""
        spot = (table, key)
        deadline = self.database.world.loop.time() + LOCK_S
        while (holder := self.database.holder(spot)) is not self:
            if holder is None:
                self.database.take(spot, self)
                self._locks.append(spot)
                break
            await self._wait(spot, deadline)
        return self.get(table, *key)

    async def _wait(self, spot: Spot, deadline: float) -> None:
        loop = self.database.world.loop
        waiter = loop.create_future()
        self.database.queue(spot).append(waiter)
        timer = loop.call_at(deadline, _end, waiter)
        try:
            await waiter
        finally:
            timer.cancel()
        if self.aborted:
            raise lost() if self._process.alive else KilledError
        if loop.time() >= deadline:
            raise raced()

    def put(self, table: str, key: Key, row: Row) -> None:
        """Write a row; the caller holds its lock."""
        self._touched.add(table)
        self.changes[table, key] = row

    def drop(self, table: str, key: Key) -> None:
        """Delete a row; the caller holds its lock."""
        self._touched.add(table)
        self.changes[table, key] = None

    @property
    def wrote(self) -> bool:
        """Whether it has a transaction id: others must wait for its end to know what it did."""
        return bool(self.changes or self._locks)

    def commit(self) -> None:
        """Show everything at once, unless the server threw the transaction away."""
        if self not in self.database.open:
            return
        for hear in self.database.at_commit:
            hear(self)
        if self.changes and self.database.world.tells:
            written = ", ".join(sorted({table for table, _ in self.changes}))
            self.database.world.note(self._process.name, f"commits {written} in {self.database.name}")
        for (table, key), row in self.changes.items():
            if row is None:
                self.database.tables[table].pop(key, None)
            else:
                self.database.tables[table][key] = row
        self._close()

    def abort(self) -> None:
        """Leave no trace."""
        if not self.aborted and self in self.database.open:
            self.aborted = True
            self._close()

    def _close(self) -> None:
        self.database.open.remove(self)
        locks, self._locks = self._locks, []
        self.database.release(locks)


def _end(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
