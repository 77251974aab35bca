"""Facts from other services, applied once each and in order per journey.

What one poll brought is one transaction: lock the checkpoints, drop what was applied before, park what cannot be
applied together with everything behind it, let the service react to the rest, and advance. If the service fails, the
slice is played again record by record and only the failing journey is parked.
"""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import orjson

from shared.contracts.envelope import Envelope
from shared.contracts.topics import dead_letters
from shared.contracts.wire import UnreadableEventError, decode
from shared.eventsourcing.claims import Claim, FencedError, Message
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.eventsourcing.records import Place, Record
from shared.postgres import checkpoints
from shared.postgres.checkpoints import Tally
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.gaps import filled

Handler = Callable[[Tx, Sequence[Envelope[Any]]], Awaitable[None]]
Slices = Mapping[Place, tuple[Claim, Sequence[Record]]]
"""Consecutive records of several partitions, each with the claim they begin at."""
KEPT_MAX = 524_288
_PASS_ON = (FencedError, UnavailableError, VersionConflictError)
_log = logging.getLogger(__name__)

# Every column of the primary key, or older servers walk through all heads of the group.
_HEADS = "SELECT source, key, version, event_id FROM seen_head WHERE grp = $1 AND source = ANY($2) AND key = ANY($3)"
_REMEMBER = """
INSERT INTO seen_head (grp, source, key, version, event_id)
SELECT $1, * FROM unnest($2::text[], $3::text[], $4::int[], $5::uuid[])
ON CONFLICT (grp, source, key) DO UPDATE SET version = excluded.version, event_id = excluded.event_id
"""
_PARK = """
INSERT INTO parked (grp, key, source, sequence, topic, partition, kafka_offset, type, body, error_code)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
# The first that fits; if none does, the first. A missing event may have come last.
_NEXT = """
SELECT p.n FROM parked p LEFT JOIN seen_head h ON h.grp = p.grp AND h.source = p.source AND h.key = p.key
WHERE p.grp = $1 AND p.key = $2 ORDER BY p.sequence = coalesce(h.version, 0) + 1 DESC, p.n LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class _Sign:
    """What can be told of a record before its contract is read: enough to order and to park it."""

    source: str
    key: str
    sequence: int
    type: str
    id: UUID


@dataclass(frozen=True, slots=True)
class _Head:
    """The newest event applied of one source and journey; no id where an older release applied it."""

    sequence: int = 0
    id: UUID | None = None


@dataclass(slots=True)
class _Sorted:
    """The records of a slice by what is to become of them."""

    tallies: dict[Place, Tally] = field(default_factory=dict)
    fresh: list[Envelope[Any]] = field(default_factory=list)
    heads: dict[tuple[str, str], _Head] = field(default_factory=dict)
    parked: list[tuple[Record, _Sign, str]] = field(default_factory=list)
    dead: list[tuple[Record, str]] = field(default_factory=list)

    def tally_of(self, place: Place) -> Tally:
        """The tally of one partition."""
        return self.tallies.setdefault(place, Tally())


