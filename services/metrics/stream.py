"""Figures as they change: every commit of any process of this service is heard, and told to whoever listens."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
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

REST_S = 0.04
"""Between two frames; at least as long as it took to read one, so that telling never takes more than half the time."""
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


class Hub:
    """Hears commits and tells listeners. A listener that does not keep up is let go; it comes back by itself."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._listeners: set[asyncio.Queue[bytes | None]] = set()
        self._heard = asyncio.Event()
        self._cells: list[dict[str, Any]] = []
        self._more = False
        self.stopped = False

    async def run(self, stop: asyncio.Event) -> None:
        """Hear and tell until `stop`."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(lasting(self._hear, stop))
                group.create_task(lasting(self._tell, stop))
        finally:
            self.stopped = True
            for listener in self._listeners:
                _offer(listener, None)

    async def listen(self) -> AsyncIterator[bytes]:
        """The stream of one listener."""
        listener: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING_MAX)
        self._listeners.add(listener)
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
            self._listeners.discard(listener)

    @property
    def is_full(self) -> bool:
        return len(self._listeners) >= LISTENERS_MAX

    async def _hear(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with self._answers.log.pool.acquire(timeout=5) as connection:
                    await connection.add_listener(CHANNEL, self._take)
                    while not stop.is_set() and not connection.is_closed():
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(stop.wait(), RETRY_S)
                    if not connection.is_closed():
                        await connection.remove_listener(CHANNEL, self._take)
            except Exception as error:
                _log.warning("stream-waits", extra={"error_class": type(error).__name__})
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), RETRY_S)

    def _take(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        said = orjson.loads(str(payload))
        if "alert" in said:
            self._say(_event("alert", said["alert"]))
            return
        if "swapped" in said:
            self._say(_event("generation", {"generation": said["swapped"]}))
            return
        self._more = self._more or said["more"] or len(self._cells) + len(said["cells"]) > MOVED_MAX
        self._cells = (self._cells + said["cells"])[:MOVED_MAX]
        self._heard.set()

    async def _tell(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._heard.wait(), RETRY_S)
            if not self._heard.is_set():
                continue
            self._heard.clear()
            cells, more, self._cells, self._more = self._cells, self._more, [], False
            begun = asyncio.get_running_loop().time()
            if self._listeners:
                try:
                    self._say(_event("moved", {**await self._answers.read(_province), "cells": cells, "more": more}))
                except (UnavailableError, VersionConflictError) as error:
                    _log.warning("stream-waits", extra={"error_class": type(error).__name__})
            await asyncio.sleep(max(REST_S, asyncio.get_running_loop().time() - begun))

    def _say(self, said: bytes) -> None:
        for listener in list(self._listeners):
            if not _offer(listener, said):
                self._listeners.discard(listener)
                with contextlib.suppress(asyncio.QueueEmpty):
                    listener.get_nowait()
                _offer(listener, None)


def _offer(listener: asyncio.Queue[bytes | None], said: bytes | None) -> bool:
    try:
        listener.put_nowait(said)
    except asyncio.QueueFull:
        return False
    return True


async def _province(snap: Snapshot) -> dict[str, Any]:
    sums = added([row for group in _GROUPS for row in await grouped(snap, group, Slice(), (), _MEASURES)])
    return {"readings": {code: shown(evaluate(BY_CODE[code], sums)) for code in TOLD}}


def stream_door(app: FastAPI, hub: Hub) -> None:
    """Mount the stream."""

    @app.get("/v1/stream", summary="Figures as they change (server-sent events)")
    async def stream() -> StreamingResponse:
        if hub.is_full:
            raise UnavailableError("too-many-listeners")
        return StreamingResponse(hub.listen(), media_type="text/event-stream", headers={"cache-control": "no-store"})
