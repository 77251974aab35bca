"""A relay publishes under its lease alone, and of each partition forgets nothing behind a record that nobody acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from aiokafka.errors import KafkaTimeoutError

from shared.eventsourcing.claims import Outgoing
from shared.eventsourcing.records import Place
from shared.kafka.relay import Relay

TOPIC = "gov.intake.events.v1"
LONG_AGO = datetime(2026, 3, 9, tzinfo=UTC)


class Told(NamedTuple):
    """What a producer is told of a record that was kept."""

    offset: int


class Owed:
    """An outbox of five rows of two partitions, and what a relay said of them."""

    def __init__(self, epoch: int | None = 1) -> None:
        self.epoch = epoch
        self.rows = [Outgoing(n, TOPIC, n % 2, "k", b"%d" % n, None) for n in range(1, 6)]
        self.forgotten: list[int] = []
        self.ends: dict[Place, int] = {}

    async def lease(self, holder: str, ttl_s: float) -> int | None:
        return self.epoch

    async def slice(self, limit: int, without: Sequence[str] = ()) -> list[Outgoing]:
        return self.rows[:limit]

    async def acknowledge(self, epoch: int, positions: Sequence[int], end_offsets: Mapping[Place, int]) -> bool:
        self.forgotten += positions
        self.ends |= end_offsets
        return True

    async def complete_to(self) -> datetime:
        return LONG_AGO

    async def end_offsets(self) -> dict[str, dict[int, int]]:
        return {}


class Broken:
    """A producer that keeps what it is given, but for values that fail and values of which nobody hears."""

    def __init__(self, fails: frozenset[bytes] = frozenset(), silent: frozenset[bytes] = frozenset()) -> None:
        self.sent: list[bytes] = []
        self._fails = fails
        self._silent = silent

    async def start(self) -> None: ...
    async def stop(self) -> None: ...

    async def partitions_for(self, topic: str) -> set[int]:
        return {0, 1}

    async def send(self, topic: str, value: bytes, *_: Any, **__: Any) -> asyncio.Future[Told]:
        told: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        if value in self._fails:
            told.set_exception(KafkaTimeoutError())
        elif value not in self._silent:
            told.set_result(Told(len(self.sent)))
        self.sent.append(value)
        return told

    async def send_and_wait(self, topic: str, value: bytes, key: bytes) -> Told:
        return Told(0)


def relay_over(outbox: Owed, producer: Broken, monkeypatch: pytest.MonkeyPatch) -> Relay:
    monkeypatch.setattr("shared.kafka.relay.producer", lambda *_: producer)
    monkeypatch.setattr("shared.kafka.relay.SEND_DEADLINE_S", 0.05)
    return Relay("intake", outbox, "nowhere", "me", asyncio.Event())


async def test_what_was_acknowledged_is_forgotten_and_its_end_told(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, producer = Owed(), Broken()

    assert await relay_over(outbox, producer, monkeypatch).run_once()

    assert sorted(outbox.forgotten) == [1, 2, 3, 4, 5]
    assert outbox.ends == {Place(TOPIC, 0): 4, Place(TOPIC, 1): 5}


@pytest.mark.parametrize("how", ["fails", "silent"])
async def test_behind_a_record_without_an_acknowledgement_nothing_is_forgotten(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, producer = Owed(), Broken(**{how: frozenset({b"3"})})

    with pytest.raises(Exception, match=r"^$"):
        await relay_over(outbox, producer, monkeypatch).run_once()

    assert sorted(outbox.forgotten) == [1, 2, 4]
    assert outbox.ends == {Place(TOPIC, 0): 4, Place(TOPIC, 1): 1}


async def test_without_the_lease_nothing_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, producer = Owed(epoch=None), Broken()

    assert not await relay_over(outbox, producer, monkeypatch).run_once()

    assert (producer.sent, outbox.forgotten) == ([], [])
