"""A relay publishes under its lease alone, and of each partition forgets nothing behind a record that nobody acknowledged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from aiokafka.errors import KafkaTimeoutError, UnknownTopicOrPartitionError

from shared.contracts.topics import WATERMARKS
from shared.eventsourcing.claims import Outgoing
from shared.eventsourcing.records import Place
from shared.kafka.relay import Relay

TOPIC = "gov.intake.events.v1"
LONG_AGO = datetime(2026, 3, 9, tzinfo=UTC)


class Told(NamedTuple):
    """What a producer is told of a batch that was kept: the offset of its first record."""

    offset: int


class Owed:
    """An outbox of five rows of two partitions, and what a relay said of them."""

    def __init__(self, epoch: int | None = 1) -> None:
        self.epoch = epoch
        self.rows = [Outgoing(n, TOPIC, n % 2, "k", b"%d" % n, None) for n in range(1, 6)]
        self.forgotten: list[int] = []
        self.left_out: list[Sequence[str]] = []
        self.places_left_out: list[Sequence[Place]] = []
        self.ends: dict[Place, int] = {}
        self.complete: datetime | None = LONG_AGO

    async def lease(self, holder: str, ttl_s: float) -> int | None:
        return self.epoch

    async def slice(
        self,
        limit: int,
        without: Sequence[str] = (),
        without_journeys: Sequence[tuple[str, str]] = (),
        without_places: Sequence[Place] = (),
    ) -> list[Outgoing]:
        self.left_out.append(without)
        self.places_left_out.append(without_places)
        owed = [row for row in self.rows if row.topic not in without and Place(row.topic, row.partition) not in without_places]
        return owed[:limit]

    async def acknowledge(self, epoch: int, positions: Sequence[int], end_offsets: Mapping[Place, int]) -> bool:
        self.forgotten += positions
        self.rows = [row for row in self.rows if row.position not in positions]
        self.ends |= end_offsets
        return True

    async def complete_to(self) -> datetime | None:
        return self.complete

    async def end_offsets(self) -> dict[str, dict[int, int]]:
        return {}


class Batch:
    """Values that arrive together or not at all."""

    def __init__(self, room: int) -> None:
        self.values: list[bytes] = []
        self._room = room

    def append(self, *, value: bytes, **_: Any) -> object | None:
        if len(self.values) == self._room:
            return None
        self.values.append(value)
        return self


class Broken:
    """A producer that keeps every batch it is given, but for those with a value that fails or of which nobody hears."""

    def __init__(self, room: int, fails: frozenset[bytes] = frozenset(), silent: frozenset[bytes] = frozenset()) -> None:
        self.sent: list[bytes] = []
        self.promised: list[str] = []
        self.missing: set[str] = set()
        self._room = room
        self.fails = fails
        self.silent = silent
        self.takes_marks = True
        self._ends = Counter[int]()

    async def start(self) -> None: ...
    async def stop(self) -> None: ...

    async def partitions_for(self, topic: str) -> set[int]:
        if topic in self.missing:
            raise UnknownTopicOrPartitionError
        return {0, 1}

    def create_batch(self) -> Batch:
        return Batch(self._room)

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[Told]:
        told: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        if self.fails & set(batch.values):
            told.set_exception(KafkaTimeoutError())
        elif not self.silent & set(batch.values):
            told.set_result(Told(self._ends[partition]))
        self._ends[partition] += len(batch.values)
        self.sent += batch.values
        return told

    async def send_and_wait(self, topic: str, value: bytes, key: bytes) -> Told:
        if not self.takes_marks:
            raise KafkaTimeoutError
        self.promised.append(topic)
        return Told(0)


def relay_over(outbox: Owed, producer: Broken, monkeypatch: pytest.MonkeyPatch) -> Relay:
    monkeypatch.setattr("shared.kafka.relay.producer", lambda *_: producer)
    monkeypatch.setattr("shared.kafka.relay.SEND_DEADLINE_S", 0.05)
    return Relay("intake", outbox, "nowhere", "me", asyncio.Event())


@pytest.mark.parametrize("room", [1, 2, 5])
async def test_what_was_acknowledged_is_forgotten_and_its_end_told(room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, producer = Owed(), Broken(room)

    assert await relay_over(outbox, producer, monkeypatch).run_once()

    assert sorted(outbox.forgotten) == [1, 2, 3, 4, 5]
    assert outbox.ends == {Place(TOPIC, 0): 2, Place(TOPIC, 1): 3}


@pytest.mark.parametrize(("complete", "promised"), [(LONG_AGO, [WATERMARKS]), (None, [])])
async def test_nothing_is_promised_while_nobody_knows_what_is_complete(
    complete: datetime | None, promised: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox, producer = Owed(), Broken(5)
    outbox.complete = complete

    await relay_over(outbox, producer, monkeypatch).run_once()

    assert producer.promised == promised


@pytest.mark.parametrize("how", ["fails", "silent"])
@pytest.mark.parametrize(("room", "behind", "acknowledged", "end"), [(1, [b"5"], [1], {Place(TOPIC, 1): 1}), (2, [], [], {})])
async def test_behind_a_batch_without_an_acknowledgement_nothing_is_forgotten(
    room: int, behind: list[bytes], acknowledged: list[int], end: dict[Place, int], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox, producer = Owed(), Broken(room, **{how: frozenset({b"3"})})

    await relay_over(outbox, producer, monkeypatch).run_once()

    # Behind the first batch of all nothing is even sent: a broker that knows no number of this producer would keep it.
    assert sorted(producer.sent) == [b"1", b"2", b"3", b"4", *behind]
    assert sorted(outbox.forgotten) == [*acknowledged, 2, 4]
    assert outbox.ends == {Place(TOPIC, 0): 2} | end


async def test_without_the_lease_nothing_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, producer = Owed(epoch=None), Broken(room=1)

    assert not await relay_over(outbox, producer, monkeypatch).run_once()

    assert (producer.sent, outbox.forgotten) == ([], [])


async def test_rows_of_a_missing_topic_are_not_even_read_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, producer = Owed(), Broken(room=1)
    producer.missing = {TOPIC}
    relay = relay_over(outbox, producer, monkeypatch)

    await relay.run_once()
    await relay.run_once()

    assert outbox.left_out == [[], [TOPIC]]
    assert (producer.sent, outbox.forgotten) == ([], [])
