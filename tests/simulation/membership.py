"""Consumer groups in memory: members join, die, are given up and come back, and each hears of it in its own time.

A member that was frozen goes on with what it believed to own. Every new assignment forgets all positions, as the library
does; then a read begins at the group's committed offset, or fails if there is none.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError, KafkaConnectionError, KafkaError, NoOffsetForPartitionError

from shared.eventsourcing.records import Place
from tests.simulation.broker import Broker, Kept
from tests.simulation.world import Process

SESSION_S = 0.4
HEARS_WITHIN_S = 0.1
ASTRAY = 0.01


class Listener(Protocol):
    """Hears of rebalances."""

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None: ...
    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None: ...


class Group:
    """One consumer group: who is in it by the broker's word, and what was committed."""

    def __init__(self, broker: Broker, places: Sequence[Place]) -> None:
        self.broker = broker
        self.members: list[SimulatedConsumer] = []
        self.committed: dict[Place, int] = {}
        self.generation = 0
        self._places = sorted(places)

    def join(self, member: SimulatedConsumer) -> None:
        """Take a member in."""
        if member not in self.members:
            self.members.append(member)
        self._rebalance()

    def leave(self, member: SimulatedConsumer) -> None:
        """Give a member up."""
        if member in self.members:
            self.members.remove(member)
            self._rebalance()

    def _rebalance(self) -> None:
        partitions = sorted({place.partition for place in self._places})
        count = len(self.members)
        self.generation += 1
        for index, member in enumerate(self.members):
            mine = set(partitions[index * len(partitions) // count : (index + 1) * len(partitions) // count])
            places = [place for place in self._places if place.partition in mine and member.reads(place.topic)]
            delay = self.broker.world.chance.random() * HEARS_WITHIN_S
            self.broker.world.loop.call_later(delay, member.hear, self.generation, tuple(places))


class SimulatedConsumer:
    """The part of aiokafka's consumer that the project uses."""

    def __init__(self, group: Group, process: Process) -> None:
        self._group = group
        self._broker = group.broker
        self._world = group.broker.world
        self._process = process
        self._topics: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None
        self._listener: Listener | None = None
        self._assigned: frozenset[TopicPartition] = frozenset()
        self._positions: dict[TopicPartition, int | None] = {}
        self._open = False
        self._generation = 0
        self._heard = asyncio.Event()
        process.at_end.append(self._end)
        process.at_freeze.append(self._freeze)

    def subscribe(self, topics: Sequence[str] = (), pattern: str | None = None, listener: Listener | None = None) -> None:
        """Say what to read and who hears of rebalances."""
        self._topics = frozenset(topics)
        self._pattern = None if pattern is None else re.compile(pattern)
        self._listener = listener

    def reads(self, topic: str) -> bool:
        """Whether it subscribed to this topic."""
        return topic in self._topics if self._pattern is None else bool(self._pattern.match(topic))

    async def start(self) -> None:
        """Join the group and wait for the first assignment."""
        await self._world.reach(self._process, "consumer start", KafkaConnectionError)
        if self._broker.away:
            raise KafkaConnectionError
        self._open = True
        self._group.join(self)
        await self._heard.wait()

    async def stop(self) -> None:
        """Leave the group."""
        self._open = False
        self._heard.set()
        self._group.leave(self)
        await self._world.reach(self._process, "consumer stop", KafkaError)

    def _end(self) -> None:
        self._open = False
        self._heard.set()
        self._world.loop.call_later(SESSION_S, self._group.leave, self)

    def _freeze(self, seconds: float) -> None:
        if seconds > SESSION_S and self._open:
            self._world.loop.call_later(SESSION_S, self._group.leave, self)
            self._world.loop.call_later(seconds + self._world.chance.random() * HEARS_WITHIN_S, self._come_back)

    def _come_back(self) -> None:
        if self._open:
            self._group.join(self)

    def hear(self, generation: int, places: Sequence[Place]) -> None:
        """Take a new assignment, as soon as somebody is there to hear of it; an old one is no news."""
        if not self._open or generation < self._generation:
            return
        if self._process.frozen:
            self._world.loop.call_at(self._process.thaws_at, self.hear, generation, places)
            return
        self._generation = generation
        self._world.note(self._process.name, f"hears that {len(places)} partitions are its own")
        assert self._listener is not None
        self._listener.on_partitions_revoked(self._assigned)
        self._assigned = frozenset(TopicPartition(place.topic, place.partition) for place in places)
        self._positions = {tp: self._group.committed.get(Place(tp.topic, tp.partition)) for tp in sorted(self._assigned)}
        self._listener.on_partitions_assigned(self._assigned)
        self._heard.set()

    def assignment(self) -> frozenset[TopicPartition]:
        """What it believes to own."""
        return self._assigned

    def subscription(self) -> frozenset[str]:
        """The topics it reads; here nobody is given what somebody else had, so nothing is ever left out."""
        return frozenset(tp.topic for tp in self.assignment())

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Read on from there."""
        if tp not in self._assigned:
            raise IllegalStateError(f"no current assignment for {tp}")
        self._positions[tp] = offset

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Nothing is ever forgotten here."""
        await self._world.reach(self._process, "beginning offsets", KafkaError)
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Where the next record will stand."""
        await self._world.reach(self._process, "end offsets", KafkaError)
        return {tp: len(self._broker.logs[Place(tp.topic, tp.partition)]) for tp in partitions}

    def highwater(self, tp: TopicPartition) -> int:
        """Where the partition ends."""
        return len(self._broker.logs[Place(tp.topic, tp.partition)])

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Tell the group how far it is."""
        await self._world.reach(self._process, "offset commit", KafkaError)
        self._group.committed.update({Place(tp.topic, tp.partition): offset for tp, offset in offsets.items()})

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[Kept]]:
        """Some records of some partitions, in order within each; none if nothing comes in time."""
        await self._world.reach(self._process, "poll", KafkaConnectionError)
        fetched = self._fetch(max_records, partitions)
        if not fetched:
            await self._wait(timeout_ms / 1000)
            fetched = self._fetch(max_records, partitions)
        # Whatever is cut off here was read by the client and is nowhere remembered but in its position.
        await self._world.reach(self._process, "polled", KafkaConnectionError)
        return fetched

    async def _wait(self, seconds: float) -> None:
        woken: asyncio.Future[Any] = asyncio.ensure_future(self._broker.moved.wait())
        await asyncio.wait([woken], timeout=seconds)
        woken.cancel()

    def _fetch(self, records_max: int | None, wanted: Collection[TopicPartition]) -> dict[TopicPartition, list[Kept]]:
        if self._broker.away:
            return {}
        if any(position is None for position in self._positions.values()):
            raise NoOffsetForPartitionError
        chance, found = self._world.chance, dict[TopicPartition, list[Kept]]()
        ready = [tp for tp in sorted(self._positions) if self._lag(tp) > 0 and (not wanted or tp in wanted)]
        if self._world.stormy:
            chance.shuffle(ready)
            ready = ready[: chance.randint(1, len(ready))] if ready else ready
        left = 1_000_000 if records_max is None else records_max
        for tp in ready:
            position = self._positions[tp]
            assert position is not None
            if self._world.stormy and chance.random() < ASTRAY:
                # A fetch that was on its way before the last seek.
                position = chance.randint(0, position)
            count = min(left, chance.choice((1, 4, 16)))
            records = self._broker.logs[Place(tp.topic, tp.partition)][position : position + count]
            if records:
                found[tp] = records
                self._positions[tp] = records[-1].offset + 1
                left -= len(records)
            if left == 0:
                break
        return found

    def _lag(self, tp: TopicPartition) -> int:
        return len(self._broker.logs[Place(tp.topic, tp.partition)]) - (self._positions[tp] or 0)
