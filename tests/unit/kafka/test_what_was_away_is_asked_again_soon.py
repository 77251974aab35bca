"""Promise: however long a server was away, whoever waits for it asks again within the time in which everything is to move."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest

from shared.eventsourcing.claims import Claim
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.records import Place, Record
from shared.kafka.consumer import ConsumerLoop
from shared.kafka.relay import Relay
from tests.simulation.virtual_time import run

AWAY_S = 600.0
AGAIN_S = 5.5


class Away:
    """A client, an inbound and an outbox whose server is away, and when they were asked."""

    group = "intake.reactions.v1"

    def __init__(self) -> None:
        self.asked: list[float] = []

    def _ask(self) -> UnavailableError:
        self.asked.append(asyncio.get_running_loop().time())
        return UnavailableError("away")

    def subscribe(self, **_: Any) -> None: ...
    async def stop(self) -> None: ...

    async def start(self) -> None:
        raise self._ask()

    async def lease(self, holder: str, ttl_s: float) -> int | None:
        raise self._ask()

    async def claim(self, places: Sequence[Place]) -> dict[Place, Claim]:
        raise AssertionError("nobody has joined")

    async def apply(self, slices: Mapping[Place, tuple[Claim, Sequence[Record]]]) -> dict[Place, Claim]:
        raise AssertionError("nothing was read")


def consume(away: Away, patch: pytest.MonkeyPatch) -> Callable[[asyncio.Event], Awaitable[None]]:
    patch.setattr("shared.kafka.consumer.consumer", lambda *_: away)
    return ConsumerLoop("nowhere", away, topics=["gov.approval.events.v1"]).run


def relay(away: Away, _: pytest.MonkeyPatch) -> Callable[[asyncio.Event], Awaitable[None]]:
    return Relay("intake", away, "nowhere", "me", asyncio.Event()).run  # type: ignore[arg-type]


@pytest.mark.parametrize("waiting", [consume, relay])
def test_nobody_rests_longer_than_he_may(waiting: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    away = Away()

    async def wait() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(AWAY_S, stop.set)
        await waiting(away, monkeypatch)(stop)

    run(wait())

    pauses = [after - before for before, after in pairwise(away.asked)]
    assert max(pauses) <= AGAIN_S
    assert len(pauses) < AWAY_S
