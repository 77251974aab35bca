"""What the statements of the record mean: streams and events, outbox and lease, messages, timers, first answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.database import Row, Transaction, doubled
from tests.simulation.sql import means


@means("SELECT clock_timestamp()")
async def clock(tx: Transaction) -> list[Row]:
    return [{"now": tx.database.world.now()}]


@means("SELECT clock_timestamp() AS recorded, array(SELECT id FROM event WHERE id = ANY($1))")
async def known_ids(tx: Transaction, ids: Sequence[Any]) -> list[Row]:
    return [{"recorded": tx.database.world.now(), "known": [one for one in ids if tx.get("event_once", one)]}]


@means("INSERT INTO stream_head")
async def make_heads(tx: Transaction, streams: Sequence[str]) -> list[Row]:
    made: list[Row] = []
    for stream in sorted(streams):
        if tx.get("stream_head", stream) is None and await tx.lock("stream_head", stream) is None:
            tx.put("stream_head", (stream,), {"stream": stream, "version": 0, "hash": b""})
            made.append({"stream": stream})
    return made


@means("SELECT stream, version, hash FROM stream_head")
async def lock_heads(tx: Transaction, streams: Sequence[str]) -> list[Row]:
    found = [await tx.lock("stream_head", stream) for stream in sorted(streams)]
    return [row for row in found if row is not None]


@means("SELECT stream, body FROM event WHERE stream = ANY($1)")
async def history(tx: Transaction, streams: Sequence[str]) -> list[Row]:
    return [row for _, row in sorted(tx.view("event").items()) if row["stream"] in streams]


@means("SELECT body FROM event WHERE stream = $1")
async def stream(tx: Transaction, name: str) -> list[Row]:
    return list(tx.select("event", stream=name))


_EVENT = ("stream", "version", "id", "type", "topic", "partition", "key", "recorded", "body", "hash")
_TIMER = ("stream", "case_no", "kind", "due_at")


@means("WITH appended AS ( INSERT INTO event (")
async def append(tx: Transaction, *columns: Sequence[Any]) -> list[Row]:
    events, heads, timers = columns[: len(_EVENT)], columns[len(_EVENT) : -len(_TIMER)], columns[-len(_TIMER) :]
    for values in zip(*events, strict=True):
        row = dict(zip(_EVENT, values, strict=True))
        place = (row["stream"], row["version"])
        if await tx.lock("event", *place) is not None:
            raise doubled("event_place")
        if await tx.lock("event_once", row["id"]) is not None:
            raise doubled("event_once")
        tx.put("event", place, row)
        tx.put("event_once", (row["id"],), row)
        await _owe(tx, row["topic"], row["partition"], row["key"], "event", row["id"], row["recorded"])
    await _move_heads(tx, *heads)
    for timer in zip(*timers, strict=True):
        if await tx.lock("due", *timer) is None:
            tx.put("due", timer, dict(zip(_TIMER, timer, strict=True)))
    return []


async def _move_heads(tx: Transaction, streams: Sequence[str], versions: Sequence[int], hashes: Sequence[bytes]) -> None:
    for stream, version, digest in zip(streams, versions, hashes, strict=True):
        await tx.lock("stream_head", stream)
        tx.put("stream_head", (stream,), {"stream": stream, "version": version, "hash": digest})


async def _owe(tx: Transaction, topic: str, partition: int, key: str, kind: str, ref: Any, recorded: datetime) -> None:
    position = tx.database.next_of("outbox")
    row = {"position": position, "topic": topic, "partition": partition, "key": key}
    await tx.lock("outbox", position)
    tx.put("outbox", (position,), {**row, "kind": kind, "ref": ref, "recorded": recorded})


@means("INSERT INTO outbox (topic, partition, key, kind, ref, recorded) SELECT topic, partition, key, 'message', ref, $5")
async def owe(
    tx: Transaction, topics: Sequence[str], partitions: Sequence[int], keys: Sequence[str], refs: Sequence[Any], recorded: datetime
) -> list[Row]:
    for topic, partition, key, ref in zip(topics, partitions, keys, refs, strict=True):
        await _owe(tx, topic, partition, key, "message", ref, recorded)
    return []


@means("INSERT INTO message")
async def say(
    tx: Transaction, ids: Sequence[Any], topics: Sequence[str], keys: Sequence[str], bodies: Sequence[bytes], at: datetime
) -> list[Row]:
    said: list[Row] = []
    for identity, topic, key, body in zip(ids, topics, keys, bodies, strict=True):
        if await tx.lock("message", identity) is None:
            tx.put("message", (identity,), {"id": identity, "topic": topic, "key": key, "body": body, "recorded": at})
            said.append({"id": identity})
    return said


@means("INSERT INTO lease")
async def lease(tx: Transaction, shard: str, holder: str, ttl_s: float) -> list[Row]:
    held, now = await tx.lock("lease", shard), tx.database.world.now()
    longest = now + timedelta(seconds=ttl_s)
    if held is not None and held["holder"] != holder and now <= held["until"] <= longest:
        return []
    epoch = 1 if held is None else held["epoch"] + (held["holder"] != holder)
    if epoch > 1 and held is not None and held["holder"] != holder:
        tx.database.world.note(holder, "takes the lease")
    tx.put("lease", (shard,), {"holder": holder, "epoch": epoch, "until": longest})
    return [{"epoch": epoch}]


@means("WITH head AS ( SELECT position, topic, partition, key, kind, ref FROM outbox WHERE topic <> ALL ($2)")
async def slice_of(
    tx: Transaction,
    limit: int,
    without: Sequence[str],
    their_topics: Sequence[str],
    their_keys: Sequence[str],
    topics: Sequence[str],
    partitions: Sequence[int],
) -> list[Row]:
    found, aside = [], set(zip(their_topics, their_keys, strict=True))
    away = {*zip(topics, partitions, strict=True)}
    view = [row for _, row in sorted(tx.view("outbox").items()) if (row["topic"], row["partition"]) not in away]
    owed_rows = [row for row in view if row["topic"] not in without and (row["topic"], row["key"]) not in aside]
    for row in owed_rows[:limit]:
        table = "event_once" if row["kind"] == "event" else "message"
        owed = tx.get(table, row["ref"])
        assert owed is not None
        found.append({**row, "value": owed["body"], "hash": owed.get("hash")})
    return found


@means("WITH gone AS ( DELETE FROM outbox WHERE position = ANY($1)")
async def forget(
    tx: Transaction,
    positions: Sequence[int],
    shard: str,
    epoch: int,
    topics: Sequence[str],
    partitions: Sequence[int],
    ends: Sequence[int],
) -> list[Row]:
    held = tx.get("lease", shard)
    if held is None or held["epoch"] != epoch:
        return [{"count": 0}]
    gone = [row for position in positions if (row := await tx.lock("outbox", position)) is not None]
    for row in gone:
        tx.drop("outbox", (row["position"],))
    known = dict(zip(zip(topics, partitions, strict=True), ends, strict=True))
    for place, records in sorted(Counter((row["topic"], row["partition"]) for row in gone).items()):
        old = await tx.lock("published", *place) or {"records": 0, "end_offset": 0}
        end = max(old["end_offset"], known.get(place, 0))
        told = {"topic": place[0], "partition": place[1], "records": old["records"] + records, "end_offset": end}
        tx.put("published", place, told)
    return [{"count": len(gone)}]


@means("SELECT CASE WHEN bool_or(xact_start > clock_timestamp()) THEN NULL ELSE least(")
async def oldest_writer(tx: Transaction) -> list[Row]:
    writers = [other.started for other in tx.database.open if other is not tx and other.wrote]
    return [{"least": min([tx.database.world.now(), *writers])}]


@means("SELECT min(recorded) FROM outbox WHERE kind = 'event'")
async def oldest_owed(tx: Transaction) -> list[Row]:
    owed = (row["recorded"] for row in tx.view("outbox").values() if row["kind"] == "event")
    return [{"min": min(owed, default=None)}]


@means("SELECT topic, partition, end_offset FROM published")
async def ends(tx: Transaction) -> list[Row]:
    return list(tx.select("published"))


@means("INSERT INTO idempotency")
async def take_keys(tx: Transaction, scopes: Sequence[str], keys: Sequence[str], fingerprints: Sequence[bytes]) -> list[Row]:
    taken: list[Row] = []
    for scope, key, fingerprint in sorted(zip(scopes, keys, fingerprints, strict=True)):
        if tx.get("idempotency", scope, key) is None and await tx.lock("idempotency", scope, key) is None:
            row = {"scope": scope, "key": key, "fingerprint": fingerprint, "status": None, "answer": None}
            tx.put("idempotency", (scope, key), row)
            taken.append(row)
    return taken


@means("UPDATE idempotency")
async def keep_answers(
    tx: Transaction, scopes: Sequence[str], keys: Sequence[str], statuses: Sequence[int], answers: Sequence[bytes]
) -> list[Row]:
    for scope, key, status, answer in zip(scopes, keys, statuses, answers, strict=True):
        row = await tx.lock("idempotency", scope, key)
        assert row is not None
        tx.put("idempotency", (scope, key), {**row, "status": status, "answer": answer})
    return []


@means("DELETE FROM idempotency")
async def give_keys_back(tx: Transaction, scopes: Sequence[str], keys: Sequence[str]) -> list[Row]:
    for place in zip(scopes, keys, strict=True):
        await tx.lock("idempotency", *place)
        tx.drop("idempotency", place)
    return []


@means("SELECT i.scope, i.key, i.fingerprint, i.status, i.answer FROM idempotency i")
async def first_answers(tx: Transaction, scopes: Sequence[str], keys: Sequence[str]) -> list[Row]:
    found = [tx.get("idempotency", *place) for place in zip(scopes, keys, strict=True)]
    return [row for row in found if row is not None]
