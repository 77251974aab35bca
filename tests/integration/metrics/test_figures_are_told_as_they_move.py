"""The stream: whoever listens hears of a commit within a quarter of a second, with the cells that moved, and then at his pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any

import orjson

from services.metrics.alerts import Alert, keep
from services.metrics.figure_doors import Answers
from services.metrics.shelf import Shelf
from services.metrics.store import CHANNEL, Store
from services.metrics.stream import DRAWN_S, Hub
from shared.postgres.event_log import EventLog
from shared.telemetry import clock
from tests.conftest import within
from tests.integration.metrics.house import Hand, Wire
from tests.unit.metrics.stories import Told, opened, scripted, visited

LIMIT_S = 0.25
# Done with it, and in this database: another test's listener hears nothing of what is said here.
_LISTENS = """
SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND state = 'idle' AND datname = current_database()
"""


async def next_event(stream: AsyncIterator[bytes]) -> tuple[str, dict[str, Any]]:
    async with within(10):
        while True:
            said = await anext(stream)
            if said.startswith(b"event: "):
                name, _, data = said.decode().strip().partition("\n")
                return name.removeprefix("event: "), orjson.loads(data.removeprefix("data: "))


async def listening(hub: Hub, log: EventLog, *, readings: bool = False) -> AsyncIterator[bytes]:
    """A listener that surely hears what comes next."""
    stream = hub.listen(readings=readings)
    await anext(stream)
    async with within(10):
        while not await log.pool.fetchval(_LISTENS):
            await asyncio.sleep(0.02)
    return stream


async def test_a_failed_visit_is_heard_within_a_quarter_of_a_second_as_one_cell(log: EventLog) -> None:
    hub = Hub(Answers(log, Shelf(), demo=False))
    stop = asyncio.Event()
    task = asyncio.create_task(hub.run(stop))
    stream, board = await listening(hub, log, readings=True), await listening(hub, log)
    told, wire = Told(), Wire()
    told.says(opened(), visited("v", told.at, outcome="wrong_place", cause="wrong_place", responsible="applicant"))
    wire.publish([told])
    hand = Hand(Store(log, 1), wire)
    await hand.begin()
    started = perf_counter()

    await hand.go_on()
    name, said = await next_event(stream)

    assert perf_counter() - started < LIMIT_S + 0.25  # The test's own projection is part of it.
    assert name == "moved"
    assert [cell["tag"] for cell in said["cells"]] == ["wrong_place|applicant"]
    assert said["readings"]["F10"]["visits"]["value"] == 1
    assert await next_event(board) == ("moved", {"cells": said["cells"], "more": False}), "a board asks for its figures itself"
    stop.set()
    await task


async def test_a_board_is_told_at_once_and_then_no_oftener_than_it_draws(log: EventLog) -> None:
    hub = Hub(Answers(log, Shelf(), demo=False))
    stop = asyncio.Event()
    task = asyncio.create_task(hub.run(stop))
    stream = await listening(hub, log)
    started = perf_counter()
    await moves(log, "first")
    heard = [await next_event(stream)]
    at_once = perf_counter() - started
    tags = [str(number) for number in range(20)]
    for tag in tags:
        await moves(log, tag)
    while heard[-1][1]["cells"][-1]["tag"] != tags[-1]:
        heard.append(await next_event(stream))

    assert at_once < DRAWN_S
    assert [cell["tag"] for _, said in heard for cell in said["cells"]] == ["first", *tags]
    assert len(heard) <= (perf_counter() - started) / DRAWN_S + 1
    stop.set()
    await task


async def moves(log: EventLog, tag: str) -> None:
    """Let a cell move, as far as listeners know."""
    said = orjson.dumps({"generation": 1, "cells": [{"tag": tag}], "more": False}).decode()
    await log.pool.execute("SELECT pg_notify($1, $2)", CHANNEL, said)


async def test_alerts_and_swaps_are_told_too_and_the_end_is_orderly(log: EventLog) -> None:
    hub = Hub(Answers(log, Shelf(), demo=False))
    stop = asyncio.Event()
    task = asyncio.create_task(hub.run(stop))
    stream = await listening(hub, log)

    await keep(log, [Alert(clock.new_id(), "custody-wait", "330300>330100", clock.now(), 7, 3)])
    alert = await next_event(stream)
    await log.pool.execute("SELECT pg_notify('metrics', $1)", '{"swapped": 2}')
    swap = await next_event(stream)
    stop.set()
    await task
    rest = [said async for said in stream]

    assert (alert[0], alert[1]["now"]) == ("alert", 7)
    assert swap == ("generation", {"generation": 2})
    assert rest == []


async def test_a_listener_that_does_not_keep_up_is_let_go(log: EventLog) -> None:
    hub = Hub(Answers(log, Shelf(), demo=False))
    stop = asyncio.Event()
    task = asyncio.create_task(hub.run(stop))
    stream = await listening(hub, log)
    for number in range(150):
        await keep(log, [Alert(clock.new_id(), "custody-wait", "330300>330100", clock.now(), number, 3)])

    async with within(10):
        heard = [said async for said in stream]

    assert 0 < len(heard) <= 100
    stop.set()
    await task


async def test_a_large_batch_is_told_without_naming_every_cell(log: EventLog) -> None:
    hub = Hub(Answers(log, Shelf(), demo=False))
    stop = asyncio.Event()
    task = asyncio.create_task(hub.run(stop))
    stream = await listening(hub, log)
    wire = Wire()
    for day in range(40):
        told = scripted()
        told.wait(day)
        wire.publish([Told(journey=f"{told.journey[:-2]}{day:02}", events=_moved_to(told, day))])

    await Hand(Store(log, 1), wire).project(500)
    _, said = await next_event(stream)

    assert said["more"]
    assert len(said["cells"]) <= 30
    stop.set()
    await task


def _moved_to(told: Told, day: int) -> list[tuple[str, bytes]]:
    journey = f"{told.journey[:-2]}{day:02}"
    made: list[tuple[str, bytes]] = []
    for source, body in told.events:
        event = orjson.loads(body)
        event["journey"] = journey
        if "item_code" in event["data"]:
            event["data"]["item_code"] = f"item-{day}"
        made.append((source, orjson.dumps(event)))
    return made
