"""The law that nothing is lost: appended = published + waiting, and consumed = the sum of what became of it."""

from __future__ import annotations

from typing import TypedDict, cast

from shared.postgres.event_log import EventLog


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


_WRITTEN = """
SELECT topic, partition, coalesce(a.n, 0) AS appended, coalesce(p.records, 0) AS published, coalesce(w.n, 0) AS waiting
FROM (SELECT topic, partition, count(*) AS n FROM event GROUP BY 1, 2) a
FULL JOIN (SELECT topic, partition, records FROM published WHERE topic LIKE 'gov.%.events.v1') p USING (topic, partition)
FULL JOIN (SELECT topic, partition, count(*) AS n FROM outbox WHERE kind = 'event' GROUP BY 1, 2) w
    USING (topic, partition)
ORDER BY topic, partition
"""
_CONSUMED = """
SELECT grp AS group, topic, partition, next_offset, consumed, applied, duplicate, ignored, parked, dead_lettered
FROM checkpoint ORDER BY grp, topic, partition
"""


async def written(log: EventLog) -> list[Written]:
    """Appended, published and waiting events per partition, read in one snapshot."""
    async with log.transaction() as tx:
        # All of the record is counted, so it is read in the order in which it lies on the disk.
        await tx.execute("SET LOCAL enable_seqscan = on")
        rows = await tx.fetch(_WRITTEN)
    return [cast(Written, dict(row)) for row in rows]


async def consumed(log: EventLog) -> list[Consumed]:
    """What became of the records of each partition, by consumer group."""
    async with log.transaction() as tx:
        rows = await tx.fetch(_CONSUMED)
    return [cast(Consumed, dict(row)) for row in rows]
