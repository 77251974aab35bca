"""Checkpoints: who may apply a partition, from where, and what became of every record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
UPDATE checkpoint c SET next_offset = n.next_offset, consumed = c.consumed + n.consumed, applied = c.applied + n.applied,
    duplicate = c.duplicate + n.duplicate, ignored = c.ignored + n.ignored, parked = c.parked + n.parked,
    dead_lettered = c.dead_lettered + n.dead_lettered
FROM unnest($2::text[], $3::smallint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
            $10::bigint[], $11::bigint[], $12::bigint[])
    AS n(topic, partition, expected, epoch, next_offset, consumed, applied, duplicate, ignored, parked, dead_lettered)
WHERE c.grp = $1 AND c.topic = n.topic AND c.partition = n.partition AND c.next_offset = n.expected AND c.epoch = n.epoch
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


async def begin_again(log: EventLog, group: str, places: Sequence[Place]) -> dict[Place, Claim]:
    """Move the checkpoints of `places` back to the beginning of their partitions, and become their owner."""
    async with log.transaction() as tx:
        await tx.execute(
            "UPDATE checkpoint SET next_offset = 0 WHERE grp = $1 "
            "AND (topic, partition) IN (SELECT * FROM unnest($2::text[], $3::smallint[]))",
            group,
            [p.topic for p in places],
            [p.partition for p in places],
        )
    return await claim(log, group, places)


async def lock(tx: Tx, group: str, claims: Mapping[Place, Claim]) -> None:
    """Take the checkpoints' row locks first of all, in order. Raises `FencedError` if any claim is stale."""
    places = sorted(claims)
    rows = await tx.fetch(
        "SELECT topic, partition, next_offset, epoch FROM checkpoint "
        "WHERE grp = $1 AND (topic, partition) IN (SELECT * FROM unnest($2::text[], $3::smallint[])) "
        "ORDER BY topic, partition FOR UPDATE",
        group,
        [p.topic for p in places],
        [p.partition for p in places],
    )
    held = {Place(row["topic"], row["partition"]): Claim(row["next_offset"], row["epoch"]) for row in rows}
    if held != dict(claims):
        raise FencedError


async def advance(tx: Tx, group: str, moves: Mapping[Place, tuple[Claim, int, Tally]]) -> dict[Place, Claim]:
    """Compare and set checkpoints: (claim, next offset, tally) each. Raises `FencedError` if any is somebody else's."""
    rows = [
        (
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
        for place, (held, next_offset, tally) in sorted(moves.items(), key=lambda move: move[0])
    ]
    moved = await tx.fetch(_ADVANCE, group, *(list(column) for column in zip(*rows, strict=True)))
    if len(moved) != len(rows):
        raise FencedError
    return {place: Claim(next_offset, held.epoch) for place, (held, next_offset, _) in moves.items()}
