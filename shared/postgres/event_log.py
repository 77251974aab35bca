"""The event log: append with expected version, and everything that must commit together with it.

One transaction holds the locked heads, the decided events, their outbox rows, the timers they start or stop and whatever
tables the service keeps in step. Locks are always taken in the order checkpoint, idempotency key, stream.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from shared.contracts.base import Fact
from shared.contracts.envelope import Envelope
from shared.contracts.ids import reaction_id
from shared.contracts.partitioning import partition_of
from shared.contracts.registry import TOPIC_OF_EVENT
from shared.contracts.topics import BODY_MAX_BYTES, PARTITIONS
from shared.contracts.wire import decode, encode
from shared.eventsourcing.claims import Message
from shared.eventsourcing.decider import C, Decider, S, Timer
from shared.eventsourcing.errors import TooLargeError, VersionConflictError
from shared.eventsourcing.plan import Applied, NewEvent, Order, Outcome, Plan, Refused, plan
from shared.postgres.failures import translated
from shared.postgres.pool import ACQUIRE_S, Connection, Pool, Row

ATTEMPTS_MAX = 3
LONG_STREAM = 1_000
_log = logging.getLogger(__name__)
T = TypeVar("T")

_MAKE_HEADS = """
INSERT INTO stream_head (stream, version, hash)
SELECT stream, 0, ''::bytea FROM unnest($1::text[]) AS stream ORDER BY stream ON CONFLICT DO NOTHING RETURNING stream
"""
_LOCK_HEADS = "SELECT stream, version, hash FROM stream_head WHERE stream = ANY($1) ORDER BY stream FOR UPDATE"
_HISTORY = "SELECT stream, body FROM event WHERE stream = ANY($1) ORDER BY stream, version"
# After the locks: which of these events are recorded already, and what time it is.
_KNOWN = """
SELECT clock_timestamp() AS recorded, array(SELECT id FROM event WHERE id = ANY($1)) AS known
"""
_APPEND = """
WITH appended AS (
    INSERT INTO event (stream, version, id, type, topic, partition, key, recorded, body, hash)
    SELECT * FROM unnest($1::text[], $2::int[], $3::uuid[], $4::text[], $5::text[], $6::smallint[], $7::text[],
                         $8::timestamptz[], $9::bytea[], $10::bytea[])
), moved AS (
    UPDATE stream_head h SET version = n.version, hash = n.hash
    FROM unnest($11::text[], $12::int[], $13::bytea[]) AS n(stream, version, hash) WHERE h.stream = n.stream
), started AS (
    INSERT INTO due (stream, case_no, kind, due_at)
    SELECT * FROM unnest($14::text[], $15::text[], $16::text[], $17::timestamptz[]) ON CONFLICT DO NOTHING
)
INSERT INTO outbox (topic, partition, key, kind, ref, recorded)
SELECT topic, partition, key, 'event', ref, recorded
FROM unnest($5::text[], $6::smallint[], $7::text[], $3::uuid[], $8::timestamptz[])
    WITH ORDINALITY AS o(topic, partition, key, ref, recorded, n)
