"""The projection's tables: one fenced transaction for each batch, and what the folder must know before it folds.

Rows and cells go through staging tables that COPY fills: a third of the cost of arrays, on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, Protocol

import orjson

from services.metrics import catalogue, journey
from services.metrics.batch import Batch, Counts, Memory, Parked, Report
from services.metrics.contributions import MEASURES_MAX, Cell
from services.metrics.ledger import Ledger
from services.metrics.summary import Summary, Wait
from shared.eventsourcing.claims import Claim
from shared.eventsourcing.records import Delivery, Place, Record
from shared.postgres import checkpoints
from shared.postgres.checkpoints import Tally
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.inbound import dead_letter

CHANNEL = "metrics"
"""The PostgreSQL channel on which every process of this service hears what moved."""
MOVED_MAX = 30
_PAYLOAD_MAX = 7_900
_KEYS = ("grp", "region", "other", "item", "basic", "channel", "tag", "day", "known", "partition")
_AMOUNTS = tuple(f"n{i}" for i in range(1, MEASURES_MAX + 1))
_JOURNEY = ("journey", "partition", *Summary._fields, "events", "body")

_RECOUNT = """
UPDATE checkpoint SET consumed = consumed + $4 + $5 + $6, applied = applied + $4, duplicate = duplicate + $5, ignored = ignored + $6
WHERE grp = $1 AND topic = $2 AND partition = $3
"""
_PARK = """
INSERT INTO parked (grp, key, source, sequence, topic, partition, kafka_offset, type, body, error_code)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""


class HistoryHook(Protocol):
    """The part of the projection that keeps other people's logs, in tables of its own."""

    async def apply(self, tx: Tx, generation: int, reports: Sequence[Report]) -> Mapping[Place, Counts]:
        """Apply `reports` in the batch's transaction; the counts tell what became of each one of them."""
        ...


class ParkedEvent(NamedTuple):
    """A parked event as the table keeps it."""

    n: int
    topic: str
    partition: int
    offset: int
    body: bytes


def group_of(generation: int) -> str:
    """The consumer group of a build of the projection; also the name under which its checkpoints stand."""
    return f"metrics-p{generation}"


def room_of(generation: int) -> str:
    """The schema of a build of the projection."""
    return f"p{generation}"


