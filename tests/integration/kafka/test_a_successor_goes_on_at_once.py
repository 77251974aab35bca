"""Promise: whoever takes the place of a killed process goes on before the dead one's session would have ended."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from shared.contracts.topics import TOPICS, WATERMARKS, Topic
from shared.eventsourcing.claims import Claim
from shared.eventsourcing.records import Place, Record
from shared.kafka.admin import end_offsets, ensure_topics
from shared.kafka.clients import CONSUMER, producer
from shared.kafka.consumer import ConsumerLoop
from tests.conftest import within

PLACE = Place(WATERMARKS, 0)
_MEMBER = """
import asyncio, sys
from shared.kafka.clients import consumer
from shared.contracts.topics import WATERMARKS

async def main(bootstrap, group):
    member = consumer(bootstrap, group, "to-be-killed", "one")
    member.subscribe(topics=[WATERMARKS])
    await member.start()
    while not member.assignment():
        await asyncio.sleep(0.05)
    print("assigned", flush=True)
    await asyncio.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""

_EARLY_MEMBER = """
import asyncio, sys
from aiokafka import ConsumerRebalanceListener
from shared.kafka.clients import consumer

class Told(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked): ...
    def on_partitions_assigned(self, assigned): print("assigned", flush=True)

async def main(bootstrap, group, pattern):
    member = consumer(bootstrap, group, "to-be-killed", "one")
    member.subscribe(pattern=pattern, listener=Told())
    await member.start()
    await asyncio.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""


class Heard:
    """Takes what comes, in memory."""

    def __init__(self, group: str, start: int) -> None:
        self.group = group
        self.something = asyncio.Event()
        self._start = start

    async def claim(self, places: Sequence[Place]) -> dict[Place, Claim]:
        return {place: Claim(self._start if place == PLACE else 0, 1) for place in places}

    async def apply(self, slices: Mapping[Place, tuple[Claim, Sequence[Record]]]) -> dict[Place, Claim]:
        self.something.set()
        return {place: Claim(records[-1].offset + 1, held.epoch) for place, (held, records) in slices.items()}


async def test_the_successor_of_a_killed_member_takes_its_partitions_at_once(kafka: str) -> None:
    await ensure_topics(kafka, TOPICS)
    group = f"g-{uuid4().hex[:8]}"
    member = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _MEMBER, kafka, group, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert member.stdout is not None
    async with within(30):
        assert await member.stdout.readline() == b"assigned\n"
    member.kill()
    await member.wait()
    heard = Heard(group, (await end_offsets(kafka, [PLACE]))[PLACE])
    stop = asyncio.Event()

    following = asyncio.create_task(ConsumerLoop(kafka, heard, topics=[WATERMARKS], instance="one").run(stop))
    speaker = producer(kafka, "test")
    await speaker.start()
    await speaker.send_and_wait(WATERMARKS, b"news", b"k")
    async with within(CONSUMER["session_timeout_ms"] / 2_000):
        await heard.something.wait()

    await speaker.stop()
    stop.set()
    await following


async def test_a_topic_that_the_killed_member_never_saw_is_read_by_its_successor(kafka: str) -> None:
    mark = uuid4().hex[:8]
    topic = Topic(f"gov.portal.late-{mark}.submissions.v1", "portal", ("intake",), partitions=1)
    group, pattern = f"g-{mark}", rf"^gov\.portal\.late-{mark}\."
    member = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _EARLY_MEMBER, kafka, group, pattern, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert member.stdout is not None
    async with within(30):
        assert await member.stdout.readline() == b"assigned\n"
    member.kill()
    await member.wait()
    await ensure_topics(kafka, [topic])
    speaker = producer(kafka, "test")
    await speaker.start()
    await speaker.send_and_wait(topic.name, b"news", b"k")
    heard, stop = Heard(group, 0), asyncio.Event()

    following = asyncio.create_task(ConsumerLoop(kafka, heard, pattern=pattern, instance="one").run(stop))
    async with within(CONSUMER["session_timeout_ms"] / 1_000):
        await heard.something.wait()

    await speaker.stop()
    stop.set()
    await following
