"""Exact bytes at a place and offset, for evidence."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.records import Place
from shared.kafka.clients import consumer, let_go

DEADLINE_S = 10.0
RECORDS_A_SECOND = 5_000
"""How many wanted records a reader may expect each second; more of them get more time."""
WORTH_A_SEEK = 2_000
"""Reading on over this many records is cheaper than asking for another position."""
Wanted = Sequence[tuple[Place, int]]


class StoredRecord(NamedTuple):
    """The bytes at an offset, and the chained checksum that their relay wrote beside them, in hexadecimal digits."""

    body: bytes
    chain: str | None


Stored = dict[tuple[Place, int], StoredRecord]


async def fetch_records(bootstrap: str, wanted: Wanted) -> dict[tuple[Place, int], bytes]:
    """The value bytes at each (place, offset). Raises `UnavailableError` if they cannot all be read in time."""
    return {at: record.value for at, record in (await fetch_whole(bootstrap, wanted)).items()}


async def fetch_stored(bootstrap: str, wanted: Wanted, within_s: float = DEADLINE_S) -> Stored:
    """The same with each record's chained checksum."""
    found = await fetch_whole(bootstrap, wanted, within_s)
    return {at: StoredRecord(record.value, _chain(record.headers)) for at, record in found.items()}


def _chain(headers: Sequence[tuple[str, bytes]]) -> str | None:
    return next((value.decode("ascii", "replace") for name, value in headers if name == "hash"), None)


async def fetch_whole(bootstrap: str, wanted: Wanted, within_s: float = DEADLINE_S) -> dict[tuple[Place, int], Any]:
    """The same with keys, headers and times: the client's own records.

    A broker that is silent is waited for `within_s` seconds, and its client is let go within two thirds of that.
    """
    if not wanted:
        return {}
    client = consumer(bootstrap, None, "runonce-evidence")
    try:
        async with asyncio.timeout(within_s + len(wanted) / RECORDS_A_SECOND):
            await client.start()
            return await _read(client, wanted)
    except (TimeoutError, KafkaError, OSError):
        raise UnavailableError("evidence-not-read") from None
    finally:
        await let_go(client, within_s / 3)


async def _read(client: AIOKafkaConsumer, wanted: Wanted) -> dict[tuple[Place, int], Any]:
    waiting: dict[Place, set[int]] = defaultdict(set)
    for place, offset in wanted:
        waiting[place].add(offset)
    client.assign([TopicPartition(place.topic, place.partition) for place in waiting])
    for place, offsets in waiting.items():
        client.seek(TopicPartition(place.topic, place.partition), min(offsets))
    found: dict[tuple[Place, int], Any] = {}
    while waiting:
        for tp, records in (await client.getmany(timeout_ms=200, max_records=2_000)).items():
            place = Place(tp.topic, tp.partition)
            offsets = waiting.get(place, set())
            for record in records:
                if record.offset in offsets:
                    offsets.discard(record.offset)
                    found[place, record.offset] = record
            _go_on(client, tp, place, waiting, records[-1].offset + 1)
    return found


def _go_on(client: AIOKafkaConsumer, tp: TopicPartition, place: Place, waiting: dict[Place, set[int]], position: int) -> None:
    offsets = waiting.get(place)
    if not offsets:
        waiting.pop(place, None)
        client.pause(tp)
    elif (following := min(offsets)) < position or following > position + WORTH_A_SEEK:
        client.seek(tp, following)