ORDER BY n
"""
_OWE = """
INSERT INTO outbox (topic, partition, key, kind, ref, recorded)
SELECT topic, partition, key, 'message', ref, $5
FROM unnest($1::text[], $2::smallint[], $3::text[], $4::uuid[]) WITH ORDINALITY AS o(topic, partition, key, ref, n)
ORDER BY n
"""
_SAY = """
INSERT INTO message (id, topic, key, body, recorded) SELECT id, topic, key, body, $5
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[]) AS m(id, topic, key, body) ON CONFLICT DO NOTHING RETURNING id
"""
_RECORD = "SELECT stream, version, body FROM event WHERE (stream, version) > ($1, $2) ORDER BY stream, version LIMIT $3"
_STOP_TIMERS = """
DELETE FROM due d USING unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS o(stream, case_no, kind, due_at)
WHERE d.stream = o.stream AND d.case_no = o.case_no AND d.kind = o.kind AND d.due_at = o.due_at
"""


class _Stream:
    """A locked stream as this transaction knows it; `history` is None until somebody looks back."""

    def __init__(self, version: int, digest: bytes) -> None:
        self.version = version
        self.hash = digest
        self.history: list[Envelope[Fact]] | None = None


class Tx:
    """One open transaction. `appended` lists what it added so far, in order."""

    def __init__(self, connection: Connection, source: str) -> None:
        self.connection = connection
        self.appended: list[Envelope[Fact]] = []
        self.owes = False
        self._source = source
        self._streams: dict[str, _Stream] = {}

    async def fetch(self, sql: str, *args: Any) -> list[Row]:
        return await self.connection.fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: Any) -> Row | None:
        return await self.connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        return await self.connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        return await self.connection.execute(sql, *args)

    async def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        await self.connection.executemany(sql, rows)

    async def act(self, decider: Decider[C, S], orders: Sequence[Order[C]], *, whole: bool = False) -> list[Outcome]:
        """Decide `orders` on their locked streams and append what follows; one outcome for each, in their order.

        If they are one `whole` and any of them is refused, nothing of any is appended. A command whose first event is
        already recorded is in effect: its outcome has no events. Raises
        `TooLargeError` for an event that could not be sent, and `VersionConflictError` for a lost race.
        """
        if not orders:
            return []
        by_stream: dict[str, list[int]] = defaultdict(list)
        for index, order in enumerate(orders):
            by_stream[order.stream].append(index)
        await self._load(sorted(by_stream), decider.looks_back)
        done, recorded = await self._already(orders)
        outcomes: list[Outcome] = [Applied(())] * len(orders)
        plans: list[tuple[str, Plan[S]]] = []
        for stream in sorted(by_stream):
            fresh = [index for index in by_stream[stream] if index not in done]
            made = plan(decider, self._streams[stream].history or (), [orders[index] for index in fresh])
            for index, outcome in zip(fresh, made.outcomes, strict=True):
                outcomes[index] = outcome
            plans.append((stream, made))
        if whole and any(isinstance(outcome, Refused) for outcome in outcomes):
            return outcomes
        started = [(stream, timer) for stream, made in plans for timer in made.timers_added]
        stopped = [(stream, timer) for stream, made in plans for timer in made.timers_dropped]
        await self._append([(stream, event) for stream, made in plans for event in made.events], recorded, started)
        if stopped:
            await self.execute(_STOP_TIMERS, *timer_columns(stopped))
        return outcomes

    async def look(self, decider: Decider[C, S], streams: Collection[str]) -> dict[str, S]:
        """The situation of each of these streams, which nobody else moves before this transaction ends."""
        names = sorted(streams)
        await self._load(names, looks_back=True)
        return {name: decider.fold(self._streams[name].history or ()) for name in names}

    async def _already(self, orders: Sequence[Order[Any]]) -> tuple[set[int], datetime]:
        """Which orders are in effect, and the database's time after the locks."""
        firsts = [reaction_id(order.context.command_id, order.context.reaction, 0) for order in orders]
        found = await self.fetchrow(_KNOWN, firsts)
        assert found is not None
        known = set(found["known"])
        seen: set[UUID] = set()
        done = set()
        for index, first in enumerate(firsts):
            if first in known or first in seen:
                done.add(index)
            seen.add(first)
        return done, found["recorded"]

    async def _load(self, streams: list[str], looks_back: bool) -> None:
        new = [stream for stream in streams if stream not in self._streams]
        if new:
            # A head that we made is ours until we commit, so only the others have to be locked.
            made = {row["stream"] for row in await self.fetch(_MAKE_HEADS, new)}
            self._streams.update({stream: _Stream(0, b"") for stream in made})
            there = [stream for stream in new if stream not in made]
            for head in await self.fetch(_LOCK_HEADS, there) if there else ():
                self._streams[head["stream"]] = _Stream(head["version"], head["hash"])
        if looks_back:
            await self._look_back([stream for stream in streams if self._streams[stream].history is None])

    async def _look_back(self, streams: list[str]) -> None:
        read: dict[str, list[Envelope[Fact]]] = {stream: [] for stream in streams}
        known = [stream for stream in streams if self._streams[stream].version]
        for row in await self.fetch(_HISTORY, known) if known else ():
            read[row["stream"]].append(decode(row["body"]))
        for stream, history in read.items():
            self._streams[stream].history = history
            if len(history) > LONG_STREAM:
                _log.warning("long-stream")

    async def _append(
        self, events: Sequence[tuple[str, NewEvent]], recorded: datetime, timers: Sequence[tuple[str, Timer]]
    ) -> None:
        if not events:
            return
        rows = [self._row(stream, event, recorded) for stream, event in events]
        columns = list(zip(*rows, strict=True))
        moved = sorted({stream for stream, _ in events})
        heads = [self._streams[stream] for stream in moved]
        await self.execute(_APPEND, *columns, moved, [h.version for h in heads], [h.hash for h in heads], *timer_columns(timers))
        self.owes = True

    def _row(self, stream: str, event: NewEvent, recorded: datetime) -> tuple[Any, ...]:
        head = self._streams[stream]
        context = event.context
        envelope = Envelope(
            id=event.id,
            source=self._source,
            type=event.data.type,  # type: ignore[attr-defined]
            stream=stream,
            sequence=head.version + 1,
            time=event.time,
            recorded=recorded,
            known=context.known or recorded,
            key=event.key,
            correlation=context.correlation,
            causation=context.causation,
            actor=context.actor,
            data=event.data,
        )
        body = encode(envelope)
        if len(body) > BODY_MAX_BYTES:
            raise TooLargeError
        head.version += 1
        head.hash = sha256(head.hash + body).digest()
        if head.history is not None:
            head.history.append(envelope)
        self.appended.append(envelope)
        topic = TOPIC_OF_EVENT[envelope.type]
        place = partition_of(event.key, PARTITIONS)
        return (stream, head.version, event.id, envelope.type, topic, place, event.key, recorded, body, head.hash)

    async def say(self, messages: Sequence[Message]) -> None:
        """Owe `messages` to Kafka; they are published with the rest of this transaction or not at all.

        What was said before under the same id is not said again.
        """
        if not messages:
            return
        recorded = await self.fetchval("SELECT clock_timestamp()")
        rows = await self.fetch(
            _SAY,
            [m.id for m in messages],
            [m.topic for m in messages],
            [m.key for m in messages],
            [m.body for m in messages],
            recorded,
        )
        said = {row["id"] for row in rows}
        fresh = [m for m in messages if m.id in said]
        places = [partition_of(m.key, m.partitions) for m in fresh]
        topics, keys, refs = [m.topic for m in fresh], [m.key for m in fresh], [m.id for m in fresh]
        await self.execute(_OWE, topics, places, keys, refs, recorded)
        self.owes = self.owes or bool(fresh)


