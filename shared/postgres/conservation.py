"""The law that nothing is lost: appended = published + waiting, and consumed = the sum of what became of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable
from typing import TypeAlias, TypedDict, cast

from shared.postgres.event_log import EventLog
from shared.postgres.pool import Row

_Amounts: TypeAlias = Counter[tuple[str, int]]


class Written(TypedDict):
    """One partition that this service writes."""

    topic: str
    partition: int
    appended: int
    published: int
    waiting: int


class Consumed(TypedDict):
    """One partition that a group of this service reads."""

    group: str
    topic: str
    partition: int
    next_offset: int
    consumed: int
    applied: int
    duplicate: int
    ignored: int
    parked: int
    dead_lettered: int


STRETCH_BLOCKS = 32_768
"""So much of the record is counted by one statement, a quarter of a gigabyte: however long the record, none takes long."""
REST = 4
"""For so many times as long as it took is a count told again, so that counting takes a fifth of one connection at most."""
_BLOCKS = "SELECT pg_relation_size('event') / current_setting('block_size')::int"
_APPENDED = "SELECT topic, partition, count(*) AS n FROM event WHERE ctid >= $1 AND ctid < $2 GROUP BY topic, partition"
_PUBLISHED = "SELECT topic, partition, records AS n FROM published WHERE topic LIKE 'gov.%.events.v1'"
_WAITING = "SELECT topic, partition, count(*) AS n FROM outbox WHERE kind = 'event' GROUP BY topic, partition"
_CONSUMED = """
SELECT grp AS group, topic, partition, next_offset, consumed, applied, duplicate, ignored, parked, dead_lettered
FROM checkpoint ORDER BY grp, topic, partition
"""


class Count:
    """What a service wrote, counted for one asker at a time; whoever comes meanwhile, or soon after, hears the same."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._counting: asyncio.Task[list[Written]] | None = None
        self._good_until = 0.0

    async def written(self) -> list[Written]:
        """The newest count; see `written`."""
        if self._counting is None or (self._counting.done() and asyncio.get_running_loop().time() > self._good_until):
            self._counting = asyncio.create_task(self._count())
        # Whoever leaves takes nothing from the others.
        return await asyncio.shield(self._counting)

    async def _count(self) -> list[Written]:
        loop = asyncio.get_running_loop()
        begun = self._good_until = loop.time()
        found = await written(self._log)
        self._good_until = loop.time() + REST * (loop.time() - begun)
        return found


async def written(log: EventLog) -> list[Written]:
    """Appended, published and waiting events per partition, read in one snapshot."""
    async with log.snapshot() as tx:
        # All of the record is counted, so it is read in the order in which it lies on the disk.
        await tx.execute("SET LOCAL enable_seqscan = on")
        blocks: int = await tx.fetchval(_BLOCKS)
        appended = _Amounts()
        for first in range(0, blocks, STRETCH_BLOCKS):
            appended += _amounts(await tx.fetch(_APPENDED, (first, 0), (first + STRETCH_BLOCKS, 0)))
        published = _amounts(await tx.fetch(_PUBLISHED))
        waiting = _amounts(await tx.fetch(_WAITING))
    return [
        Written(topic=at[0], partition=at[1], appended=appended[at], published=published[at], waiting=waiting[at])
        for at in sorted({*appended, *published, *waiting})
    ]


def _amounts(rows: Iterable[Row]) -> _Amounts:
    return _Amounts({(row["topic"], row["partition"]): row["n"] for row in rows})


async def consumed(log: EventLog, without: Collection[str] = ()) -> list[Consumed]:
    """What became of the records of each partition, by consumer group, `without` those that read no more."""
    async with log.transaction() as tx:
        rows = await tx.fetch(_CONSUMED)
    return [cast(Consumed, dict(row)) for row in rows if row["group"] not in without]
