"""A world that is a function of its seed: processes that may be killed, frozen or cut off at every step they take outside.

Each call of a process to the database or the broker goes through `World.reach`, once before its effect and once after it.
There the seed decides whether the call takes time, fails, freezes the whole process (a zombie that wakes up later), or is
the last thing that the process ever does. A storm ends by itself; afterwards everything must come right unattended.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

BEGINNING = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
FREEZES_S = (0.1, 0.6, 1.3, 1.3, 2.5)
"""Shorter and longer than a lease, a group's session and an idle transaction live."""
RESTART_S = 0.2
POINTS = (
    "connect",
    "statement",
    "commit",
    "committed",
    "send",
    "sent",
    "poll",
    "polled",
    "offset commit",
    "producer start",
    "producer stop",
    "consumer start",
    "consumer stop",
    "hand over",
    "handed over",
    "ask carrier",
)
"""Where a process touches the outside: before and after each effect."""
FOCUS = 10.0
"""How much likelier faults are at the point that a schedule is about."""
TICK_S = 1e-6
"""Two instants closer than this are the same one."""
T = TypeVar("T")


class KilledError(BaseException):
    """The process is gone; nothing that it still tries has any effect."""


class Step(NamedTuple):
    """One thing that happened, for whoever replays a seed."""

    at: float
    who: str
    what: str

    def told(self) -> str:
        """The step as a line."""
        return f"{self.at:9.4f}  {self.who:<14} {self.what}"


@dataclass(frozen=True, slots=True)
class Weather:
    """How likely each fault is at each step, how many there are at most, for how many seconds, and which point it is about."""

    kill: float = 0.0
    fail: float = 0.0
    freeze: float = 0.0
    slow: float = 0.0
    faults_max: int = 0
    lasts_s: float = 0.0
    focus: str = ""

    @classmethod
    def drawn(cls, chance: random.Random) -> Weather:
        """A weather for one schedule; one in twenty is calm."""
        if chance.random() < 0.05:
            return cls()
        return cls(
            kill=chance.choice((0.0, 0.01, 0.03)),
            fail=chance.choice((0.0, 0.01, 0.04)),
            freeze=chance.choice((0.0, 0.004, 0.02)),
            slow=chance.choice((0.0, 0.03)),
            faults_max=chance.randint(1, 9),
            lasts_s=chance.choice((0.2, 0.5, 0.5, 1.2, 3.0)),
            focus=chance.choice(("", *POINTS)),
        )


class Process:
    """One incarnation of a process. Its connections and memberships hear of its end through `at_end`."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.alive = True
        self.thaws_at = 0.0
        self.at_end: list[Callable[[], None]] = []
        self.at_freeze: list[Callable[[float], None]] = []
        self._tasks: list[asyncio.Task[Any]] = []

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do `work` in this process for somebody who waits for it."""
        task = self.world.loop.create_task(work)
        self._tasks.append(task)
        return task

    async def live(self, *parts: Coroutine[Any, Any, None]) -> None:
        """Run the parts of this process. It ends when one of them does; if a part died of its own code, so did the process."""
        tasks = [self.start(part) for part in parts]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                await task

    def kill(self, how: str = "is killed") -> None:
        """End at once: no clean-up has any effect, and connections break."""
        if not self.alive:
            return
        self.alive = False
        self.world.note(self.name, how)
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        for hear in self.at_end:
            hear()

    def freeze(self, seconds: float) -> None:
        """Stand still, holding what it holds."""
        self.thaws_at = max(self.thaws_at, self.world.loop.time() + seconds)
        self.world.note(self.name, f"freezes for {seconds} s")
        for hear in self.at_freeze:
            hear(seconds)

    @property
    def frozen(self) -> bool:
        """Whether it stands still now."""
        return self.thaws_at > self.world.loop.time() + TICK_S


class World:
    """One schedule. Everything random comes from `chance`, every instant from the loop. `tells`: effects are noted as well."""

    def __init__(self, seed: int, *, tells: bool = False) -> None:
        self.tells = tells
        self.chance = random.Random(seed)
        self.loop = asyncio.get_running_loop()
        self.weather = Weather.drawn(self.chance)
        self.steps: list[Step] = []
        self.faults = 0
        self._instant = 0

    @property
    def stormy(self) -> bool:
        """Whether faults still happen."""
        return self.faults < self.weather.faults_max and self.loop.time() < self.weather.lasts_s

    def note(self, who: str, what: str) -> None:
        """Write down what happened."""
        self.steps.append(Step(self.loop.time(), who, what))

    def now(self) -> datetime:
        """The wall clock: virtual, and never the same instant twice."""
        self._instant = max(self._instant + 1, int(self.loop.time() * 1_000_000))
        return BEGINNING + timedelta(microseconds=self._instant)

    async def reach(self, process: Process, point: str, failure: Callable[[], Exception] | None = None) -> None:
        """Take one step towards the outside. Raises what `failure` makes, or `KilledError`."""
        await self._pass(process)
        if not self.stormy:
            return
        weather = self.weather
        roll = self.chance.random()
        if weather.focus:
            roll *= 1 / FOCUS if point == weather.focus else 4
        if roll < weather.kill:
            self._strike(process, point, "dies")
            process.kill()
            raise KilledError
        roll -= weather.kill
        if roll < weather.fail:
            if failure is not None:
                self._strike(process, point, "fails")
                raise failure()
            return
        if roll - weather.fail < weather.freeze:
            self._strike(process, point, "freezes")
            process.freeze(self.chance.choice(FREEZES_S))
            await self._pass(process)

    async def _pass(self, process: Process) -> None:
        if not process.alive:
            raise KilledError
        roll = self.chance.random()
        if roll < 0.12:
            await asyncio.sleep(roll * 0.04)
        elif roll < 0.12 + self.weather.slow:
            await asyncio.sleep(roll)
        while process.frozen and process.alive:
            await asyncio.sleep(process.thaws_at - self.loop.time())
        if not process.alive:
            raise KilledError

    def _strike(self, process: Process, point: str, how: str) -> None:
        self.faults += 1
        self.note(process.name, f"{how} at {point}")

    def keep(self, name: str, work: Callable[[Process], Awaitable[None]]) -> Kept:
        """Keep a process of this name running: whenever it ends, another begins."""
        return Kept(self, name, work)


class Kept:
    """A process and its successors, one at a time, as a supervisor keeps them."""

    def __init__(self, world: World, name: str, work: Callable[[Process], Awaitable[None]]) -> None:
        self._world = world
        self._name = name
        self._work = work
        self._born = 0
        self.died_of: BaseException | None = None
        self._over = False
        self.process = self._begin()

    def _begin(self) -> Process:
        self._born += 1
        process = Process(self._world, f"{self._name}.{self._born}")
        process.at_end.append(self._again)
        process.start(self._live(process))
        return process

    def _again(self) -> None:
        self._world.loop.call_later(self._world.chance.random() * RESTART_S, self._replace)

    def _replace(self) -> None:
        if not self._over:
            self.process = self._begin()

    def close(self) -> None:
        """End for good."""
        self._over = True
        self.process.kill("is not needed any more")

    async def _live(self, process: Process) -> None:
        try:
            await self._work(process)
        except (KilledError, asyncio.CancelledError):
            pass
        except BaseException as error:
            # A process that dies of its own code is a finding, not a fault.
            self.died_of = error
        process.kill()