class Inbound:
    """One consumer group of one service on topics that our own services write."""

    def __init__(self, log: EventLog, group: str, interested: frozenset[str], handler: Handler) -> None:
        self.group = group
        self._log = log
        self._interested = interested
        self._handler = handler
        self._late: set[str] = set()

    async def claim(self, places: Sequence[Place]) -> dict[Place, Claim]:
        """Become the owner of `places`; see `checkpoints.claim`. Whatever its last owner left to be filled is filled first."""
        for key in await filled(self._log, self.group):
            await self.redrive(key)
        return await checkpoints.claim(self._log, self.group, places)

    async def apply(self, slices: Slices) -> dict[Place, Claim]:
        """Apply records of several partitions in one transaction and return the claims from which to go on.

        A journey that waited for an event which is among them goes on, too. Raises `FencedError` if a claim is stale,
        `UnavailableError` if the database is away; then nothing was applied, or nothing more.
        """
        claims = await self._apply_whole(slices)
        late, self._late = self._late, set()
        for key in await filled(self._log, self.group, late) if late else ():
            await self.redrive(key)
        return claims

    async def _apply_whole(self, slices: Slices) -> dict[Place, Claim]:
        try:
            return await self._apply(slices, None)
        except _PASS_ON:
            raise
        except Exception as error:
            _log.warning("slice-failed", extra={"error_class": type(error).__name__})
        claims = {}
        for place, (held, records) in slices.items():
            for record in records:
                held = await self._apply_alone(place, held, record)  # noqa: PLW2901
            claims[place] = held
        return claims

    async def _apply_alone(self, place: Place, held: Claim, record: Record) -> Claim:
        alone: Slices = {place: (held, [record])}
        try:
            return (await self._apply(alone, None))[place]
        except _PASS_ON:
            raise
        except Exception as error:
            _log.exception("event-parked", extra={"error_class": type(error).__name__})
            park_as = type(error).__name__
        try:
            return (await self._apply(alone, park_as))[place]
        except _PASS_ON:
            raise
        except Exception as error:
            # What cannot even be parked, such as a number that no column holds, must not come back for ever.
            _log.exception("event-unstorable", extra={"error_class": type(error).__name__})
            return (await self._apply(alone, park_as, bury=True))[place]

    async def _apply(self, slices: Slices, park_as: str | None, *, bury: bool = False) -> dict[Place, Claim]:
        async def work(tx: Tx) -> dict[Place, Claim]:
            await checkpoints.lock(tx, self.group, {place: held for place, (held, _) in slices.items()})
            records = [record for _, records in slices.values() for record in records]
            found = _buried(records) if bury else await self._sort(tx, records, park_as)
            if found.fresh:
                await self._handler(tx, found.fresh)
            await self._remember(tx, found)
            moves = {place: (held, records[-1].offset + 1, found.tally_of(place)) for place, (held, records) in slices.items()}
            return await checkpoints.advance(tx, self.group, moves)

        return await self._log.transact(work)

    async def _sort(self, tx: Tx, records: Sequence[Record], park_as: str | None) -> _Sorted:
        signs = [(record, _sign(record)) for record in records]
        keys = sorted({sign.key for _, sign in signs if sign is not None})
        sources = sorted({sign.source for _, sign in signs if sign is not None})
        heads = {
            (row["source"], row["key"]): _Head(row["version"], row["event_id"])
            for row in await tx.fetch(_HEADS, self.group, sources, keys)
        }
        waiting: dict[tuple[str, str], set[int]] = {}
        for row in await tx.fetch("SELECT source, key, sequence FROM parked WHERE grp = $1 AND key = ANY($2)", self.group, keys):
            waiting.setdefault((row["source"], row["key"]), set()).add(row["sequence"])
        held_keys = {key for _, key in waiting}
        found = _Sorted()
        for record, sign in signs:
            if sign is None:
                found.tally_of(record.place).dead_lettered += 1
                found.dead.append((record, "not-a-cloudevent"))
                continue
            self._place(found, record, sign, heads, waiting, held_keys, park_as)
        return found

    def _place(
        self,
        found: _Sorted,
        record: Record,
        sign: _Sign,
        heads: dict[tuple[str, str], _Head],
        waiting: dict[tuple[str, str], set[int]],
        held_keys: set[str],
        park_as: str | None,
    ) -> None:
        at, tally = (sign.source, sign.key), found.tally_of(record.place)
        head = found.heads.get(at) or heads.get(at) or _Head()
        if sign.sequence == head.sequence and head.id not in (None, sign.id):
            tally.dead_lettered += 1
            found.dead.append((record, "conflict"))
            return
        # A missing event may come after those that waited for it, so what waits is known one by one.
        if sign.sequence <= head.sequence or sign.sequence in waiting.get(at, ()):
            tally.duplicate += 1
            return
        reason = park_as or ("behind" if sign.key in held_keys else None)
        if reason is None and sign.sequence != head.sequence + 1:
            reason = "gap"
        event = None
        if reason is None and sign.type in self._interested:
            try:
                event = decode(record.value or b"")
            except UnreadableEventError as error:
                reason = error.code
        if reason is not None:
            tally.parked += 1
            found.parked.append((record, sign, reason))
            waiting.setdefault(at, set()).add(sign.sequence)
            held_keys.add(sign.key)
            return
        found.heads[at] = _Head(sign.sequence, sign.id)
        if event is None:
            tally.ignored += 1
        else:
            tally.applied += 1
            found.fresh.append(event)

    async def _remember(self, tx: Tx, found: _Sorted) -> None:
        if found.heads:
            places = sorted(found.heads)
            heads = [found.heads[place] for place in places]
            sources, keys = [source for source, _ in places], [key for _, key in places]
            await tx.execute(_REMEMBER, self.group, sources, keys, [h.sequence for h in heads], [h.id for h in heads])
        self._late.update(sign.key for _, sign, reason in found.parked if reason == "behind")
        for record, sign, reason in found.parked:
            await tx.execute(
                _PARK,
                self.group,
                sign.key,
                sign.source,
                sign.sequence,
                record.topic,
                record.partition,
                record.offset,
                sign.type,
                record.value,
                reason,
            )
        await tx.say([dead_letter(self._log.source, self.group, record, code, keep_bytes=True) for record, code in found.dead])

    async def redrive(self, key: str | None = None) -> int:
        """Apply what is parked (of one journey, or of all), each stream in its order, and return how many events were applied.

        A journey whose next event still fails stays parked from that event on, with one more attempt noted.
        """
        async with self._log.transaction() as tx:
            rows = await tx.fetch(
                "SELECT key, min(n) AS n FROM parked WHERE grp = $1 AND ($2::text IS NULL OR key = $2) GROUP BY key ORDER BY n",
                self.group,
                key,
            )
        applied = 0
        for row in rows:
            while await self._redrive_next(row["key"]):
                applied += 1
        return applied

    async def _redrive_next(self, key: str) -> bool:
        try:
            return await self._log.transact(lambda tx: self._redrive_one(tx, key))
        except _PASS_ON:
            raise
        except Exception as error:
            code = error.code if isinstance(error, UnreadableEventError) else type(error).__name__
            async with self._log.transaction() as tx:
                await tx.execute(
                    f"UPDATE parked SET attempts = attempts + 1, error_code = $3 WHERE n = ({_NEXT})", self.group, key, code
                )
            return False

    async def _redrive_one(self, tx: Tx, key: str) -> bool:
        row = await tx.fetchrow(f"SELECT * FROM parked WHERE n = ({_NEXT})", self.group, key)
        if row is None:
            return False
        await tx.execute(
            "SELECT 1 FROM checkpoint WHERE grp = $1 AND topic = $2 AND partition = $3 FOR UPDATE",
            self.group,
            row["topic"],
            row["partition"],
        )
        if await tx.fetchval(_NEXT, self.group, key) != row["n"]:
            # Another redrive had the lock before.
            raise VersionConflictError
        head = await tx.fetchval(
            "SELECT version FROM seen_head WHERE grp = $1 AND source = $2 AND key = $3", self.group, row["source"], key
        )
        if row["sequence"] != (head or 0) + 1:
            raise UnreadableEventError("gap")
        if row["type"] in self._interested:
            await self._handler(tx, [decode(row["body"])])
        event_id = UUID(orjson.loads(row["body"])["id"])
        await tx.execute(_REMEMBER, self.group, [row["source"]], [key], [row["sequence"]], [event_id])
        await tx.execute("DELETE FROM parked WHERE n = $1", row["n"])
        await tx.execute(
            "UPDATE checkpoint SET parked = parked - 1, applied = applied + 1 WHERE grp = $1 AND topic = $2 AND partition = $3",
            self.group,
            row["topic"],
            row["partition"],
        )
        return True


