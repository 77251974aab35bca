"""Starts children in order, waits until each is ready, restarts what dies, and stops everything in reverse order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.children import die_with_parent

READY_S = 60.0
POLL_S = 0.05
DRAIN_S = 22.0
BACK_OFF_S = (0.2, 5.0)
STABLE_S = 10.0
_log = logging.getLogger(__name__)


class NotReadyError(Exception):
    """A child ended or did not become ready in time; `name` says which, `log` where it wrote why."""

    def __init__(self, name: str, log: Path) -> None:
        super().__init__(f"{name} did not start; see {log}")
        self.name = name
        self.log = log


@dataclass(frozen=True, slots=True)
class Child:
    """How to run one child: what to start, when it is ready, which signal stops it, what to tidy before a restart.

    An exit code among `hopeless` says that starting it again is of no use.
    """

    name: str
    argv: Sequence[str]
    log: Path
    ready: Callable[[], bool]
    environment: Mapping[str, str] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    before_restart: Callable[[], None] = lambda: None
    hopeless: frozenset[int] = frozenset()


@dataclass(slots=True)
class _Running:
    child: Child
    process: asyncio.subprocess.Process
    watcher: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Supervisor:
    """The children of one command."""

    running: list[_Running] = field(default_factory=list)
    restarts: dict[str, int] = field(default_factory=dict)
    gave_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a child ended with a code that says that starting it again is of no use."""
    hopeless: Child | None = None
    _stopping: bool = False

    async def start(self, child: Child) -> None:
        """Start `child`, wait until it is ready, and watch over it. Raises `NotReadyError`."""
        entry = _Running(child, await _spawn(child))
        self.running.append(entry)
        await self._until_ready(entry)
        entry.watcher = asyncio.create_task(self._watch(entry))

    async def start_together(self, children: Sequence[Child]) -> None:
        """Start children that do not wait for each other."""
        await asyncio.gather(*(self.start(child) for child in children))

    def pids(self) -> dict[str, int]:
        """The process id of each child."""
        return {entry.child.name: entry.process.pid for entry in self.running}

    async def stop(self) -> None:
        """Stop all children, the last started first; services together, since they wait for nobody."""
        self._stopping = True
        for entry in self.running:
            if entry.watcher is not None:
                entry.watcher.cancel()
        services = [e for e in self.running if e.child.name not in {"postgres", "kafka"}]
        await asyncio.gather(*(_end(entry) for entry in services))
        for entry in reversed([e for e in self.running if e not in services]):
            await _end(entry)
        self.running.clear()

    async def _until_ready(self, entry: _Running) -> None:
        deadline = asyncio.get_running_loop().time() + READY_S
        while not entry.child.ready():
            if entry.process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                raise NotReadyError(entry.child.name, entry.child.log)
            await asyncio.sleep(POLL_S)

    async def _watch(self, entry: _Running) -> None:
        back_off = BACK_OFF_S[0]
        while True:
            started = asyncio.get_running_loop().time()
            await entry.process.wait()
            if self._stopping:
                return
            if entry.process.returncode in entry.child.hopeless:
                self.hopeless = entry.child
                self.gave_up.set()
                return
            if asyncio.get_running_loop().time() - started > STABLE_S:
                back_off = BACK_OFF_S[0]
            self.restarts[entry.child.name] = self.restarts.get(entry.child.name, 0) + 1
            await asyncio.sleep(back_off)
            back_off = min(back_off * 2, BACK_OFF_S[1])
            # What cannot be started now, for want of room or of processes, is tried again after the next pause.
            with contextlib.suppress(OSError):
                entry.child.before_restart()
                entry.process = await _spawn(entry.child)


async def _spawn(child: Child) -> asyncio.subprocess.Process:
    child.log.parent.mkdir(parents=True, exist_ok=True)
    with child.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *child.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(child.environment) if child.environment is not None else None,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )


async def _end(entry: _Running) -> None:
    if entry.process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        entry.process.send_signal(entry.child.stop_signal)
    try:
        await asyncio.wait_for(entry.process.wait(), DRAIN_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            entry.process.kill()
        await entry.process.wait()
