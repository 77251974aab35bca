"""Figures as they change: every commit of any process of this service is heard, and told to whoever listens."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson
from fastapi import FastAPI
from starlette.responses import StreamingResponse

from services.metrics.board import added
from services.metrics.cells import Snapshot, grouped
from services.metrics.contributions import Group
from services.metrics.figure_doors import Answers
from services.metrics.figures import BY_CODE, evaluate
from services.metrics.shelf import shown
from services.metrics.slices import Slice
from services.metrics.store import CHANNEL, MOVED_MAX
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.runtime.parts import lasting
from shared.telemetry.clock import rest

REST_S = 0.04
"""Between two frames; at least as long as it took to read one, so that telling never takes more than half the time."""
DRAWN_S = 0.45
"""Between two words to a board, which asks and draws no oftener (`web/board.js`)."""
ALIVE_S = 15.0
LISTENERS_MAX = 200
WAITING_MAX = 100
RETRY_S = 0.5
TOLD = ("F2", "F3", "F4", "F10")
_GROUPS: tuple[Group, ...] = ("delivered", "visit")
_MEASURES = frozenset[str]().union(*(BY_CODE[code].measures for code in TOLD))
_log = logging.getLogger(__name__)


def _event(name: str, data: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(data, option=orjson.OPT_UTC_Z) + b"\n\n"


class _Crowd:
    """Listeners who are told the same at the same pace. One that does not keep up is let go; it comes back by itself."""

    def __init__(self, rest_s: float, read: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        self.listeners: set[asyncio.Queue[bytes | None]] = set()
        self._rest_s, self._read = rest_s, read
        self._heard = asyncio.Event()
        self._cells: list[dict[str, Any]] = []
        self._more = False

    def hear(self, cells: list[dict[str, Any]], *, more: bool) -> None:
        """Cells moved, and perhaps more than those."""
        self._more = self._more or more or len(self._cells) + len(cells) > MOVED_MAX
        self._cells = (self._cells + cells)[:MOVED_MAX]
        self._heard.set()

    async def tell(self, stop: asyncio.Event) -> None:
        """Tell what moved until `stop`, all that was heard meanwhile at once."""
        while not stop.is_set():
            await rest(self._heard, RETRY_S)
            if not self._heard.is_set():
                continue
            self._heard.clear()
            cells, more, self._cells, self._more = self._cells, self._more, [], False
            begun = asyncio.get_running_loop().time()
            if self.listeners:
                try:
                    self.say(_event("moved", {**await self._read(), "cells": cells, "more": more}))
                except (UnavailableError, VersionConflictError) as error:
                    _log.warning("stream-waits", extra={"error_class": type(error).__name__})
            await rest(stop, max(self._rest_s, asyncio.get_running_loop().time() - begun))

    def say(self, said: bytes) -> None:
        """Say it to everybody."""
        for listener in list(self.listeners):
            if not _offer(listener, said):
                self.listeners.discard(listener)
                with contextlib.suppress(asyncio.QueueEmpty):
                    listener.get_nowait()
                _offer(listener, None)


class Hub:
    """Hears commits and tells listeners: boards, which ask for what they draw, and whoever wants the readings themselves."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._boards = _Crowd(DRAWN_S, _nothing)
        self._readers = _Crowd(REST_S, lambda: answers.read(_province))
        self._crowds = (self._boards, self._readers)
        self.stopped = False

    async def run(self, stop: asyncio.Event) -> None:
        """Hear and tell until `stop`."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(lasting(self._hear, stop))
                for crowd in self._crowds:
                    group.create_task(lasting(crowd.tell, stop))
        finally:
            self.stopped = True
            for crowd in self._crowds:
                for listener in crowd.listeners:
                    _offer(listener, None)

    async def listen(self, *, readings: bool = False) -> AsyncIterator[bytes]:
        """The stream of one listener, with the province's readings for whoever asks for them."""
        listener: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING_MAX)
        listeners = (self._readers if readings else self._boards).listeners
        listeners.add(listener)
        try:
            yield b": as figures change\n\n"
            while not self.stopped:
                try:
                    said = await asyncio.wait_for(listener.get(), ALIVE_S)
                except TimeoutError:
                    said = b": still here\n\n"
                if said is None:
                    return
                yield said
        finally:
            listeners.discard(listener)

    @property
    def is_full(self) -> bool:
        return sum(len(crowd.listeners) for crowd in self._crowds) >= LISTENERS_MAX

    async def _hear(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with self._answers.log.pool.acquire(timeout=5) as connection:
                    await connection.add_listener(CHANNEL, self._take)
                    while not stop.is_set() and not connection.is_closed():
                        await rest(stop, RETRY_S)
                    if not connection.is_closed():
                        await connection.remove_listener(CHANNEL, self._take)
            except Exception as error:
                _log.warning("stream-waits", extra={"error_class": type(error).__name__})
                await rest(stop, RETRY_S)

    def _take(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        said = orjson.loads(str(payload))
        for crowd in self._crowds:
            if "alert" in said:
                crowd.say(_event("alert", said["alert"]))
            elif "swapped" in said:
                crowd.say(_event("generation", {"generation": said["swapped"]}))
            else:
                crowd.hear(said["cells"], more=said["more"])


def _offer(listener: asyncio.Queue[bytes | None], said: bytes | None) -> bool:
    try:
        listener.put_nowait(said)
    except asyncio.QueueFull:
        return False
    return True


async def _nothing() -> dict[str, Any]:
    return {}


async def _province(snap: Snapshot) -> dict[str, Any]:
    sums = added([row for group in _GROUPS for row in await grouped(snap, group, Slice(), (), _MEASURES)])
    return {"readings": {code: shown(evaluate(BY_CODE[code], sums)) for code in TOLD}}


def stream_door(app: FastAPI, hub: Hub) -> None:
    """Mount the stream."""

    @app.get("/v1/stream", summary="Figures as they change (server-sent events)")
    async def stream(readings: bool = False) -> StreamingResponse:
        if hub.is_full:
            raise UnavailableError("too-many-listeners")
        return StreamingResponse(
            hub.listen(readings=readings), media_type="text/event-stream", headers={"cache-control": "no-store"}
        )
