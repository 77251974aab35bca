"""Exact bytes at a place and offset, for evidence."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import TopicPartition

from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.records import Place
from shared.kafka.clients import consumer

DEADLINE_S = 10.0


async def fetch_records(bootstrap: str, wanted: Sequence[tuple[Place, int]]) -> dict[tuple[Place, int], bytes]:
    """The value bytes at each (place, offset). Raises `UnavailableError` if they cannot all be read in ten seconds."""
    client = consumer(bootstrap, None, "runonce-evidence")
    found: dict[tuple[Place, int], bytes] = {}
    await client.start()
    try:
        async with asyncio.timeout(DEADLINE_S):
            for place in sorted({place for place, _ in wanted}):
                offsets = sorted(offset for at, offset in wanted if at == place)
                tp = TopicPartition(place.topic, place.partition)
                client.assign([tp])
                for offset in offsets:
                    if (place, offset) not in found:
                        client.seek(tp, offset)
                    while (place, offset) not in found:
                        for records in (await client.getmany(tp, timeout_ms=200, max_records=500)).values():
                            found.update({(place, r.offset): r.value for r in records})
    except TimeoutError:
        raise UnavailableError("evidence-not-read") from None
    finally:
        await client.stop()
    return {key: found[key] for key in wanted}