class Store:
    """The tables of one build. A build that is not served yet announces nothing."""

    def __init__(self, log: EventLog, generation: int, history: HistoryHook | None = None, *, announces: bool = True) -> None:
        self.log = log
        self.announces = announces
        self.generation = generation
        self.group = group_of(generation)
        self.room = room_of(generation)
        self._history = history

    async def claim(self, places: Sequence[Place]) -> dict[Place, Claim]:
        """Become the owner of `places`, which fences whoever had them."""
        return await checkpoints.claim(self.log, self.group, places)

    async def waiting(self) -> dict[str, set[tuple[str, int]]]:
        """The parked journeys: key → which events, by service and sequence."""
        async with self.log.transaction() as tx:
            rows = await tx.fetch("SELECT key, source, sequence FROM parked WHERE grp = $1", self.group)
        found: dict[str, set[tuple[str, int]]] = {}
        for row in rows:
            found.setdefault(row["key"], set()).add((row["source"], row["sequence"]))
        return found

    async def recall(self, memory: Memory, records: Iterable[Delivery]) -> None:
        """Bring every row that `records` touch into memory."""
        journeys, entries = memory.missing(records)
        if not journeys and not entries:
            return
        async with self.log.reading() as tx:
            await self.recall_in(tx, memory, journeys, entries)

    async def recall_in(self, tx: Tx, memory: Memory, journeys: Iterable[str], entries: Iterable[str]) -> None:
        """The same within a transaction."""
        found = await self._bodies(tx, "journey", "journey", list(journeys))
        known = await self._bodies(tx, "catalogue", "key", list(entries))
        memory.remember(found, known)

    async def _bodies(self, tx: Tx, table: str, column: str, keys: list[str]) -> list[tuple[str, bytes | None]]:
        if not keys:
            return []
        rows = await tx.fetch(f"SELECT {column}, body FROM {self.room}.{table} WHERE {column} = ANY($1)", keys)
        stored = {row[column]: row["body"] for row in rows}
        return [(key, stored.get(key)) for key in keys]

    async def apply(self, batch: Batch) -> None:
        """Write a batch whole. Raises `FencedError`, and nothing is written, if one of its claims is stale."""
        async with self.log.transaction() as tx:
            await self._advance(tx, batch)
            await self.write(tx, batch)
            await self._park(tx, batch.parked)
            for record, code in batch.dead:
                await tx.say([dead_letter(self.log.source, self.group, _record(record), code, keep_bytes=True)])
            if batch.reports:
                await self._report(tx, batch)
            if self.announces:
                await _announce(tx, self.generation, batch)

    async def _advance(self, tx: Tx, batch: Batch) -> None:
        moves = {place: (held, to, _tally(batch.counts[place])) for place, (held, to) in batch.moves.items()}
        await checkpoints.advance(tx, self.group, moves)

    async def write(self, tx: Tx, batch: Batch) -> None:
        """Write moved rows, hand-overs and cells."""
        if batch.catalogue:
            await tx.executemany(
                f"INSERT INTO {self.room}.catalogue (key, partition, body) VALUES ($1, $2, $3) "
                "ON CONFLICT (key) DO UPDATE SET body = excluded.body",
                [(key, partition, catalogue.store(row)) for key, (partition, row) in batch.catalogue.items()],
            )
        if not batch.journeys:
            return
        await tx.execute(
            "SET LOCAL client_min_messages = warning;"
            f"CREATE TEMP TABLE IF NOT EXISTS stage_journey (LIKE {self.room}.journey) ON COMMIT DELETE ROWS;"
            f"CREATE TEMP TABLE IF NOT EXISTS stage_cell (LIKE {self.room}.cell) ON COMMIT DELETE ROWS"
        )
        rows, handovers = _journey_rows(batch)
        await tx.connection.copy_records_to_table("stage_journey", records=rows, columns=_JOURNEY)
        await tx.execute(self._upsert_journeys())
        if handovers:
            await tx.executemany(self._upsert_waits(), handovers)
        if batch.cells:
            await tx.connection.copy_records_to_table("stage_cell", records=_cell_rows(batch.cells), columns=(*_KEYS, *_AMOUNTS))
            await tx.execute(self._add_cells())
            await tx.execute("SELECT add_spans($1, 'stage_cell')", self.room)

    def _upsert_journeys(self) -> str:
        moved = ", ".join(f"{column} = excluded.{column}" for column in _JOURNEY[2:])
        names = ", ".join(_JOURNEY)
        return (
            f"INSERT INTO {self.room}.journey ({names}) SELECT {names} FROM stage_journey "
            f"ON CONFLICT (journey) DO UPDATE SET {moved}"
        )

    def _upsert_waits(self) -> str:
        names = ", ".join(Wait._fields)
        values = ", ".join(f"${n}" for n in range(1, len(Wait._fields) + 1))
        moved = ", ".join(f"{column} = excluded.{column}" for column in Wait._fields[3:])
        return (
            f"INSERT INTO {self.room}.wait ({names}) VALUES ({values}) "
            f"ON CONFLICT (journey, case_no, handover_no) DO UPDATE SET {moved}"
        )

    def _add_cells(self) -> str:
        names = ", ".join((*_KEYS, *_AMOUNTS))
        added = ", ".join(f"{name} = c.{name} + excluded.{name}" for name in _AMOUNTS)
        return (
            f"INSERT INTO {self.room}.cell AS c ({names}) SELECT {names} FROM stage_cell "
            f"ON CONFLICT (grp, day, region, other, item, basic, channel, tag, known, partition) DO UPDATE SET {added}"
        )

    async def _park(self, tx: Tx, parked: Sequence[Parked]) -> None:
        await tx.executemany(
            _PARK,
            [
                (
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
                for record, sign, reason in parked
            ],
        )

    async def _report(self, tx: Tx, batch: Batch) -> None:
        counts = await self.keep(tx, batch.reports)
        await tx.executemany(
            _RECOUNT,
            [
                (self.group, place.topic, place.partition, counts[place].applied, counts[place].duplicate, counts[place].ignored)
                for place in sorted(counts)
            ],
        )

    async def keep(self, tx: Tx, reports: Sequence[Report]) -> Mapping[Place, Counts]:
        """Keep rows of other people's logs, and say what became of them; they are ignored where nobody keeps any."""
        if self._history is not None:
            return await self._history.apply(tx, self.generation, reports)
        counts: dict[Place, Counts] = {}
        for record, _ in reports:
            counts.setdefault(Place(record.topic, record.partition), Counts()).ignored += 1
        return counts

    async def parked_events(self, tx: Tx, key: str) -> list[ParkedEvent]:
        """What waits of one journey."""
        rows = await tx.fetch(
            "SELECT n, topic, partition, kafka_offset, body FROM parked WHERE grp = $1 AND key = $2 ORDER BY n", self.group, key
        )
        return [ParkedEvent(*row.values()) for row in rows]


def _tally(found: Counts) -> Tally:
    return Tally(found.applied, found.duplicate, found.ignored, found.parked, found.dead_lettered)


def _journey_rows(batch: Batch) -> tuple[list[tuple[Any, ...]], list[Wait]]:
    rows: list[tuple[Any, ...]] = []
    handovers: list[Wait] = []
    for key, (partition, row, shown, changed) in batch.journeys.items():
        rows.append((key, partition, *shown, row.events, journey.store(row)))
        handovers += changed
    return rows, handovers


def _cell_rows(by_partition: Mapping[int, Ledger]) -> list[tuple[Any, ...]]:
    padding = {n: (0,) * (MEASURES_MAX - n) for n in range(MEASURES_MAX + 1)}
    made: list[tuple[Any, ...]] = []
    for partition, entries in by_partition.items():
        for (cell, known), amounts in entries.items():
            if any(amounts):
                made.append((*cell[:-1], _date(cell.day), _date(known), partition, *amounts, *padding[len(amounts)]))
    return made


def _date(ordinal: int) -> date:
    return date.fromordinal(ordinal)


async def _announce(tx: Tx, generation: int, batch: Batch) -> None:
    moved: dict[Cell, None] = {}
    for entries in batch.cells.values():
        for cell, _ in entries:
            moved[cell] = None
    told = [{**cell._asdict(), "day": _date(cell.day).isoformat()} for cell in list(moved)[:MOVED_MAX]]
    payload = orjson.dumps({"generation": generation, "cells": told, "more": len(moved) > len(told)})
    if len(payload) > _PAYLOAD_MAX:
        payload = orjson.dumps({"generation": generation, "cells": [], "more": True})
    await tx.execute("SELECT pg_notify($1, $2)", CHANNEL, payload.decode())


def _record(record: Delivery) -> Record:
    return Record(record.topic, record.partition, record.offset, record.key, record.value, record.timestamp)
