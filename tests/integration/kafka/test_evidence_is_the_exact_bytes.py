"""What stands at a place in a topic is found there, byte for byte."""

from __future__ import annotations

from shared.contracts.topics import TOPICS, WATERMARKS
from shared.eventsourcing.records import Place
from shared.kafka.admin import cluster_id, ensure_topics
from shared.kafka.clients import producer
from shared.kafka.fetch import fetch_records


async def test_evidence_is_the_exact_bytes_at_their_offset(kafka: str) -> None:
    await ensure_topics(kafka, TOPICS)
    sender = producer(kafka, "test")
    await sender.start()
    told = [await sender.send_and_wait(WATERMARKS, f"v{n}".encode(), b"test-evidence") for n in range(5)]
    await sender.stop()

    places = [(Place(WATERMARKS, 0), record.offset) for record in told]
    found = await fetch_records(kafka, places)

    assert [found[place] for place in places] == [b"v0", b"v1", b"v2", b"v3", b"v4"]
    assert await cluster_id(kafka)
