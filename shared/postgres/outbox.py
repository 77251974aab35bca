"""The outbox as the relay sees it: a lease with an epoch, slices with their bytes, and deletion of what was acknowledged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.eventsourcing.claims import Outgoing
from shared.eventsourcing.records import Place
from shared.postgres.event_log import EventLog

_SHARD = "relay"
# One that runs longer than it could from now on was given before the clock was set back.
_LEASE = """
INSERT INTO lease (shard, holder, epoch, until) VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 second')
ON CONFLICT (shard) DO UPDATE SET
    holder = excluded.holder, until = excluded.until,
    epoch = lease.epoch + (lease.holder <> excluded.holder)::int
WHERE lease.holder = excluded.holder OR lease.until < clock_timestamp()
    OR lease.until > clock_timestamp() + $3 * interval '1 second'
RETURNING epoch
"""
_SLICE = """
WITH head AS (
    SELECT position, topic, partition, key, kind, ref FROM outbox WHERE topic <> ALL ($2)
    AND NOT EXISTS (SELECT FROM unnest($3::text[], $4::text[]) AS j(t, k) WHERE j.t = outbox.topic AND j.k = outbox.key)
    AND NOT EXISTS (SELECT FROM unnest($5::text[], $6::smallint[]) AS p(t, n) WHERE p.t = outbox.topic AND p.n = outbox.partition)
    ORDER BY position LIMIT $1
)
SELECT h.position, h.topic, h.partition, h.key, coalesce(e.body, m.body) AS value, e.hash
FROM head h
LEFT JOIN event e ON h.kind = 'event' AND e.id = h.ref
LEFT JOIN message m ON h.kind = 'message' AND m.id = h.ref
ORDER BY h.position
"""
_FORGET = """
WITH gone AS (
    DELETE FROM outbox WHERE position = ANY($1)
    AND EXISTS (SELECT 1 FROM lease WHERE shard = $2 AND epoch = $3)
    RETURNING topic, partition
), counted AS (
    INSERT INTO published (topic, partition, records, end_offset)
    SELECT topic, partition, count(*), coalesce(max(end_offset), 0) FROM gone
    LEFT JOIN unnest($4::text[], $5::smallint[], $6::bigint[]) AS e(topic, partition, end_offset) USING (topic, partition)
    GROUP BY topic, partition ORDER BY topic, partition
    ON CONFLICT (topic, partition) DO UPDATE
    SET records = published.records + excluded.records, end_offset = greatest(published.end_offset, excluded.end_offset)
)
SELECT count(*) FROM gone
"""
# What a writer records is later than its start, so events below the oldest open writer's start are all visible. Who begins to
# write while the writers are looked at records something later than this statement's start, which may be well before its end.
# While a writer is open that began later than it is now, the clock was set back, and nobody knows what he will have recorded.
_OLDEST_WRITER = """
SELECT CASE WHEN bool_or(xact_start > clock_timestamp()) THEN NULL ELSE least(statement_timestamp(), min(xact_start)) END
FROM pg_stat_activity
WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
"""
# As it was recorded, and each stream in its own order, also where the clock was set back in between.
_REFILL = """
INSERT INTO outbox (topic, partition, key, kind, ref, recorded)
SELECT topic, partition, key, 'event', id, recorded FROM event
ORDER BY max(recorded) OVER (PARTITION BY stream ORDER BY version), stream, version
"""


class Outbox:
    """The outbox of one service's database."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def lease(self, holder: str, ttl_s: float) -> int | None:
        """Take or renew the lease and return its epoch; None while another holder's lease runs."""
        async with self._log.transaction() as tx:
            epoch: int | None = await tx.fetchval(_LEASE, _SHARD, holder, ttl_s)
        return epoch

    async def slice(
        self,
        limit: int,
        without: Sequence[str] = (),
        without_journeys: Sequence[tuple[str, str]] = (),
        without_places: Sequence[Place] = (),
    ) -> list[Outgoing]:
        """The oldest `limit` rows with their bytes, in the order in which they were owed.

        None of the topics `without`, of the journeys `without_journeys`, which are (topic, key), nor of `without_places`.
        """
        topics, keys = [topic for topic, _ in without_journeys], [key for _, key in without_journeys]
        places = [place.topic for place in without_places], [place.partition for place in without_places]
        async with self._log.reading() as tx:
            rows = await tx.fetch(_SLICE, limit, list(without), topics, keys, *places)
        return [Outgoing(r["position"], r["topic"], r["partition"], r["key"], r["value"], r["hash"]) for r in rows]

    async def acknowledge(self, epoch: int, positions: Sequence[int], end_offsets: Mapping[Place, int]) -> bool:
        """Forget rows that the broker holds. False, and nothing forgotten, if the epoch is not mine any more."""
        places = sorted(end_offsets)
        async with self._log.transaction() as tx:
            gone: int = await tx.fetchval(
                _FORGET,
                list(positions),
                _SHARD,
                epoch,
                [p.topic for p in places],
                [p.partition for p in places],
                [end_offsets[p] for p in places],
            )
        return gone == len(positions)

    async def complete_to(self) -> datetime | None:
        """Up to when everything recorded has been published: the oldest open writer's start, read before the outbox.

        None while a clock that was set back lets nobody say so.
        """
        async with self._log.reading() as tx:
            writers: datetime | None = await tx.fetchval(_OLDEST_WRITER)
            waiting: datetime | None = await tx.fetchval("SELECT min(recorded) FROM outbox WHERE kind = 'event'")
        return writers if writers is None or waiting is None else min(writers, waiting)

    async def end_offsets(self) -> dict[str, dict[int, int]]:
        """The end offset last acknowledged, by topic and partition."""
        async with self._log.reading() as tx:
            rows = await tx.fetch("SELECT topic, partition, end_offset FROM published ORDER BY topic, partition")
        found: dict[str, dict[int, int]] = {}
        for row in rows:
            found.setdefault(row["topic"], {})[row["partition"]] = row["end_offset"]
        return found

    async def published(self) -> dict[Place, tuple[int, int]]:
        """How many rows of each partition were acknowledged, and the end offset acknowledged last."""
        async with self._log.reading() as tx:
            rows = await tx.fetch("SELECT topic, partition, records, end_offset FROM published ORDER BY topic, partition")
        return {Place(row["topic"], row["partition"]): (row["records"], row["end_offset"]) for row in rows}

    async def refill(self, cluster_id: str) -> int:
        """Owe every event again, to a Kafka cluster that lost them or is new, and start all consumers from its beginning.

        Consumers skip what they applied before by its sequence. Returns the number of events owed.
        """
        async with self._log.transaction() as tx:
            await tx.execute("DELETE FROM outbox WHERE kind = 'event'")
            status: Any = await tx.execute(_REFILL)
            await tx.execute("DELETE FROM published")
            await tx.execute("DELETE FROM checkpoint")
            await tx.execute("DELETE FROM cluster")
            await tx.execute("INSERT INTO cluster (cluster_id) VALUES ($1)", cluster_id)
        return int(str(status).split()[-1])
