"""Whoever lets a client go goes on, whatever comes of its stop: an error, a cancellation of its own, or nothing at all."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.kafka.clients import let_go

SOON_S = 0.05


class Connections:
    closed = False

    async def close(self) -> None:
        self.closed = True


class Client:
    """A client that stops in one of the ways in which the library's do."""

    def __init__(self, how: str) -> None:
        self._client = Connections()
        self._how = how

    async def stop(self) -> None:
        if self._how == "hangs":
            await asyncio.sleep(60)
        if self._how == "breaks":
            raise OSError
        fetch = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        fetch.cancel()
        await fetch


@pytest.mark.parametrize("how", ["hangs", "breaks", "cancels its own fetch"])
async def test_it_ends_in_time_and_without_a_word(how: str) -> None:
    client: Any = Client(how)
    async with asyncio.timeout(1):
        await let_go(client, SOON_S)

    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()
    assert client._client.closed == (how != "breaks"), "what was not stopped in order is closed"


async def test_whoever_is_cancelled_meanwhile_is_cancelled() -> None:
    client: Any = Client("hangs")
    letting_go = asyncio.create_task(let_go(client, 60))
    await asyncio.sleep(0)
    letting_go.cancel()
    with pytest.raises(asyncio.CancelledError):
        await letting_go
