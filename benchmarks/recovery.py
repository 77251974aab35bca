"""How long until work goes on after `kill -9`, and how fast a backlog is caught up after metrics was away."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import time
from dataclasses import replace

from benchmarks.installation import Installation, counted, installed, say
from benchmarks.metrics_alone import metrics_alone
from benchmarks.results import Result
from benchmarks.visits import OpenLoop
from deploy.local.quiet import until_quiet

WORD = "recovery"
HELP = "kill -9 to first commit of each process, and catching up a backlog"
EVENTS_PER_S = 100
VICTIMS = ("intake", "approval", "notify", "metrics", "kafka", "postgres")
BACKLOG = 1_000_000
SMOKE_BACKLOG = 4_000
LOOK_EVERY_S = 0.05
CALM_S = 5.0
LIMIT_S = 60.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--backlog", type=int, default=BACKLOG, help="events that wait for metrics")


def run(options: argparse.Namespace) -> list[Result]:
    """Measure both."""
    if options.smoke:
        return [*asyncio.run(_kills(("metrics",))), *asyncio.run(_backlog(SMOKE_BACKLOG))]
    return [*asyncio.run(_kills(VICTIMS)), *asyncio.run(_backlog(options.backlog))]


async def _kills(victims: tuple[str, ...]) -> list[Result]:
    results = []
    async with installed() as house:
        before = await counted(house.doors)
        load = OpenLoop(house.doors, EVENTS_PER_S)
        seconds = len(victims) * CALM_S * 3
        loading = asyncio.create_task(load.run(seconds))
        for victim in victims:
            await asyncio.sleep(CALM_S)
            took = await _back_after_kill(house, victim)
            say(f"{victim} works again after {took:.2f} s")
            results.append(Result(WORD, "ours", 0, round(took, 2), f"s kill -9 to first commit, {victim}"))
        await loading
        await until_quiet(house.doors, house.kafka, LIMIT_S * 3)
        right = await counted(house.doors) == before + load.sent
    return [replace(result, correct=right) for result in results]


async def _back_after_kill(house: Installation, victim: str) -> float:
    """Seconds from the kill until every service has committed something new. For a server: until all do again."""
    services = ("intake", "approval", "notify", "metrics") if victim in ("kafka", "postgres") else (victim,)
    killed = house.pids()[victim]
    os.kill(killed, signal.SIGKILL)
    begun = time.perf_counter()
    # Until its successor is there, others go on committing what they had from it.
    while house.pids().get(victim, killed) == killed:
        if time.perf_counter() - begun > LIMIT_S:
            raise TimeoutError(f"{victim} is not started again")
        await asyncio.sleep(LOOK_EVERY_S)
    await asyncio.gather(*(_moves(house, service) for service in services))
    return time.perf_counter() - begun


async def _moves(house: Installation, service: str) -> None:
    """Wait until what a service has committed grows."""
    first = await _committed(house, service)
    deadline = time.perf_counter() + LIMIT_S
    while await _committed(house, service) <= first:
        if time.perf_counter() > deadline:
            raise TimeoutError(f"{service} does not go on")
        await asyncio.sleep(LOOK_EVERY_S)


async def _committed(house: Installation, service: str) -> int:
    told = await house.doors.get(service, "/v1/conservation", "auditor")
    if service == "intake":
        return sum(row["appended"] for row in told["written"])
    return sum(row["consumed"] for row in told["consumed"])


async def _backlog(events: int) -> list[Result]:
    async with metrics_alone() as house:
        await house.publish(events)
        begun = time.perf_counter()
        await house.start()
        seconds = await house.until_applied()
        whole = time.perf_counter() - begun
        right = await house.is_right()
    say(f"{events / seconds:.0f} events a second, right: {right}")
    return [
        Result(WORD, "ours", events, round(events / seconds), "events/s catching up", correct=right),
        Result(WORD, "ours", events, round(whole, 1), "s from start to caught up", correct=right),
    ]
