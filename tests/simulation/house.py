"""A house of simulated machines: one broker, some databases, processes that the real classes run in, and bad weather.

The real relay, consumer loop and batch reader make their clients through factories; here the factories are given simulated
ones. Limits of time are scaled down together, and idle polls spread out, for they decide nothing and cost time.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from unittest.mock import patch

from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.eventsourcing.records import Place
from tests.simulation.broker import Broker, SimulatedProducer
from tests.simulation.database import Database
from tests.simulation.membership import Group, SimulatedConsumer
from tests.simulation.virtual_time import run
from tests.simulation.world import FREEZES_S, Kept, Process, Step, World

SETTLES_WITHIN_S = 120.0
LOOKS_EVERY_S = 0.25
COLLECTS_EVERY = 50
LEFT_TOLD_MAX = 12
FIRST_STEPS_TOLD, LAST_STEPS_TOLD = 200, 60
Scenario = Callable[["House"], Awaitable[None]]


class BrokenPromiseError(AssertionError):
    """Something that must never happen did."""


@dataclass(slots=True)
class House:
    """One schedule's machines. Scenarios add processes, then let the storm pass."""

    world: World
    broker: Broker
    databases: list[Database] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    _processes: dict[str, Process] = field(default_factory=dict)
    _groups: dict[str, Group] = field(default_factory=dict)
    _guests: list[asyncio.Task[Any]] = field(default_factory=list)

    def database(self, name: str) -> Database:
        """Another database."""
        self.databases.append(Database(self.world, name))
        return self.databases[-1]

    def group(self, name: str, places: Sequence[Place]) -> None:
        """A consumer group and the partitions there are for it."""
        self._groups[name] = Group(self.broker, places)

    def keep(self, name: str, work: Callable[[Process], Awaitable[None]]) -> Kept:
        """Keep a process running."""

        async def known(process: Process) -> None:
            self._processes[process.name] = process
            await work(process)

        self.kept.append(Kept(self.world, name, known))
        return self.kept[-1]

    def guest(self, work: Coroutine[Any, Any, None]) -> None:
        """Somebody outside: a client or an operator, who never dies."""
        self._guests.append(self.world.loop.create_task(work))

    def forgive(self, working: asyncio.Task[Any], *also: type[Exception]) -> None:
        """Whoever asked may ask again if the process died or a dependency was away. Raises any other error."""
        if working.done() and not working.cancelled():
            error = working.exception()
            if isinstance(error, Exception) and not isinstance(error, (UnavailableError, VersionConflictError, *also)):
                raise error

    def producer(self, bootstrap: str, _: str) -> SimulatedProducer:
        """Stands for `clients.producer`; the address names the process."""
        return SimulatedProducer(self.broker, self._processes[bootstrap])

    def consumer(self, bootstrap: str, group: str, *_: str) -> SimulatedConsumer:
        """Stands for `clients.consumer`."""
        return SimulatedConsumer(self._groups[group], self._processes[bootstrap])

    async def weather(self) -> None:
        """Faults that strike from outside, until the storm is over."""
        world = self.world
        while world.stormy:
            await asyncio.sleep(world.chance.random() * 0.3)
            if world.stormy and world.chance.random() < 0.7:
                world.faults += 1
                self._strike(world.chance.choice(self.kept).process, world.chance.random())

    def _strike(self, victim: Process, roll: float) -> None:
        if roll < 0.35:
            victim.kill()
        elif roll < 0.6:
            victim.freeze(self.world.chance.choice(FREEZES_S))
        elif roll < 0.75:
            self.world.chance.choice(self.databases).crash()
        elif roll < 0.9:
            self.broker.go_away(self.world.chance.random() * 2)

    async def settle(self, settled: Callable[[], bool], help_on: Callable[[], Awaitable[None]] | None = None) -> None:
        """Wait until `settled`, calling `help_on` now and then once the storm is over. Raises if it takes too long."""
        world = self.world
        await self.weather()
        while not settled():
            if world.loop.time() > SETTLES_WITHIN_S:
                raise BrokenPromiseError(f"not everything arrived, although nothing was wrong any more: {self._left()}")
            self._look_after()
            if help_on is not None:
                await help_on()
            await asyncio.sleep(LOOKS_EVERY_S)
        self._look_after()

    def _left(self) -> str:
        """What is still owed, waits, or was not consumed, for whoever is called to a schedule that does not come to its end."""
        told = []
        for database in self.databases:
            told.append(f"{database.name} owes {len(database.tables['outbox'])}")
            for row in database.rows("parked"):
                told.append(f"{row['source']}/{row['sequence']} of {row['key']} waits in {row['grp']} for {row['error_code']}")
            for row in database.rows("checkpoint"):
                end = len(self.broker.logs[Place(row["topic"], row["partition"])])
                if row["next_offset"] != end:
                    told.append(f"{row['grp']} is at {row['next_offset']} of {end} in {row['topic']}/{row['partition']}")
        return "; ".join(told[:LEFT_TOLD_MAX])

    def _look_after(self) -> None:
        for guest in self._guests:
            if guest.done():
                guest.result()
        for kept in self.kept:
            if kept.died_of is not None:
                raise BrokenPromiseError("a process died of its own code") from kept.died_of

    def close(self) -> None:
        """End every process."""
        for kept in self.kept:
            kept.close()
        for guest in self._guests:
            guest.cancel()


