"""Servers behind a wire that can be cut, silenced and slowed down."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from deploy.local.children import die_with_parent
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from tests.conftest import CACHE
from tests.faults.living import until

Mode = Literal["open", "closed", "silent", "slow"]
LATE_S = 0.05
CHUNK = 65_536
START_S = 60.0


class Wire:
    """Forwards TCP to a port. `closed` refuses and cuts, `silent` holds everything back, `slow` delays each chunk."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._mode: Mode = "open"
        self._opened = asyncio.Event()
        self._ended = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)

    def set(self, mode: Mode) -> None:
        """Change the wire's state from now on."""
        self._loop.call_soon_threadsafe(self._set, mode)

    def cut(self) -> None:
        """Break every connection once; new ones are fine."""
        self._loop.call_soon_threadsafe(self._cut)

    def stop(self) -> None:
        """Take the wire away, with all that is still connected."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)

    def _run(self, ready: threading.Event) -> None:
        async def serve() -> None:
            server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            self._opened.set()
            ready.set()
            await self._ended.wait()
            server.close()
            under_way = asyncio.all_tasks() - {asyncio.current_task()}
            for task in under_way:
                task.cancel()
            self._cut()
            await asyncio.gather(*under_way, return_exceptions=True)

        self._loop.run_until_complete(serve())
        self._loop.close()

    def _set(self, mode: Mode) -> None:
        self._mode = mode
        if mode == "silent":
            self._opened.clear()
        else:
            self._opened.set()
        if mode == "closed":
            self._cut()

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode == "closed":
            writer.transport.abort()
            return
        await self._opened.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._writers -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await self._opened.wait()
                if self._mode == "slow":
                    await asyncio.sleep(LATE_S)
                writer.write(chunk)
                await writer.drain()
        writer.transport.abort()


class _Advertised(Kafka):
    """A broker that sends its clients to the wire."""

    wire = 0

    def _properties(self) -> str:
        return (
            super()
            ._properties()
            .replace(
                f"advertised.listeners=PLAINTEXT://127.0.0.1:{self.port}", f"advertised.listeners=PLAINTEXT://127.0.0.1:{self.wire}"
            )
        )


@contextmanager
def _served(command: list[str], log: Path, stop: signal.Signals) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, preexec_fn=die_with_parent(), start_new_session=True)
    try:
        yield
    finally:
        process.send_signal(stop)
        process.wait(30)


@contextmanager
def wired_servers(root: Path) -> Iterator[tuple[dict[str, Wire], tuple[str, ...]]]:
    """PostgreSQL and Kafka behind wires: the wires by name, and the options that lead an installation through them."""
    postgres, kafka = Postgres(root / "postgres"), _Advertised(root / "kafka", CACHE)
    wires = {"postgres": Wire(postgres.port), "kafka": Wire(kafka.port)}
    kafka.wire = wires["kafka"].port
    postgres.prepare()
    kafka.prepare()
    with (
        _served(postgres.command(), root / "postgres.log", signal.SIGINT),
        _served(kafka.command(), root / "kafka.log", signal.SIGTERM),
    ):
        until(lambda: postgres.ready() and kafka.ready(), START_S, "servers")
        dsn = postgres.dsn.replace(f":{postgres.port}/", f":{wires['postgres'].port}/")
        yield wires, ("--kafka", f"127.0.0.1:{kafka.wire}", "--postgres", dsn)
    for wire in wires.values():
        wire.stop()
