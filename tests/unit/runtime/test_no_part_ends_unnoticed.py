"""A part of a service that ends before it was told to is a fault, also if it was cancelled from within."""

from __future__ import annotations

import asyncio

import pytest

from shared.runtime.parts import Part, PartEndedError, lasting


async def _returns(_: asyncio.Event) -> None:
    return


async def _is_cancelled_from_within(_: asyncio.Event) -> None:
    inside: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    inside.cancel()
    await inside


async def _is_cancelled_by_a_timer(_: asyncio.Event) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_soon(task.cancel)
    await asyncio.sleep(10)


async def _waits(stop: asyncio.Event) -> None:
    await stop.wait()


async def _sleeps(_: asyncio.Event) -> None:
    await asyncio.sleep(10)


async def _live(*parts: Part) -> None:
    stop = asyncio.Event()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(lasting(part, stop))


@pytest.mark.parametrize("part", [_returns, _is_cancelled_from_within, _is_cancelled_by_a_timer])
async def test_whoever_ends_too_early_takes_the_others_along(part: Part) -> None:
    with pytest.raises(ExceptionGroup) as died:
        await _live(part, _waits)

    assert died.group_contains(PartEndedError)


async def test_whoever_ends_when_told_to_is_no_fault() -> None:
    async def tells(stop: asyncio.Event) -> None:
        stop.set()

    await _live(tells, _waits)


async def test_a_stop_that_takes_too_long_is_cancelled_as_ever() -> None:
    stop = asyncio.Event()
    task = asyncio.create_task(lasting(_sleeps, stop))
    await asyncio.sleep(0)
    stop.set()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_a_part_dies_of_is_told() -> None:
    async def dies(_: asyncio.Event) -> None:
        raise OSError("no way")

    with pytest.raises(OSError, match="no way"):
        await lasting(dies, asyncio.Event())
