"""The relay: what the outbox owes goes to Kafka, in order per partition, and leaves the outbox after the acknowledgement.

Sending again is harmless, losing is not. So a row is forgotten only when the broker acknowledged it and everything
before it in its partition; on any doubt the producer is dropped and the table is read anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
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
BACK_OFF_S = (0.1, 5.0)
WATERMARK_S = 0.25
WATERMARK_BUSY_S = 1.0
"""While a backlog is published, what is complete moves slowly, and nobody waits for it."""
KNOWN_S = 1.0
"""How long the broker may take to say that it knows a topic."""
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
_CONTENT_TYPE = CONTENT_TYPE.encode()
_log = logging.getLogger(__name__)


class OutboxPort(Protocol):
    """What the relay needs of an outbox; `shared.postgres.outbox.Outbox` is one."""

    async def lease(self, holder: str, ttl_s: float) -> int | None: ...
    async def slice(
        self, limit: int, without: Sequence[str] = (), without_journeys: Sequence[tuple[str, str]] = ()
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


@dataclass(slots=True)
class _Acknowledged:
    positions: list[int] = field(default_factory=list)
    end_offsets: dict[Place, int] = field(default_factory=dict)
    whole: bool = True
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
        aside = self._aside
        slice_ = await self._known(await self._outbox.slice(SLICE_MAX, aside.topics(), aside.journeys()))
        if slice_:
            done = await self._send([row for row in slice_ if not aside.is_narrow(row.topic)])
            await self._acknowledge(done)
            for topic in done.too_large:
                aside.narrow(topic)
            if not done.whole:
                raise _SendFailedError
            await self._send_singly([row for row in slice_ if aside.is_narrow(row.topic)][:SINGLY_MAX])
        await self._mark(WATERMARK_BUSY_S if len(slice_) == SLICE_MAX else WATERMARK_S)
        return bool(slice_)

    async def _acknowledge(self, done: _Acknowledged) -> None:
        assert self._epoch is not None
        if done.positions and not await self._outbox.acknowledge(self._epoch, done.positions, done.end_offsets):
            self._renew_at = 0.0

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
        handed = await asyncio.gather(*(self._hand_over(kafka, at, rows, deadline) for at, rows in by_place.items()))
        sent = dict(zip(by_place, handed, strict=True))
        await _heard([parcel.told for parcels in sent.values() for parcel in parcels], deadline)
        done = _acknowledged(sent)
        self._begun |= done.end_offsets.keys()
        return done

    async def _hand_over(self, kafka: AIOKafkaProducer, place: Place, rows: Sequence[Outgoing], deadline: float) -> list[_Parcel]:
        """Give one partition's rows to the producer as ready batches: a fifth of the cost of record by record.

        A broker that never heard of this producer takes what follows a refused batch, as if nothing were missing before it.
        So whatever follows the first batch waits until that one was acknowledged; if it was not, the rest stays here.
        """
        parcels: list[_Parcel] = []
        left, begun = list(rows), self._begun
        while left:
            batch = kafka.create_batch()
            taken = 0
            while taken < len(left) and _append(batch, left[taken]):
                taken += 1
            told = await kafka.send_batch(batch, place.topic, partition=place.partition)
            parcels.append(_Parcel([row.position for row in left[:taken]], told))
            left = left[taken:]
            if left and place not in begun:
                await _heard([told], deadline)
                if _failure(told) is not None:
                    break
                begun.add(place)
        return parcels

    async def _send_singly(self, slice_: Sequence[Outgoing]) -> None:
        """Send rows one by one and set aside the journeys of those that the broker finds too large."""
        waiting: set[tuple[str, str]] = set()
        for row in slice_:
            if (row.topic, row.key) in waiting:
                continue
            done = await self._send([row])
            await self._acknowledge(done)
            if done.whole:
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

    async def _drop_producer(self) -> None:
        dropped, self._producer = self._producer, None
        self._topics.clear()
        # Whoever still hands over to the dropped one keeps its set.
        self._begun = set()
        if dropped is not None:
            await let_go(dropped, STOP_DEADLINE_S)

    async def _mark(self, every_s: float) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._marked_at + every_s:
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
        async with asyncio.timeout(SEND_DEADLINE_S):
            await kafka.send_and_wait(WATERMARKS, orjson.dumps(mark), self.service.encode())


async def _heard(told: Sequence[asyncio.Future[Any]], deadline: float) -> None:
    if told:
        await asyncio.wait(told, timeout=max(deadline - asyncio.get_running_loop().time(), 0))


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
                done.whole = False
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
