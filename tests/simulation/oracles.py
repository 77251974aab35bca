"""What must hold, by plain counting over the record and the broker's logs, without the code that is being judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID, uuid5

import orjson

from shared.contracts.topics import WATERMARKS, dead_letters
from shared.eventsourcing.records import Place
from tests.simulation.broker import Broker
from tests.simulation.database import Database, Row, Transaction
from tests.simulation.house import BrokenPromiseError

ABOUT_MAX = 300
RUBBISH = (b"", b"{", b"[]", b"\xff")
"""What strangers put on the bus."""
_TALLY = ("applied", "duplicate", "ignored", "parked", "dead_lettered")


class Request(Protocol):
    """What a client asked for and what it was answered."""

    keyed: bool
    answers: list[bytes]

    @property
    def command_id(self) -> UUID: ...


def must(holds: object, promise: str, *about: object) -> None:
    """Raise if a promise is broken. `about` says where, and what was found instead."""
    if not holds:
        raise BrokenPromiseError(": ".join([promise, *(str(one)[:ABOUT_MAX] for one in about)]))


def watch_outbox(database: Database, broker: Broker) -> None:
    """From now on, nothing may leave the outbox before the broker has it."""

    def hear(transaction: Transaction) -> None:
        for (table, key), row in transaction.changes.items():
            owed = database.tables["outbox"].get(key) if table == "outbox" and row is None else None
            if owed is not None:
                bytes_ = _owed_bytes(database, owed)
                log = broker.logs[Place(owed["topic"], owed["partition"])]
                must(any(kept.value == bytes_ for kept in log), "what is marked as published is on the bus", owed)

    database.at_commit.append(hear)


def _owed_bytes(database: Database, owed: Row) -> bytes:
    table = "event_once" if owed["kind"] == "event" else "message"
    body: bytes = database.tables[table][(owed["ref"],)]["body"]
    return body


def consumed(database: Database, group: str, broker: Broker, places: Sequence[Place]) -> bool:
    """Whether a group has come to the end of its partitions."""
    checkpoints = database.tables["checkpoint"]
    return all(
        len(log) == 0 or checkpoints.get((group, place.topic, place.partition), {}).get("next_offset") == len(log)
        for place, log in ((place, broker.logs[place]) for place in places)
    )


def streams_are_whole(database: Database) -> None:
    """Versions without gap, each hash over the one before, each head at its newest event."""
    streams: dict[str, list[Row]] = defaultdict(list)
    for row in database.rows("event"):
        streams[row["stream"]].append(row)
    for stream, rows in streams.items():
        digest = b""
        for version, row in enumerate(rows, 1):
            digest = sha256(digest + row["body"]).digest()
            must(
                row["version"] == version == orjson.loads(row["body"])["sequence"],
                "versions count from one without gap",
                stream,
                version,
            )
            must(row["hash"] == digest, "every hash covers everything before it", stream, version)
        head = database.tables["stream_head"][(stream,)]
        must((head["version"], head["hash"]) == (len(rows), digest), "the head is the newest event", stream, head)


def asked_once(database: Database, asked: Sequence[Request]) -> None:
    """Every request has one event, and one answer however often it was asked."""
    ids = [row["id"] for row in database.rows("event")]
    must(sorted(ids) == sorted(uuid5(one.command_id, "command/0") for one in asked), "one event for each request")
    for one in asked:
        must(len(set(one.answers)) == 1, "the first answer is the answer", one)
        must(not one.keyed or one.answers[0], "the answer names what happened", one)


def published(database: Database, broker: Broker, disordered: Set[str] = frozenset()) -> None:
    """Every event and message is on the bus, the first occurrences of a journey's events in order (but for `disordered` keys).

    And the relay's tallies are exact.
    """
    counted: dict[Place, int] = defaultdict(int)
    order: dict[tuple[Place, str], list[bytes]] = defaultdict(list)
    for row in database.rows("event"):
        place = Place(row["topic"], row["partition"])
        counted[place] += 1
        order[place, row["key"]].append(row["body"])
    for (place, key), bodies in order.items():
        firsts = list(dict.fromkeys(kept.value for kept in broker.logs[place] if kept.key == key.encode()))
        must(sorted(firsts) == sorted(bodies), "none of a journey's events is missing, and no other is there", place, key)
        must(firsts == bodies or key in disordered, "a journey's events appear in order", place, key)
    for place, count in counted.items():
        told = database.tables["published"][(place.topic, place.partition)]
        must(told["records"] == count, "appended = published + waiting", place, told, count)
        must(told["end_offset"] <= len(broker.logs[place]), "the end that is promised exists", place, told)
    _messages_published(database, broker)


def _messages_published(database: Database, broker: Broker) -> None:
    said: dict[str, list[bytes]] = defaultdict(list)
    for row in database.rows("message"):
        said[row["topic"]].append(row["body"])
    for topic, bodies in said.items():
        there = {kept.value for place, log in broker.logs.items() if place.topic == topic for kept in log}
        must(there == set(bodies), "none of the messages is missing, and no other is there", topic)
        told = sum(row["records"] for row in database.rows("published") if row["topic"] == topic)
        must(told == len(bodies), "said = published + waiting", topic, told, len(bodies))


def watermarks_hold(database: Database, broker: Broker, service: str) -> None:
    """Every event recorded before a promise lies below the offsets that the promise names."""
    firsts: dict[bytes, int] = {}
    for log in list(broker.logs.values()):
        for kept in log:
            firsts.setdefault(kept.value, kept.offset)
    events = [(row["recorded"], row["topic"], str(row["partition"]), firsts[row["body"]]) for row in database.rows("event")]
    for kept in broker.logs[Place(WATERMARKS, 0)]:
        mark: dict[str, Any] = orjson.loads(kept.value)
        if mark["service"] == service:
            complete_to = datetime.fromisoformat(mark["complete_to"])
            for recorded, topic, partition, offset in events:
                if recorded < complete_to:
                    end = mark["end_offsets"].get(topic, {}).get(partition, 0)
                    must(
                        offset < end,
                        "a watermark claims no more than is published",
                        mark,
                        f"{recorded} at {topic}/{partition}/{offset}",
                    )


def reacted_once(source: Database, target: Database, interested: frozenset[str]) -> None:
    """One reaction for each event of interest, in the order of its journey, and the heads seen are those of the source."""
    heard: dict[str, list[str]] = defaultdict(list)
    for row in target.rows("event"):
        heard[row["key"]].append(orjson.loads(row["body"])["causationid"])
    causes: dict[str, list[str]] = defaultdict(list)
    heads: dict[str, int] = {}
    for row in source.rows("event"):
        heads[row["key"]] = row["version"]
        if row["type"] in interested:
            causes[row["key"]].append(str(row["id"]))
    for key in sorted(heard | causes):
        must(heard[key] == causes[key], "every event is applied exactly once, in order", key, f"{heard[key]} for {causes[key]}")
    seen = {row["key"]: row["version"] for row in target.rows("seen_head")}
    must(seen == heads, "the heads seen are those of the source", seen, heads)


def conserved(database: Database, group: str, broker: Broker, places: Sequence[Place]) -> None:
    """Every record consumed became exactly one thing, and nothing else was counted."""
    for place in places:
        log = broker.logs[place]
        row = database.tables["checkpoint"].get((group, place.topic, place.partition))
        if row is None:
            must(not log, "a partition with records has a checkpoint", place)
            continue
        must(row["next_offset"] == len(log) == row["consumed"], "every offset is consumed once", len(log), row)
        must(row["consumed"] == sum(row[name] for name in _TALLY), "consumed is the sum of what became of it", row)
        events = [kept.value for kept in log if not is_rubbish(kept.value)]
        repeated = len(events) - len(set(events))
        must(row["duplicate"] == repeated, "what is not new is a duplicate, and nothing else is", repeated, row)
        dead = len(log) - len(events)
        must(row["dead_lettered"] == dead, "what is no event is a dead letter, and nothing else is", dead, row)


def is_rubbish(value: bytes) -> bool:
    """Whether these are the bytes of no event at all."""
    return value in RUBBISH


def each_dead_letter_told(database: Database, broker: Broker, places: Sequence[Place]) -> None:
    """Every record that is no event is told to operators once, on the topic for it."""
    dead = sum(is_rubbish(kept.value) for place in places for kept in broker.logs[place])
    letters = [row for row in database.rows("message") if row["topic"] == dead_letters(database.name)]
    must(len(letters) == dead, "each dead letter is told once", dead, len(letters))
