"""The relay: what the outbox owes goes to Kafka, in order per partition, and leaves the outbox after the acknowledgement.

Sending again is harmless, losing is not. So a row is forgotten only when the broker acknowledged it and everything
before it in its partition; on any doubt the producer is dropped and the table is read anew.

A place that fails while others do not waits by itself (`aside`). When it is asked again only its oldest row is sent, and nobody
waits for the answer. Where every place fails it is the broker, and everything waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError, UnknownTopicOrPartitionError

from shared.contracts.base import wire_time
from shared.contracts.topics import EVENT_TOPICS, WATERMARKS
from shared.contracts.wire import CONTENT_TYPE
from shared.eventsourcing.claims import Outgoing
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.eventsourcing.records import Place
from shared.kafka.aside import Aside
from shared.kafka.clients import let_go, producer
from shared.telemetry.clock import rest

LEASE_S = 5.0
POLL_S = 0.05
SLICE_MAX = 4_000
SINGLY_MAX = 200
SEND_DEADLINE_S = 15.0
STOP_DEADLINE_S = 5.0
SPOILED_DEADLINE_S = 0.5
"""How long a producer may take to end that one place spoiled: others wait for the next one."""
LATE_S = 5.0
"""How much later than the first place any other may be acknowledged."""
BACK_OFF_S = (0.1, 5.0)
WATERMARK_S = 0.25
WATERMARK_BUSY_S = 1.0
"""While a backlog is published, what is complete moves slowly, and nobody waits for it."""
MARK_S = 1.0
"""How long a watermark may take after one that failed: nobody waits for it, but everything waits behind it."""
KNOWN_S = 1.0
"""How long the broker may take to say that it knows a topic."""
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
_CONTENT_TYPE = CONTENT_TYPE.encode()
_MARKS = Place(WATERMARKS, 0)
_log = logging.getLogger(__name__)


class OutboxPort(Protocol):
    """What the relay needs of an outbox; `shared.postgres.outbox.Outbox` is one."""

    async def lease(self, holder: str, ttl_s: float) -> int | None: ...
    async def slice(
        self,
        limit: int,
        without: Sequence[str] = (),
        without_journeys: Sequence[tuple[str, str]] = (),
        without_places: Sequence[Place] = (),
    ) -> list[Outgoing]: ...
    async def acknowledge(self, epoch: int, positions: Sequence[int], end_offsets: Mapping[Place, int]) -> bool: ...
    async def complete_to(self) -> datetime | None: ...
    async def end_offsets(self) -> dict[str, dict[int, int]]: ...


class _SendFailedError(Exception):
    """The broker did not acknowledge everything; what is unknown stays in the outbox."""


class _Parcel(NamedTuple):
    """A batch on its way: the outbox positions it holds, and what the broker will say of its first record."""

    positions: list[int]
    told: asyncio.Future[Any]


class _Probe(NamedTuple):
    """The oldest row of a doubtful place on its way, and until when an answer is hoped for."""

    parcel: _Parcel
    until: float


@dataclass(slots=True)
class _Acknowledged:
    positions: list[int] = field(default_factory=list)
    end_offsets: dict[Place, int] = field(default_factory=dict)
    failed: set[Place] = field(default_factory=set)
    too_large: set[str] = field(default_factory=set)
    """The topics that refused something for its size."""


class Relay:
    """Publishes one service's outbox. Several may run; the lease lets one work."""

    def __init__(self, service: str, outbox: OutboxPort, bootstrap: str, holder: str, wake: asyncio.Event) -> None:
        self.service = service
        self._outbox = outbox
        self._bootstrap = bootstrap
        self._holder = holder
        self._wake = wake
        self._producer: AIOKafkaProducer | None = None
        self._epoch: int | None = None
        self._renew_at = 0.0
        self._marked_at = -WATERMARK_BUSY_S
        self._topics: set[str] = set()
        self._begun: set[Place] = set()
        self._aside = Aside()
        self._probes: dict[Place, _Probe] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop`; every failure of the broker or the database is waited out."""
        back_off = BACK_OFF_S[0]
        try:
            while not stop.is_set():
                try:
                    busy = await self.run_once()
                    back_off = BACK_OFF_S[0]
                    if not busy:
                        await rest(self._wake, POLL_S)
                except (KafkaError, UnavailableError, VersionConflictError, _SendFailedError, OSError, TimeoutError) as error:
                    _log.warning("relay-waits", extra={"error_class": type(error).__name__})
                    await self._drop_producer()
                    await rest(stop, back_off)
                    back_off = min(back_off * 2, BACK_OFF_S[1])
        finally:
            await self._drop_producer()

    async def run_once(self) -> bool:
        """Publish one slice and, when due, the watermark. Returns whether there was anything to publish."""
        # Also without the lease: a wake that nobody clears would leave nothing to rest on.
        self._wake.clear()
        if not await self._leased():
            return False
        assert self._epoch is not None
        await self._hear_of_probes()
        aside = self._aside
        left_out = [*aside.places(), *self._probes]
        slice_ = await self._known(await self._outbox.slice(SLICE_MAX, aside.topics(), aside.journeys(), left_out))
        if slice_:
            sure = await self._sure_of(slice_)
            done = await self._send([row for row in sure if not aside.is_narrow(row.topic)])
            await self._acknowledge(done)
            if done.failed:
                await self._go_on_without(done, may_hide_others=len(slice_) == SLICE_MAX)
                return True
            await self._send_singly([row for row in sure if aside.is_narrow(row.topic)][:SINGLY_MAX])
        await self._mark(WATERMARK_BUSY_S if len(slice_) == SLICE_MAX else WATERMARK_S)
        return bool(slice_)

    async def _acknowledge(self, done: _Acknowledged) -> None:
        assert self._epoch is not None
        if done.positions and not await self._outbox.acknowledge(self._epoch, done.positions, done.end_offsets):
            self._renew_at = 0.0

    async def _go_on_without(self, done: _Acknowledged, may_hide_others: bool) -> None:
        """Let the places that failed wait while others go on. Raises `_SendFailedError` where there are no others."""
        for topic in done.too_large:
            self._aside.narrow(topic)
        if not done.end_offsets.keys() - done.failed and not may_hide_others:
            raise _SendFailedError
        for place in done.failed:
            if place.topic in done.too_large:
                # It answers, so nobody need doubt it.
                self._aside.trust(place)
            else:
                self._set_aside(place)
        await self._drop_producer(SPOILED_DEADLINE_S)

    def _set_aside(self, place: Place) -> None:
        _log.warning("place-waits", extra={"topic": place.topic, "partition": place.partition})
        self._aside.put_place(place)

    async def _sure_of(self, slice_: list[Outgoing]) -> list[Outgoing]:
        """The rows of places that are not doubtful. Of each doubtful one the oldest row is sent, and heard of later."""
        if not self._aside.has_doubtful():
            return slice_
        sure: list[Outgoing] = []
        for row in slice_:
            place = Place(row.topic, row.partition)
            if not self._aside.is_doubtful(place):
                sure.append(row)
            elif place not in self._probes:
                told = await _give(await self._connected(), place, [row])
                self._probes[place] = _Probe(told, asyncio.get_running_loop().time() + SEND_DEADLINE_S)
        return sure

    async def _hear_of_probes(self) -> None:
        now = asyncio.get_running_loop().time()
        over = {place: [probe.parcel] for place, probe in self._probes.items() if probe.parcel.told.done() or probe.until <= now}
        if not over:
            return
        for place in over:
            del self._probes[place]
        done = _acknowledged(over)
        await self._acknowledge(done)
        self._begun |= done.end_offsets.keys()
        for place in done.end_offsets:
            self._aside.trust(place)
        if done.failed:
            await self._go_on_without(done, may_hide_others=True)

    async def drain(self) -> None:
        """Publish what is left, for a stop that has time."""
        while await self.run_once():
            pass

    async def _leased(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now >= self._renew_at:
            self._epoch = await self._outbox.lease(self._holder, LEASE_S)
            self._renew_at = now + LEASE_S / 4
        return self._epoch is not None

    async def _send(self, slice_: Sequence[Outgoing]) -> _Acknowledged:
        kafka = await self._connected()
        by_place: dict[Place, list[Outgoing]] = defaultdict(list)
        for row in slice_:
            by_place[Place(row.topic, row.partition)].append(row)
        deadline = asyncio.get_running_loop().time() + SEND_DEADLINE_S
        sent: dict[Place, list[_Parcel]] = {place: [] for place in by_place}
        late = await _served(
            {place: self._send_to(kafka, place, rows, sent[place], deadline) for place, rows in by_place.items()}, deadline
        )
        for place in late:
            sent[place].append(_Parcel([], _refused(TimeoutError())))
        done = _acknowledged(sent)
        self._begun |= done.end_offsets.keys()
        return done

    async def _send_to(
        self, kafka: AIOKafkaProducer, place: Place, rows: Sequence[Outgoing], parcels: list[_Parcel], deadline: float
    ) -> None:
        """Give one partition's rows to the producer as ready batches: a fifth of the cost of record by record.

        A broker that never heard of this producer takes what follows a refused batch, as if nothing were missing before it.
        So whatever follows the first batch waits until that one was acknowledged; if it was not, the rest stays here.
        """
        left, begun = list(rows), self._begun
        while left:
            parcel = await _give(kafka, place, left)
            parcels.append(parcel)
            left = left[len(parcel.positions) :]
            if left and place not in begun:
                await _heard([parcel.told], deadline)
                if _failure(parcel.told) is not None:
                    break
                begun.add(place)
        await _heard([parcel.told for parcel in parcels], deadline)

    async def _send_singly(self, slice_: Sequence[Outgoing]) -> None:
        """Send rows one by one and set aside the journeys of those that the broker finds too large."""
        waiting: set[tuple[str, str]] = set()
        for row in slice_:
            if (row.topic, row.key) in waiting:
                continue
            done = await self._send([row])
            await self._acknowledge(done)
            if not done.failed:
                continue
            if not done.too_large or not self._aside.put_journey(row.topic, row.key):
                raise _SendFailedError
            _log.warning("journey-too-large-for-topic", extra={"topic": row.topic})
            self._aside.narrow(row.topic)
            waiting.add((row.topic, row.key))
            # The client has given the refused record a number that the broker will never see.
            await self._drop_producer()

    async def _known(self, slice_: Sequence[Outgoing]) -> list[Outgoing]:
        """The rows whose topics exist. The others wait for a while: one missing topic must not hold up all the rest."""
        for topic in {row.topic for row in slice_} - self._topics:
            try:
                async with asyncio.timeout(KNOWN_S):
                    await (await self._connected()).partitions_for(topic)
            except (UnknownTopicOrPartitionError, TimeoutError):
                _log.warning("topic-missing", extra={"topic": topic})
                self._aside.put_topic(topic)
            else:
                self._topics.add(topic)
        return [row for row in slice_ if row.topic in self._topics]

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            made = producer(self._bootstrap, f"runonce-relay-{self.service}")
            try:
                await made.start()
            except BaseException:
                await let_go(made, STOP_DEADLINE_S)
                raise
            self._producer = made
        return self._producer

    async def _drop_producer(self, within_s: float = STOP_DEADLINE_S) -> None:
        dropped, self._producer = self._producer, None
        self._topics.clear()
        self._probes.clear()
        # Whoever still hands over to the dropped one keeps its set.
        self._begun = set()
        if dropped is not None:
            await let_go(dropped, within_s)

    async def _mark(self, every_s: float) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._marked_at + every_s or _MARKS in self._aside.places():
            return
        self._marked_at = now
        complete_to = await self._outbox.complete_to()
        if complete_to is None:
            return
        offsets = await self._outbox.end_offsets()
        mark = {
            "service": self.service,
            "complete_to": wire_time(complete_to),
            "end_offsets": {topic: {str(p): o for p, o in offsets[topic].items()} for topic in EVENT_TOPICS if topic in offsets},
        }
        kafka = await self._connected()
        try:
            async with asyncio.timeout(MARK_S if self._aside.is_doubtful(_MARKS) else min(LATE_S, SEND_DEADLINE_S)):
                await kafka.send_and_wait(WATERMARKS, orjson.dumps(mark), self.service.encode())
        except (KafkaError, TimeoutError):
            # The next one says all that this one would have said.
            self._set_aside(_MARKS)
            await self._drop_producer(SPOILED_DEADLINE_S)
        else:
            self._aside.trust(_MARKS)


async def _served(work: Mapping[Place, Coroutine[Any, Any, None]], deadline: float) -> list[Place]:
    """Serve all places at once. Returns those that were too late: once one is served, the others may be late by so much only."""
    tasks = {place: asyncio.create_task(serving) for place, serving in work.items()}
    loop, late = asyncio.get_running_loop(), set(tasks.values())
    try:
        if late:
            _, late = await asyncio.wait(late, timeout=max(deadline - loop.time(), 0), return_when=asyncio.FIRST_COMPLETED)
        if late:
            _, late = await asyncio.wait(late, timeout=max(min(deadline - loop.time(), LATE_S), 0))
    finally:
        for task in tasks.values():
            task.cancel()
    for task in tasks.values():
        if task not in late:
            task.result()
    return [place for place, task in tasks.items() if task in late]


async def _heard(told: Sequence[asyncio.Future[Any]], deadline: float) -> None:
    if told:
        await asyncio.wait(told, timeout=max(deadline - asyncio.get_running_loop().time(), 0))


async def _give(kafka: AIOKafkaProducer, place: Place, rows: Sequence[Outgoing]) -> _Parcel:
    """Give as many rows to the producer as one batch holds. Whatever it says against that is what is told of them."""
    batch = kafka.create_batch()
    taken = 0
    while taken < len(rows) and _append(batch, rows[taken]):
        taken += 1
    positions = [row.position for row in rows[:taken]]
    try:
        return _Parcel(positions, await kafka.send_batch(batch, place.topic, partition=place.partition))
    except KafkaError as error:
        return _Parcel(positions, _refused(error))


def _refused(error: Exception) -> asyncio.Future[Any]:
    told: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    told.set_exception(error)
    return told


def _failure(told: asyncio.Future[Any]) -> BaseException | None:
    """What is wrong with a parcel; None if it was acknowledged."""
    return TimeoutError() if not told.done() or told.cancelled() else told.exception()


def _append(batch: Any, row: Outgoing) -> bool:
    """Whether `row` still found room; a batch that is empty takes whatever comes."""
    headers = [("content-type", _CONTENT_TYPE)]
    if row.hash is not None:
        headers.append(("hash", row.hash.hex().encode()))
    return batch.append(timestamp=None, key=row.key.encode(), value=row.value, headers=headers) is not None


def _acknowledged(by_place: Mapping[Place, Sequence[_Parcel]]) -> _Acknowledged:
    """The longest acknowledged prefix of each partition: a later success behind a failure will be sent again in order."""
    done = _Acknowledged()
    for place, parcels in by_place.items():
        for positions, told in parcels:
            failure = _failure(told)
            if failure is not None:
                done.failed.add(place)
                if isinstance(failure, _TOO_LARGE):
                    done.too_large.add(place.topic)
                break
            done.positions += positions
            done.end_offsets[place] = told.result().offset + len(positions)
    for parcels in by_place.values():
        for _, told in parcels:
            if told.done() and not told.cancelled():
                told.exception()
    return done
