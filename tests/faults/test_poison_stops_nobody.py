"""Promise: whatever stands in a topic is accounted for: it waits with its journey or becomes a dead letter, and the rest flows."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import orjson
import pytest
from aiokafka import TopicPartition

from deploy.local.population import PORTAL
from shared.contracts.topics import APPROVAL_EVENTS, CATALOGUE_EVENTS, INTAKE_EVENTS, NOTIFY_EVENTS, submissions
from shared.kafka.clients import consumer, producer
from tests.faults.living import Living, until

HEARD_S = 30.0
PUT_BY = ("duplicate", "parked", "dead_lettered")
"""What becomes of copies; those of what was put by before are put by again."""
RUBBISH = (b"\xff\xfe\x00", b"", b"{", b"[]", b"null", b'{"type": 3}', b'"' + b"x" * 200_000 + b'"', b"[" * 5_000)


def forged(journey: str, **changes: Any) -> bytes:
    """An event that no service recorded."""
    made: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "intake",
        "type": "gov.intake.journey-opened.v1",
        "subject": f"journey-{journey}",
        "sequence": 1,
        "journey": journey,
        "time": "2026-03-09T01:00:00.000000Z",
        "recordedtime": "2026-03-09T01:00:00.000000Z",
        "knowntime": "2026-03-09T01:00:00.000000Z",
        "data": {},
    }
    return orjson.dumps(made | changes)


async def put(kafka: str, topic: str, values: list[tuple[bytes | None, bytes]]) -> None:
    speaker = producer(kafka, "poison")
    await speaker.start()
    for key, value in values:
        await speaker.send_and_wait(topic, value, key=key, partition=0)
    await speaker.stop()


def accounted(living: Living, service: str, *what: str) -> int:
    told = living.get(service, "/v1/conservation")
    return -1 if told is None else sum(row[name] for row in told["consumed"] for name in what)


@pytest.mark.parametrize("topic", [CATALOGUE_EVENTS, INTAKE_EVENTS, APPROVAL_EVENTS, NOTIFY_EVENTS])
def test_rubbish_in_a_topic_of_events_becomes_dead_letters(living: Living, topic: str) -> None:
    before = accounted(living, "metrics", "dead_lettered")

    asyncio.run(put(living.found.kafka, topic, [(b"key", value) for value in RUBBISH]))

    until(lambda: accounted(living, "metrics", "dead_lettered") == before + len(RUBBISH), HEARD_S, "dead letters")
    living.agrees()


def test_a_forged_event_waits_with_its_own_journey_and_stops_no_other(living: Living) -> None:
    journeys = [*(str(uuid4()) for _ in range(4)), "nul\0nul"]
    broken = (
        forged(journeys[0]),
        forged(journeys[1], sequence=7),
        forged(journeys[2], type="gov.intake.journey-opened.v99", sequence=3),
        forged(journeys[3], sequence=2**62),
        forged("nul\0nul", sequence=2),
    )
    before = accounted(living, "metrics", "parked", "dead_lettered")

    asyncio.run(put(living.found.kafka, INTAKE_EVENTS, [(j.encode(), b) for j, b in zip(journeys, broken, strict=True)]))

    until(lambda: accounted(living, "metrics", "parked", "dead_lettered") == before + len(broken), HEARD_S, "put by")
    living.agrees()


def test_rubbish_in_a_partners_topic_is_refused_message_by_message(living: Living) -> None:
    before = accounted(living, "intake", "dead_lettered")

    asyncio.run(put(living.found.kafka, submissions(PORTAL), [(b"key", value) for value in RUBBISH]))

    until(lambda: accounted(living, "intake", "dead_lettered") == before + len(RUBBISH), HEARD_S, "refusals")
    living.agrees()


def test_every_record_twice_changes_nothing(living: Living) -> None:
    before = accounted(living, "metrics", *PUT_BY)
    copied = asyncio.run(_copy_all(living.found.kafka))

    until(lambda: accounted(living, "metrics", *PUT_BY) >= before + copied > before, HEARD_S, "all copies put by")
    living.agrees()


async def _copy_all(kafka: str) -> int:
    """Append what the topics hold to themselves, in their order, as a broker's client does that missed an acknowledgement."""
    reader, speaker = consumer(kafka, None, "twice"), producer(kafka, "twice")
    places = [TopicPartition(topic, n) for topic in (INTAKE_EVENTS, APPROVAL_EVENTS, NOTIFY_EVENTS) for n in range(12)]
    reader.assign(places)
    await reader.start()
    await speaker.start()
    ends = await reader.end_offsets(places)
    copied = 0
    for place in places:
        reader.seek(place, 0)
    waiting = {place for place in places if ends[place]}
    while waiting:
        for place, records in (await reader.getmany(timeout_ms=200)).items():
            for record in records:
                if record.offset < ends[place]:
                    await speaker.send(
                        place.topic, record.value, key=record.key, partition=place.partition, headers=list(record.headers)
                    )
                    copied += 1
            if records[-1].offset + 1 >= ends[place]:
                waiting.discard(place)
                reader.pause(place)
    await speaker.stop()
    await reader.stop()
    return copied
