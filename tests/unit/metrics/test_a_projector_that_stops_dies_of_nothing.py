"""A projector that is told to stop ends in order, whatever becomes of its last commit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import pytest

from services.metrics import projector
from services.metrics.batch import Batch, Memory, Redelivered
from services.metrics.projector import Projector
from services.metrics.store import Store
from shared.contracts.topics import INTAKE_EVENTS
from shared.eventsourcing.claims import Claim, FencedError
from shared.eventsourcing.records import Delivery, Place
from tests.unit.metrics.stories import scripted

HERE = Place(INTAKE_EVENTS, 0)


class Refusing:
    """Tables that take nothing, and say so when they have been asked."""

    group = "g"

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.asked = asyncio.Event()

    async def claim(self, places: Iterable[Place]) -> dict[Place, Claim]:
        return {place: Claim(0, 1) for place in places}

    async def recall(self, memory: Memory, records: Iterable[Delivery]) -> None:
        memory.remember([((record.key or b"").decode(), None) for record in records], [])

    async def apply(self, _: Batch) -> None:
        self.asked.set()
        await asyncio.sleep(0.05)
        raise self.error


class Reading:
    """A bus with one record."""

    def __init__(self, *_: Any) -> None:
        told = scripted()
        self.records = [Redelivered(INTAKE_EVENTS, 0, 0, told.journey.encode(), told.events[0][1], 0)]

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def tell_progress(self, _: object) -> None: ...

    async def refresh(self) -> bool:
        return False

    async def take(self, *_: int) -> dict[Place, tuple[Claim, list[Redelivered]]]:
        await asyncio.sleep(0)
        taken, self.records = self.records, []
        return {HERE: (Claim(0, 1), taken)} if taken else {}


@pytest.mark.parametrize("error", [FencedError(), LookupError("a row that cannot be written")])
async def test_a_last_commit_that_fails_is_left_to_whoever_comes_next(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(projector, "BatchReader", Reading)
    stop, store = asyncio.Event(), Refusing(error)
    running = asyncio.create_task(Projector("nowhere", cast("Store", store)).run(stop))
    await asyncio.wait_for(store.asked.wait(), 5)

    stop.set()

    await asyncio.wait_for(running, 5)
