"""Checkpoints: who may apply a partition, from where, and what became of every record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.eventsourcing.claims import Claim, FencedError
from shared.eventsourcing.records import Place
from shared.postgres.event_log import EventLog, Tx

_CLAIM = """
INSERT INTO checkpoint (grp, topic, partition, epoch)
SELECT $1, topic, partition, 1 FROM unnest($2::text[], $3::smallint[]) AS p(topic, partition) ORDER BY topic, partition
ON CONFLICT (grp, topic, partition) DO UPDATE SET epoch = checkpoint.epoch + 1
RETURNING topic, partition, next_offset, epoch
"""
_ADVANCE = """
UPDATE checkpoint SET next_offset = $6, consumed = consumed + $7, applied = applied + $8, duplicate = duplicate + $9,
    ignored = ignored + $10, parked = parked + $11, dead_lettered = dead_lettered + $12
WHERE grp = $1 AND topic = $2 AND partition = $3 AND next_offset = $4 AND epoch = $5
RETURNING true
"""


@dataclass(slots=True)
class Tally:
    """What became of the records of a slice. Their sum is the number consumed."""

    applied: int = 0
    duplicate: int = 0
    ignored: int = 0
    parked: int = 0
    dead_lettered: int = 0

    @property
    def consumed(self) -> int:
        return self.applied + self.duplicate + self.ignored + self.parked + self.dead_lettered


async def claim(log: EventLog, group: str, places: Sequence[Place]) -> dict[Place, Claim]:
    """Raise the epoch of `places` for `group`, which fences whoever had them, and return where to go on."""
    async with log.transaction() as tx:
        rows = await tx.fetch(_CLAIM, group, [p.topic for p in places], [p.partition for p in places])
    return {Place(r["topic"], r["partition"]): Claim(r["next_offset"], r["epoch"]) for r in rows}


async def lock(tx: Tx, group: str, place: Place, held: Claim) -> None:
    """Take the checkpoint's row lock first of all. Raises `FencedError` if the claim is stale."""
    row = await tx.fetchrow(
        "SELECT next_offset, epoch FROM checkpoint WHERE grp = $1 AND topic = $2 AND partition = $3 FOR UPDATE",
        group,
        place.topic,
        place.partition,
    )
    if row is None or row["epoch"] != held.epoch or row["next_offset"] != held.next_offset:
        raise FencedError


async def advance(tx: Tx, group: str, place: Place, held: Claim, next_offset: int, tally: Tally) -> Claim:
    """Compare and set the checkpoint. Raises `FencedError` if somebody else owns it or moved it."""
    moved = await tx.fetchval(
        _ADVANCE,
        group,
        place.topic,
        place.partition,
        held.next_offset,
        held.epoch,
        next_offset,
        tally.consumed,
        tally.applied,
        tally.duplicate,
        tally.ignored,
        tally.parked,
        tally.dead_lettered,
    )
    if moved is None:
        raise FencedError
    return Claim(next_offset, held.epoch)
