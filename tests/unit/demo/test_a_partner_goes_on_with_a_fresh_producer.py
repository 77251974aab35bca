"""Promise: a made-up partner whose producer hears nothing more of what it sent goes on with a fresh one, and loses no message."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest

from deploy.local import partners
from deploy.local.partners import Partners
from deploy.local.population import province
from tests.conftest import within

TOPIC = "gov.portal.zlb.submissions.v1"


class Producer:
    """Hears of nothing that it sent, or of everything."""

    def __init__(self, *, hears: bool) -> None:
        self.hears = hears
        self.sent: list[bytes] = []
        self.stopped = False

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        self.stopped = True

    async def send_and_wait(self, topic: str, value: bytes, *, key: bytes) -> None:
        if not self.hears:
            await asyncio.Event().wait()
        self.sent.append(value)


class AwayError(Exception):
    """No broker."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partners, "ACK_S", 0.02)
    monkeypatch.setattr(partners, "RETRY_S", 0.005)


@pytest.mark.usefixtures("quick")
async def test_what_is_never_acknowledged_is_sent_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf, fresh = Producer(hears=False), Producer(hears=True)
    made: list[Any] = [AwayError(), fresh]

    def producer(*_: object) -> Producer:
        found = made.pop(0)
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, Producer)
        return found

    monkeypatch.setattr(partners, "producer", producer)
    them = Partners("nowhere", province(date(2026, 11, 27)))
    them._producer = deaf

    async with within(5):
        await asyncio.gather(*(them._publish(TOPIC, value, b"k") for value in (b"a", b"b")))
        while not deaf.stopped:
            await asyncio.sleep(0.005)

    assert sorted(fresh.sent) == [b"a", b"b"]
    assert made == [], "two who waited needed one fresh producer"
