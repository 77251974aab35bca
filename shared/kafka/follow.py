"""Following a topic from its beginning without a group: for small topics that every process reads whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiokafka import TopicPartition

from shared.kafka.batches import STOP_S, broker_words
from shared.kafka.clients import consumer, let_go, require_fetching

WAIT_MS = 200


async def follow(bootstrap: str, topic: str, client_id: str, stop: asyncio.Event) -> AsyncIterator[tuple[bytes, bytes]]:
    """(key, value) of every record of partition 0 of `topic` from the beginning on, until `stop`.

    Raises `UnavailableError` when the broker is away; begin again then.
    """
    client = consumer(bootstrap, None, client_id)
    try:
        with broker_words():
            await client.start()
            place = TopicPartition(topic, 0)
            client.assign([place])
            await client.seek_to_beginning(place)
        while not stop.is_set():
            with broker_words():
                require_fetching(client)
                fetched = await client.getmany(timeout_ms=WAIT_MS)
            for records in fetched.values():
                for record in records:
                    yield record.key or b"", record.value or b""
    finally:
        await let_go(client, STOP_S)
