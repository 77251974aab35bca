"""What every word of the command line needs: the running instance, a whole stack for a while, and when to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from deploy.local import instance
from deploy.local.doors import Doors
from deploy.local.history import HELD, HOLD_S, hold_until_in
from deploy.local.instance import Instance
from deploy.local.ledger import Ledger
from deploy.local.seed import seed
from deploy.local.stack import Options, Stack
from shared.postgres import timers
from shared.postgres.event_log import EventLog
from shared.postgres.pool import open_pool
from shared.runtime.auth import Keys
from shared.telemetry import clock

LOOK_EVERY_S = 0.5
T = TypeVar("T")


class CommandError(Exception):
    """Something the person at the keyboard can mend; the message says how."""


def say(step: str) -> None:
    """Tell what is being done, on standard error."""
    print(f"  {step} ...", file=sys.stderr, flush=True)


def running(data: Path) -> Instance:
    """The running instance. Raises `CommandError` if there is none."""
    found = instance.read(data)
    if found is None:
        raise CommandError("nothing runs on this data: ./runonce up, or ./runonce demo")
    return found


def doors_of(data: Path) -> Doors:
    """The doors of the running instance. Raises `CommandError` if there is none."""
    return Doors(running(data).urls, Keys(data / "keys"))


def addresses(urls: dict[str, str]) -> str:
    """The addresses to open, a line each."""
    lines = [
        f"  board      {urls['metrics']}/            operations {urls['metrics']}/operations.html",
        f"  citizens   {urls['intake']}/            before going {urls['intake']}/guide.html",
        f"  counter    {urls['intake']}/desk.html",
        f"  department {urls['approval']}/",
        f"  messages   {urls['notify']}/",
        f"  interfaces {'/openapi.json '.join(urls.values())}/openapi.json",
    ]
    return "\n".join(lines)


def until_told() -> asyncio.Event:
    """Set by Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


@contextlib.asynccontextmanager
async def started(options: argparse.Namespace, data: Path) -> AsyncIterator[tuple[Stack, Doors]]:
    """The whole stack with its catalogue until the block ends; one instance for each data directory."""
    with instance.lock(data):
        stack = Stack(Options(data, options.kafka, options.postgres, demo=True), say)
        try:
            await stack.start_servers()
            ledger = Ledger(data)
            if not all(history.is_in for history in ledger.histories()):
                await _hold_timers(stack)
            await stack.start_services()
            async with Doors(stack.urls, stack.keys) as doors:
                await as_long_as_it_runs(stack, seed(doors, data, clock.now(), say))
                tasks = [asyncio.create_task(_keep_record(stack)), asyncio.create_task(hold_until_in(doors, ledger))]
                try:
                    yield stack, doors
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            await stack.stop()


async def as_long_as_it_runs(stack: Stack, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`. Raises `CommandError` with a service's own last words if it cannot run at all."""
    working = asyncio.ensure_future(work)
    giving_up = asyncio.ensure_future(stack.supervisor.gave_up.wait())
    try:
        await asyncio.wait([working, giving_up], return_when=asyncio.FIRST_COMPLETED)
    finally:
        giving_up.cancel()
        if not working.done():
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
    child = stack.supervisor.hopeless
    if child is not None:
        raise CommandError(child.log.read_text().splitlines()[-1])
    return working.result()


async def _keep_record(stack: Stack) -> None:
    """Other commands learn the new process of a service that was restarted."""
    known = stack.supervisor.pids()
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        pids = stack.supervisor.pids()
        if pids != known:
            stack.record()
            known = pids


async def until_done(stop: asyncio.Event, work: Coroutine[Any, Any, int]) -> int:
    """The exit code of `work`; 0 if `stop` is set first, after `work` has tidied up."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if working.done():
        return working.result()
    print("  stopping ...", file=sys.stderr, flush=True)
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    return 0


async def _hold_timers(stack: Stack) -> None:
    """A history was interrupted: nothing may fall due in it before the rest of it is in."""
    for service in HELD:
        pool = await open_pool(stack.dsns[service][1], service=service, size=1, by_key=False)
        log = EventLog(pool, service)
        async with log.transaction() as tx:
            is_there = await tx.fetchval("SELECT to_regclass('timekeeper') IS NOT NULL")
        if is_there:
            await timers.hold(log, HOLD_S)
        await pool.close()