@dataclass(frozen=True, slots=True)
class Ran:
    """What one schedule did: how long in virtual seconds, how many faults, and every step."""

    seconds: float
    faults: int
    steps: list[Step]


class _Present:
    """The house of the schedule that runs now: factories find it here, so that nothing is patched for each schedule."""

    house: House

    def producer(self, bootstrap: str, client_id: str) -> SimulatedProducer:
        return self.house.producer(bootstrap, client_id)

    def consumer(self, bootstrap: str, group: str, *rest: str) -> SimulatedConsumer:
        return self.house.consumer(bootstrap, group, *rest)

    def now(self) -> datetime:
        return self.house.world.now()


_PRESENT = _Present()


@contextlib.contextmanager
def simulated() -> Iterator[None]:
    """Let the real classes find simulated clients, virtual time and scaled limits; nobody logs, and nobody collects garbage."""
    logging.disable(logging.CRITICAL)
    gc.freeze()
    gc.disable()
    try:
        with (
            patch("shared.kafka.relay.producer", _PRESENT.producer),
            patch("shared.kafka.consumer.consumer", _PRESENT.consumer),
            patch("shared.kafka.batches.consumer", _PRESENT.consumer),
            patch("shared.telemetry.clock.now", _PRESENT.now),
            patch.multiple("shared.kafka.relay", LEASE_S=1.0, SEND_DEADLINE_S=2.0, POLL_S=1.0, WATERMARK_S=1.0),
            patch("shared.kafka.consumer.POLL_MS", 1_000),
            patch("services.metrics.projector.WAIT_MS", 1_000),
            patch.multiple("services.notify.sender", POLL_S=0.1, BACK_OFF_S=(0.2, 0.4, 0.8, 1.6)),
        ):
            yield
    finally:
        gc.enable()
        gc.unfreeze()
        logging.disable(logging.NOTSET)


def run_schedule(scenario: Scenario, seed: int, *, tells: bool = False) -> Ran:
    """Run one schedule to its end, within `simulated`. Raises whatever broke, with the steps in the error's notes."""
    ran: list[Ran] = []
    steps: list[Step] = []

    async def main() -> None:
        world = World(seed, tells=tells)
        world.loop.set_exception_handler(lambda *_: None)
        nonlocal steps
        steps = world.steps
        _PRESENT.house = house = House(world, Broker(world))
        try:
            await scenario(house)
        finally:
            house.close()
        ran.append(Ran(world.loop.time(), world.faults, world.steps))

    if seed % COLLECTS_EVERY == 0:
        gc.collect()
    try:
        run(main())
    except Exception as error:
        error.add_note(_told(steps))
        raise
    return ran[0]


def _told(steps: Sequence[Step]) -> str:
    """The beginning, where it went wrong, and the end, where it shows."""
    lines = [step.told() for step in steps]
    left_out = len(lines) - FIRST_STEPS_TOLD - LAST_STEPS_TOLD
    if left_out > 0:
        lines[FIRST_STEPS_TOLD:-LAST_STEPS_TOLD] = [f"    ... {left_out} steps ..."]
    return "\n".join(lines)
