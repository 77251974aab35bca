"""How a service stands, for operators: what its outbox owes and since when, who holds its lease, and what is parked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any

from shared.eventsourcing.errors import RefusedError, Rule
from shared.postgres import timers
from shared.postgres.event_log import EventLog
from shared.telemetry.names import OUTBOX_OLDEST_SECONDS, OUTBOX_WAITING, PARKED

PARKED_MAX = 500
PARKED_CHANGED = Rule(
    "parked-changed",
    "conflict",
    "搁置的内容已与您看到的不同；请重新查看后再确认。",
    "What is parked is no longer what you were shown; look again and confirm that.",
)
_OUTBOX = """
SELECT topic, kind, count(*)::bigint AS waiting, extract(epoch FROM clock_timestamp() - min(recorded))::float AS oldest_s
FROM outbox GROUP BY topic, kind ORDER BY topic, kind
"""
_LEASES = """
SELECT shard, holder, epoch, until, until > clock_timestamp() AS held FROM lease ORDER BY shard
"""
_GROUPS = """
SELECT grp AS group, count(*)::bigint AS events, count(DISTINCT key)::bigint AS journeys,
       extract(epoch FROM clock_timestamp() - min(first_seen))::float AS oldest_s
FROM parked WHERE grp <> ALL($1) GROUP BY grp ORDER BY grp
"""
# The first of a journey is what failed; everything behind it only waits for it.
_JOURNEYS = """
SELECT * FROM (
    SELECT DISTINCT ON (grp, key) n, grp AS group, key AS journey, source, sequence, type, topic, partition,
           kafka_offset AS offset, error_code, attempts, first_seen,
           extract(epoch FROM clock_timestamp() - first_seen)::float AS age_s,
           count(*) OVER (PARTITION BY grp, key) AS events
    FROM parked WHERE ($1::text IS NULL OR key = $1) AND grp <> ALL($2) ORDER BY grp, key, n) f
ORDER BY n LIMIT $3
"""
_SEEN = """
SELECT grp, key, n, attempts FROM parked WHERE ($1::text IS NULL OR key = $1) AND grp <> ALL($2) ORDER BY n
"""


async def standing(log: EventLog, without: Collection[str] = ()) -> dict[str, Any]:
    """Outbox, lease and parked journeys of one service, read in one snapshot, `without` groups that read no more."""
    async with log.snapshot() as tx:
        return {
            "outbox": [dict(row) for row in await tx.fetch(_OUTBOX)],
            "leases": [dict(row) for row in await tx.fetch(_LEASES)],
            "parked": [dict(row) for row in await tx.fetch(_GROUPS, list(without))],
            "journeys": [dict(row) for row in await tx.fetch(_JOURNEYS, None, list(without), PARKED_MAX)],
            "timers_held_to": await timers.held_to(tx),
        }


async def show(log: EventLog, without: Collection[str] = ()) -> None:
    """Set the gauges by which somebody is called: what the outbox owes and since when, and what is parked.

    Raises `UnavailableError` when the database is away; then they say what they said before.
    """
    async with log.snapshot() as tx:
        owed = await tx.fetch(_OUTBOX)
        parked = await tx.fetch(_GROUPS, list(without))
    OUTBOX_WAITING.labels(log.source).set(sum(row["waiting"] for row in owed))
    OUTBOX_OLDEST_SECONDS.labels(log.source).set(max((row["oldest_s"] for row in owed), default=0.0))
    PARKED.clear()
    for row in parked:
        PARKED.labels(log.source, row["group"]).set(row["events"])


def seen_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """A short word for exactly these parked events in exactly this state."""
    digest = sha256()
    for row in rows:
        digest.update(f"{row['grp']} {row['key']} {row['n']} {row['attempts']}\n".encode())
    return digest.hexdigest()[:32]


async def parked_now(log: EventLog, journey: str | None, without: Collection[str] = ()) -> dict[str, Any]:
    """What is parked now, of one journey or of all: the first journeys, how many they are, and a word for exactly all of it.

    List and word are of one moment: an operator confirms the word, and has seen the list.
    """
    async with log.snapshot() as tx:
        rows = await tx.fetch(_SEEN, journey, list(without))
        first = await tx.fetch(_JOURNEYS, journey, list(without), PARKED_MAX)
    return {
        "seen": seen_of([dict(row) for row in rows]),
        "parked": [dict(row) for row in first],
        "journeys": len({(row["grp"], row["key"]) for row in rows}),
    }


async def still_parked(log: EventLog, journey: str | None) -> int:
    """How many events wait, of one journey or of all."""
    async with log.reading() as tx:
        count: int = await tx.fetchval("SELECT count(*) FROM parked WHERE $1::text IS NULL OR key = $1", journey)
    return count


async def require_seen(log: EventLog, journey: str | None, seen: str | None, without: Collection[str] = ()) -> None:
    """Raise `RefusedError` if what is parked is not what the operator was shown; who was shown nothing confirms nothing."""
    if seen is None:
        return
    async with log.reading() as tx:
        rows = await tx.fetch(_SEEN, journey, list(without))
    if seen != seen_of([dict(row) for row in rows]):
        raise RefusedError(PARKED_CHANGED, field="seen")