def _buried(records: Sequence[Record]) -> _Sorted:
    found = _Sorted()
    for record in records:
        found.tally_of(record.place).dead_lettered += 1
        found.dead.append((record, "unstorable"))
    return found


def _sign(record: Record) -> _Sign | None:
    try:
        raw = orjson.loads(record.value or b"")
        sign = _Sign(raw["source"], raw["journey"], raw["sequence"], raw["type"], UUID(raw["id"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None
    words = (sign.source, sign.key, sign.type)
    well_typed = all(isinstance(word, str) for word in words) and type(sign.sequence) is int and sign.sequence > 0
    return sign if well_typed else None


def standing(record: Record) -> str:
    """Where a record stands in its topic, also if the topic is made anew and counts from nothing again."""
    return f"{record.partition}/{record.offset}/{record.timestamp_ms}"


def dead_letter(service: str, group: str, record: Record, code: str, *, keep_bytes: bool) -> Message:
    """A notice for operators on the service's topic: where the record stands, for which group, and a class code.

    The bytes go with it only where the topic holds no personal data, and where a message has room for them.
    """
    body: dict[str, Any] = {
        "origin_topic": record.topic,
        "origin_partition": record.partition,
        "origin_offset": record.offset,
        "group": group,
        "error_code": code,
        "first_seen_ms": record.timestamp_ms,
    }
    value = record.value or b""
    if keep_bytes and len(value) <= KEPT_MAX:
        body["bytes"] = b64encode(value).decode()
    identity = uuid5(NAMESPACE_OID, f"{group}/{record.topic}/{standing(record)}")
    return Message(identity, dead_letters(service), f"{record.topic}/{record.partition}", orjson.dumps(body), 1)
