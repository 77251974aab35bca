"""Whoever rests is woken, or goes on after its time, and a cancellation is never lost."""

from __future__ import annotations

import asyncio

import pytest

from shared.telemetry.clock import rest

LONG_S = 60.0


async def resting(wake: asyncio.Event, seconds: float = LONG_S) -> asyncio.Task[None]:
    task = asyncio.create_task(rest(wake, seconds))
    await asyncio.sleep(0)
    return task


async def test_a_rest_ends_with_its_time() -> None:
    await (await resting(asyncio.Event(), 0.01))


async def test_a_rest_ends_when_it_is_woken() -> None:
    task = await resting(wake := asyncio.Event())

    wake.set()

    await asyncio.wait_for(task, LONG_S / 2)


async def test_a_cancellation_that_comes_together_with_the_call_is_kept() -> None:
    task = await resting(wake := asyncio.Event())

    wake.set()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
