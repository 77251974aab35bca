"""A broker in memory and producers that treat their callers as badly as the real ones may.

Within one producer a partition's records stay in order, and after one that failed none gets through (idempotent producers
do that). Acknowledgements get lost, sends hang, records arrive after their producer was given up, and now and then one
arrives twice.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError, NotLeaderForPartitionError

from shared.eventsourcing.records import Place
from tests.simulation.world import TICK_S, Process, World

TWICE = 0.03
HANGS = 0.01
FAILS = 0.02
UNTOLD = 0.02
BATCH_MAX = 3
"""So few records fill a batch here that a slice of the outbox often needs several."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One record as the broker keeps it."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    timestamp: int = 0


class Told(NamedTuple):
    """What a producer is told of a batch that was kept: the offset of its first record."""

    offset: int


class SimulatedBatch:
    """Records that arrive together or not at all."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes, bytes]] = []

    def append(self, *, timestamp: int | None, key: bytes, value: bytes, headers: Sequence[Any] = ()) -> object | None:
        """Take one more record; None if the batch is full."""
        if len(self.records) == BATCH_MAX:
            return None
        self.records.append((key, value))
        return self


class _Parcel(NamedTuple):
    place: Place
    records: list[tuple[bytes, bytes]]
    told: asyncio.Future[Told]
    untold: bool


class Broker:
    """The logs of all partitions."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.logs: dict[Place, list[Kept]] = defaultdict(list)
        self.moved = asyncio.Event()
        self.away_until = 0.0

    @property
    def away(self) -> bool:
        """Whether nobody can reach it now."""
        return self.away_until > self.world.loop.time() + TICK_S

    def go_away(self, seconds: float) -> None:
        """Be out of reach for a while."""
        self.away_until = self.world.loop.time() + seconds
        self.world.note("broker", f"is away for {seconds} s")

    def append(self, place: Place, key: bytes, value: bytes) -> None:
        """Keep one record."""
        self.keep(place, [(key, value)])

    def keep(self, place: Place, records: Sequence[tuple[bytes, bytes]]) -> int:
        """Keep a batch and return the offset of its first record; the seed may keep it twice."""
        twice = self.world.stormy and self.world.chance.random() < TWICE
        log = self.logs[place]
        for _ in range(1 + twice):
            first = len(log)
            for key, value in records:
                kept = Kept(place.topic, place.partition, len(log), key, value)
                log.append(kept)
                if self.world.tells:
                    told = key.decode(errors="replace")
                    self.world.note("broker", f"keeps {place.topic}/{place.partition}/{kept.offset} of {told}")
        self.moved.set()
        self.moved = asyncio.Event()
        return first


class SimulatedProducer:
    """The part of aiokafka's producer that the relay uses."""

    def __init__(self, broker: Broker, process: Process) -> None:
        self._broker = broker
        self._world = broker.world
        self._process = process
        self._broken: dict[Place, str] = {}
        self._cut: set[Place] = set()
        self._under_way: dict[Place, deque[_Parcel]] = defaultdict(deque)
        self._open = True

    async def start(self) -> None:
        """Connect."""
        await self._world.reach(self._process, "producer start", KafkaConnectionError)
        if self._broker.away:
            raise KafkaConnectionError

    async def stop(self) -> None:
        """Disconnect; what is on its way may still arrive."""
        await self._world.reach(self._process, "producer stop", KafkaError)
        self._open = self._world.chance.random() < 0.5

    async def partitions_for(self, topic: str) -> set[int]:
        """Every topic exists here."""
        await self._world.reach(self._process, "metadata", KafkaTimeoutError)
        return {place.partition for place in self._broker.logs if place.topic == topic}

    def create_batch(self) -> SimulatedBatch:
        """An empty batch."""
        return SimulatedBatch()

    async def send_batch(self, batch: SimulatedBatch, topic: str, *, partition: int) -> asyncio.Future[Told]:
        """Send a batch; the future tells what became of it, if anybody ever hears."""
        await self._world.reach(self._process, "send", KafkaTimeoutError)
        place = Place(topic, partition)
        told: asyncio.Future[Told] = self._world.loop.create_future()
        fate = self._broken.get(place) or self._fate()
        if fate in ("fails", "hangs"):
            self._broken[place] = fate
        if fate == "fails":
            self._world.note(self._process.name, f"send to {place} fails")
            self._world.loop.call_soon(_refuse, told)
        elif fate != "hangs":
            self._deliver_later(_Parcel(place, batch.records, told, fate == "untold"))
        return told

    async def send_and_wait(self, topic: str, value: bytes, key: bytes) -> Told:
        """Send one record and wait for its acknowledgement."""
        batch = self.create_batch()
        batch.append(timestamp=None, key=key, value=value)
        told = await (await self.send_batch(batch, topic, partition=0))
        await self._world.reach(self._process, "sent", KafkaTimeoutError)
        return told

    def _fate(self) -> str:
        if not self._world.stormy:
            return "arrives"
        roll = self._world.chance.random()
        for chance, fate in ((HANGS, "hangs"), (FAILS, "fails"), (UNTOLD, "untold")):
            if roll < chance:
                self._world.faults += 1
                return fate
            roll -= chance
        return "arrives"

    def _deliver_later(self, parcel: _Parcel) -> None:
        self._under_way[parcel.place].append(parcel)
        self._world.loop.call_later(self._world.chance.random() * 0.004, self._arrive, parcel.place)

    def _arrive(self, place: Place) -> None:
        """Let the oldest parcel under way arrive: whatever the timers do, records keep their order."""
        loop = self._world.loop
        wait_s = max(self._process.thaws_at if self._process.alive else 0.0, self._broker.away_until) - loop.time()
        if wait_s > TICK_S:
            loop.call_later(wait_s, self._arrive, place)
            return
        parcel = self._under_way[place].popleft()
        if self._gets_through(place):
            first = self._broker.keep(place, parcel.records)
            if not parcel.untold:
                loop.call_soon(_tell, parcel.told, first)

    def _gets_through(self, place: Place) -> bool:
        if place in self._cut:
            return False
        if not (self._open and self._process.alive) and self._world.chance.random() < 0.5:
            # Of what was on its way, a part gets through: always the first part.
            self._cut.add(place)
            return False
        return True


def _tell(told: asyncio.Future[Told], offset: int) -> None:
    if not told.done():
        told.set_result(Told(offset))


def _refuse(told: asyncio.Future[Told]) -> None:
    if not told.done():
        told.set_exception(NotLeaderForPartitionError())
        # Nobody may ever ask.
        told.exception()