def timer_columns(timers: Sequence[tuple[str, Timer]]) -> tuple[list[Any], ...]:
    """Timers with their streams, as the columns of `due`."""
    return (
        [stream for stream, _ in timers],
        [timer.case_no or "" for _, timer in timers],
        [timer.kind for _, timer in timers],
        [timer.due_at for _, timer in timers],
    )


@contextmanager
def _cut_after(seconds: float | None, connection: Connection) -> Iterator[None]:
    if seconds is None:
        yield
        return
    cut = asyncio.get_running_loop().call_later(seconds, connection.terminate)
    try:
        yield
    finally:
        cut.cancel()


class EventLog:
    """One service's log. `on_commit` is called after a commit that owes something to Kafka, so the relay need not poll."""

    def __init__(self, pool: Pool, source: str, on_commit: Callable[[], None] = lambda: None) -> None:
        self.pool = pool
        self.source = source
        self._on_commit = on_commit

    @asynccontextmanager
    async def transaction(self, limit_s: float | None = None) -> AsyncIterator[Tx]:
        """One transaction. Raises `UnavailableError` when the database is away or the commit's fate is unknown.

        One that is not over after `limit_s` seconds loses its connection, so that even its rollback waits for nobody.
        """
        with translated():
            async with self.pool.acquire(timeout=ACQUIRE_S) as connection:
                with _cut_after(limit_s, connection):
                    async with connection.transaction():
                        tx = Tx(connection, self.source)
                        yield tx
        if tx.owes:
            self._on_commit()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """A connection for statements that read, each of which sees what is committed when it begins.

        Raises `UnavailableError` when the database is away.
        """
        with translated():
            async with self.pool.acquire(timeout=ACQUIRE_S) as connection:
                yield Tx(connection, self.source)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Tx]:
        """A transaction that reads, and all of whose statements see the same moment.

        Raises `UnavailableError` when the database is away.
        """
        with translated():
            async with (
                self.pool.acquire(timeout=ACQUIRE_S) as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                yield Tx(connection, self.source)

    async def transact(self, work: Callable[[Tx], Awaitable[T]], limit_s: float | None = None) -> T:
        """Run `work` in a transaction; after a lost race run it again from the start, at most three times in all."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                async with self.transaction(limit_s) as tx:
                    return await work(tx)
            except VersionConflictError:
                if attempt == ATTEMPTS_MAX:
                    raise
        raise AssertionError("the loop above returns or raises")

    async def read_stream(self, stream: str) -> list[bytes]:
        """The exact bytes of a stream, oldest first."""
        async with self.reading() as tx:
            rows = await tx.fetch("SELECT body FROM event WHERE stream = $1 ORDER BY version", stream)
        return [row["body"] for row in rows]

    async def read_record(self, after: tuple[str, int], limit: int) -> list[tuple[str, int, bytes]]:
        """Up to `limit` events behind `after` in (stream, version) order, with their exact bytes."""
        async with self.reading() as tx:
            rows = await tx.fetch(_RECORD, *after, limit)
        return [(row["stream"], row["version"], row["body"]) for row in rows]
