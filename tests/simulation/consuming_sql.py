"""What the statements of consumers mean: checkpoints with epochs, the heads that were seen, and what is parked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.simulation.database import Row, Transaction
from tests.simulation.sql import means

_TALLY = ("applied", "duplicate", "ignored", "parked", "dead_lettered")
_NEW: Row = {"next_offset": 0, "epoch": 0, "consumed": 0, **dict.fromkeys(_TALLY, 0)}


@means("INSERT INTO checkpoint (grp, topic, partition, epoch)")
async def claim(tx: Transaction, group: str, topics: Sequence[str], partitions: Sequence[int]) -> list[Row]:
    found = []
    for topic, partition in sorted(zip(topics, partitions, strict=True)):
        key = (group, topic, partition)
        old = await tx.lock("checkpoint", *key) or {**_NEW, "grp": group, "topic": topic, "partition": partition}
        tx.put("checkpoint", key, {**old, "epoch": old["epoch"] + 1})
        found.append({**old, "epoch": old["epoch"] + 1})
    return found


@means("SELECT topic, partition, next_offset, epoch FROM checkpoint")
async def lock_checkpoints(tx: Transaction, group: str, topics: Sequence[str], partitions: Sequence[int]) -> list[Row]:
    places = sorted(zip(topics, partitions, strict=True))
    found = [await tx.lock("checkpoint", group, topic, partition) for topic, partition in places]
    return [row for row in found if row is not None]


@means("UPDATE checkpoint c SET next_offset = n.next_offset")
async def advance(tx: Transaction, group: str, *columns: Sequence[Any]) -> list[Row]:
    moved = []
    for topic, partition, expected, epoch, next_offset, consumed, *tally in zip(*columns, strict=True):
        row = await tx.lock("checkpoint", group, topic, partition)
        if row is not None and (row["next_offset"], row["epoch"]) == (expected, epoch):
            more = {name: row[name] + n for name, n in zip(_TALLY, tally, strict=True)}
            moves = {"next_offset": next_offset, "consumed": row["consumed"] + consumed}
            tx.put("checkpoint", (group, topic, partition), {**row, **moves, **more})
            moved.append({"moved": True})
    return moved


@means("SELECT 1 FROM checkpoint WHERE grp = $1 AND topic = $2 AND partition = $3 FOR UPDATE")
async def lock_checkpoint(tx: Transaction, group: str, topic: str, partition: int) -> list[Row]:
    return [] if await tx.lock("checkpoint", group, topic, partition) is None else [{"one": 1}]


@means("UPDATE checkpoint SET parked = parked - 1, applied = applied + 1")
async def one_redriven(tx: Transaction, group: str, topic: str, partition: int) -> list[Row]:
    return await disposed(tx, group, topic, partition, 1, 1, 0, 0)


@means("UPDATE checkpoint SET parked = parked - $4")
async def disposed(
    tx: Transaction, group: str, topic: str, partition: int, parked: int, applied: int, duplicate: int, ignored: int
) -> list[Row]:
    row = await tx.lock("checkpoint", group, topic, partition)
    assert row is not None
    moves = {"parked": row["parked"] - parked, "applied": row["applied"] + applied}
    more = {"duplicate": row["duplicate"] + duplicate, "ignored": row["ignored"] + ignored}
    tx.put("checkpoint", (group, topic, partition), {**row, **moves, **more})
    return []


@means("UPDATE checkpoint SET epoch = epoch + 1 WHERE grp = $1 AND topic = ANY($2) AND partition = $3")
async def fence(tx: Transaction, group: str, topics: Sequence[str], partition: int) -> list[Row]:
    for topic in sorted(topics):
        if tx.get("checkpoint", group, topic, partition) is not None:
            row = await tx.lock("checkpoint", group, topic, partition)
            assert row is not None
            tx.put("checkpoint", (group, topic, partition), {**row, "epoch": row["epoch"] + 1})
    return []


@means("SELECT source, key, version, event_id FROM seen_head")
async def heads(tx: Transaction, group: str, sources: Sequence[str], keys: Sequence[str]) -> list[Row]:
    return [row for row in tx.select("seen_head", grp=group) if row["source"] in sources and row["key"] in keys]


@means("SELECT version FROM seen_head")
async def head(tx: Transaction, group: str, source: str, key: str) -> list[Row]:
    row = tx.get("seen_head", group, source, key)
    return [] if row is None else [{"version": row["version"]}]


@means("INSERT INTO seen_head")
async def remember(
    tx: Transaction, group: str, sources: Sequence[str], keys: Sequence[str], versions: Sequence[int], ids: Sequence[Any]
) -> list[Row]:
    for source, key, version, event_id in zip(sources, keys, versions, ids, strict=True):
        await tx.lock("seen_head", group, source, key)
        row = {"grp": group, "source": source, "key": key, "version": version, "event_id": event_id}
        tx.put("seen_head", (group, source, key), row)
    return []


_PARKED = ("grp", "key", "source", "sequence", "topic", "partition", "kafka_offset", "type", "body", "error_code")


@means("INSERT INTO parked")
async def park(tx: Transaction, *values: Any) -> list[Row]:
    n = tx.database.next_of("parked")
    await tx.lock("parked", n)
    tx.put("parked", (n,), {"n": n, **dict(zip(_PARKED, values, strict=True)), "attempts": 1})
    return []


def _waiting(tx: Transaction, group: str, key: str | None) -> Iterator[Row]:
    for row in tx.select("parked", grp=group):
        if key is None or row["key"] == key:
            yield row


@means("SELECT source, key, sequence FROM parked WHERE grp = $1 AND key = ANY($2)")
async def waiting_among(tx: Transaction, group: str, keys: Sequence[str]) -> list[Row]:
    return [row for row in _waiting(tx, group, None) if row["key"] in keys]


@means("SELECT key, source, sequence FROM parked WHERE grp = $1")
async def all_waiting(tx: Transaction, group: str) -> list[Row]:
    return list(_waiting(tx, group, None))


@means("SELECT key, min(n) AS n FROM parked", "SELECT key FROM parked WHERE grp = $1")
async def waiting_keys(tx: Transaction, group: str, key: str | None) -> list[Row]:
    first: dict[str, int] = {}
    for row in _waiting(tx, group, key):
        first.setdefault(row["key"], row["n"])
    return [{"key": one, "n": n} for one, n in first.items()]


@means("SELECT key FROM parked WHERE grp = $1 AND ($2::text[] IS NULL OR key = ANY($2)) GROUP BY key HAVING")
async def waiting_for_events(tx: Transaction, group: str, keys: Sequence[str] | None) -> list[Row]:
    rows = [row for row in _waiting(tx, group, None) if keys is None or row["key"] in keys]
    ill = {row["key"] for row in rows if row["error_code"] not in ("gap", "behind")}
    return [{"key": key} for key in sorted({row["key"] for row in rows} - ill)]


@means("SELECT key FROM ( SELECT grp, source, key, min(sequence) AS next FROM parked")
async def filled(tx: Transaction, group: str, keys: Sequence[str] | None) -> list[Row]:
    found = await waiting_for_events(tx, group, keys)
    return [row for row in found if _is_filled(tx, list(_waiting(tx, group, row["key"])))]


def _is_filled(tx: Transaction, rows: Sequence[Row]) -> bool:
    sources = {row["source"] for row in rows}
    return sources == {row["source"] for row in rows if _fits(tx, row)}


def _fits(tx: Transaction, row: Row) -> bool:
    head = tx.get("seen_head", row["grp"], row["source"], row["key"])
    return bool(row["sequence"] == (0 if head is None else head["version"]) + 1)


def _next(tx: Transaction, group: str, key: str) -> Row | None:
    rows = list(_waiting(tx, group, key))
    return next((row for row in rows if _fits(tx, row)), rows[0] if rows else None)


_NEXT = "SELECT p.n FROM parked p LEFT JOIN seen_head h"


@means(_NEXT)
async def number_of_next(tx: Transaction, group: str, key: str) -> list[Row]:
    row = _next(tx, group, key)
    return [] if row is None else [{"n": row["n"]}]


@means(f"SELECT * FROM parked WHERE n = ( {_NEXT}")
async def next_waiting(tx: Transaction, group: str, key: str) -> list[Row]:
    row = _next(tx, group, key)
    return [] if row is None else [row]


@means("SELECT n, topic, partition, kafka_offset, body FROM parked")
async def waiting_of(tx: Transaction, group: str, key: str) -> list[Row]:
    columns = ("n", "topic", "partition", "kafka_offset", "body")
    return [{column: row[column] for column in columns} for row in _waiting(tx, group, key)]


@means("DELETE FROM parked WHERE n = $1")
async def unpark(tx: Transaction, n: int) -> list[Row]:
    return await unpark_all(tx, [n])


@means("DELETE FROM parked WHERE n = ANY($1)")
async def unpark_all(tx: Transaction, numbers: Sequence[int]) -> list[Row]:
    for n in numbers:
        if tx.get("parked", n) is not None and await tx.lock("parked", n) is not None:
            tx.drop("parked", (n,))
    return []


@means(f"UPDATE parked SET attempts = attempts + 1, error_code = $3 WHERE n = ( {_NEXT}")
async def failed_again(tx: Transaction, group: str, key: str, code: str) -> list[Row]:
    row = _next(tx, group, key)
    if row is not None:
        await _tried(tx, row["n"], code)
    return []


@means("UPDATE parked SET attempts = attempts + 1, error_code = coalesce($3, error_code)")
async def tried(tx: Transaction, group: str, key: str, code: str | None) -> list[Row]:
    for row in list(_waiting(tx, group, key)):
        await _tried(tx, row["n"], row["error_code"] if code is None else code)
    return []


async def _tried(tx: Transaction, n: int, code: str) -> None:
    row = await tx.lock("parked", n)
    if row is not None:
        tx.put("parked", (n,), {**row, "attempts": row["attempts"] + 1, "error_code": code})


@means("SELECT grp AS group, topic, partition, next_offset, consumed")
async def consumed(tx: Transaction) -> list[Row]:
    columns = ("topic", "partition", "next_offset", "consumed", *_TALLY)
    return [{"group": row["grp"], **{name: row[name] for name in columns}} for row in tx.select("checkpoint")]
