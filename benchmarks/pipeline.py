"""The whole pipeline on one machine: submit, accept, decide, notify, count. Four services, Kafka, PostgreSQL and the load share it.

First a history goes through the batch doors as fast as it is taken (closed loop), then a burst is offered on schedule
whether or not it is taken (open loop). Then record, figures and the generator's truth must be equal in every slice.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from statistics import quantiles

from benchmarks.installation import Installation, appended, installed, log_bytes, processor_seconds, say, stored_bytes
from benchmarks.processes import resident_mb
from benchmarks.results import Result
from deploy.local.doors import Doors
from deploy.local.history import Loader, held
from deploy.local.ledger import CHUNK, History, Ledger
from deploy.local.progress import Tracker, tracking
from deploy.local.quiet import LOOK_EVERY_S, QUIET_LOOKS, until_quiet
from deploy.local.scenario import DAYS, Scenario
from deploy.local.stack import Options, Stack
from deploy.local.verify import verify
from shared.contracts.topics import SERVICES
from shared.reference.deadlines import local_date
from shared.reference.divisions import CITY_CODES
from shared.telemetry import clock

WORD = "pipeline"
HELP = "four services together: sustained rate, a burst, processor time, bytes, memory, dashboard, start"
JOURNEYS = 20_000
SMOKE_JOURNEYS = 250
BURST_EVENTS_PER_S = 4_000
BURST_S = 60.0
SMOKE_BURST_S = 2.0
QUIET_S = 600.0
SILENCE_S = LOOK_EVERY_S * (QUIET_LOOKS - 1)
"""Silence is only believed after so long; that is not part of the work."""
SLICES = 300
REQUESTS_MAX = 32


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--journeys", type=int, default=JOURNEYS, help="length of the history")
    parser.add_argument("--burst", type=float, default=BURST_S, help="seconds of the burst; 0 leaves it out")


def run(options: argparse.Namespace) -> list[Result]:
    """Measure."""
    if options.smoke:
        return asyncio.run(_measure(SMOKE_JOURNEYS, SMOKE_BURST_S))
    return [*asyncio.run(_starts()), *asyncio.run(_measure(options.journeys, options.burst))]


async def _starts() -> list[Result]:
    """Until all doors are open, without the launcher and its interpreter: on an empty directory, and on data that is there."""
    results = []
    with tempfile.TemporaryDirectory(prefix="runonce-bench-") as directory:
        for name in ("cold", "warm"):
            stack = Stack(Options(Path(directory)), say)
            begun = time.perf_counter()
            try:
                await stack.start()
                results.append(Result(WORD, "ours", 0, round(time.perf_counter() - begun, 1), f"s {name} start"))
            finally:
                await stack.stop()
    return results


async def _measure(journeys: int, burst_s: float) -> list[Result]:
    async with installed() as house:
        ledger = Ledger(house.data)
        results, events_per_journey = await _sustained(house, ledger, journeys)
        results += await _dashboard(house.doors, journeys)
        results += [_told(journeys, resident_mb(pid), f"MB resident {name}") for name, pid in house.pids().items()]
        results.append(_told(journeys, sum(map(resident_mb, house.pids().values())), "MB resident in all"))
        if burst_s:
            results += await _burst(house, ledger, events_per_journey, burst_s)
        say("comparing record, figures and truth")
        verdict = await verify(house.doors, house.kafka, ledger, clock.now)
    if not verdict.is_whole:
        say(f"{len(verdict.differences)} differences, broken laws: {verdict.broken}")
    return [replace(result, correct=result.correct and verdict.is_whole) for result in results]


def _told(size: int, value: float, unit: str) -> Result:
    return Result(WORD, "ours", size, round(value, 1), unit)


async def _sustained(house: Installation, ledger: Ledger, journeys: int) -> tuple[list[Result], float]:
    history = await asyncio.to_thread(ledger.script, Scenario(7, journeys, clock.now()))
    before, used = await appended(house.doors), processor_seconds(house.pids())
    sizes, logged = await _stored(house), log_bytes(house.data)
    begun = time.perf_counter()
    with tracking("history", journeys) as tracker:
        await Loader(house.doors, history, tracker).load()
    await until_quiet(house.doors, house.kafka, QUIET_S)
    seconds = time.perf_counter() - begun - SILENCE_S
    events = await appended(house.doors) - before
    results = [_told(journeys, events / seconds, "events/s sustained")]
    results += _processor(journeys, used, processor_seconds(house.pids()), events)
    grown = {name: size - sizes[name] for name, size in (await _stored(house)).items()}
    results += [_told(journeys, size / events, f"bytes/event PostgreSQL {name}") for name, size in grown.items()]
    results.append(_told(journeys, (log_bytes(house.data) - logged) / events, "bytes/event Kafka"))
    say(", ".join(f"{result.unit} {result.value}" for result in results))
    return results, events / journeys


def _processor(size: int, before: Mapping[str, float], after: Mapping[str, float], events: int) -> list[Result]:
    """Processor seconds for each million events."""
    used = {name: (after[name] - before[name]) * 1_000_000 / events for name in before}
    return [
        _told(size, seconds, f"CPU s/million events {name}") for name, seconds in [*used.items(), ("in all", sum(used.values()))]
    ]


async def _stored(house: Installation) -> dict[str, int]:
    found = {"event": 0, "outbox": 0, "rows": 0}
    for service in SERVICES:
        for name, size in (await stored_bytes(house.stack, service)).items():
            found[name] += size
    return found


def slices(today: date) -> list[dict[str, str]]:
    """Slices of the first screen that begin on days of the history, of cities and of the province."""
    days = [(today - timedelta(days=ago)).isoformat() for ago in range(DAYS + 1)]
    known = [{"from": day, "region": region} for day in days for region in (*CITY_CODES, "330000")]
    return random.Random(5).sample(known, SLICES)


async def _dashboard(doors: Doors, journeys: int) -> list[Result]:
    """Answers to different slices of the first screen."""
    took = []
    for query in slices(local_date(clock.now())):
        begun = time.perf_counter()
        await doors.get("metrics", "/v1/dashboard", None, **query)
        took.append((time.perf_counter() - begun) * 1_000)
    cuts = quantiles(took, n=100)
    return [_told(journeys, cuts[cut - 1], f"ms p{cut} dashboard") for cut in (50, 95, 99)]


class _Schedule(Loader):
    """Brings a history in on schedule: a part begins when it is due, however many are still under way."""

    def __init__(self, doors: Doors, history: History, tracker: Tracker, part_every_s: float) -> None:
        super().__init__(doors, history, tracker)
        self._every_s = part_every_s
        self._requests = asyncio.Semaphore(REQUESTS_MAX)

    async def offer(self) -> list[asyncio.Task[None]]:
        """Begin every part at its time; returns those under way once the last one has been offered its time."""
        loop = asyncio.get_running_loop()
        begun, tasks, chunks = loop.time(), [], list(self._history.chunks())
        for number, stories in chunks:
            await asyncio.sleep(max(0.0, begun + number * self._every_s - loop.time()))
            tasks.append(asyncio.create_task(self._part(number, stories)))
        await asyncio.sleep(max(0.0, begun + len(chunks) * self._every_s - loop.time()))
        return tasks


async def _burst(house: Installation, ledger: Ledger, events_per_journey: float, seconds: float) -> list[Result]:
    journeys = round(BURST_EVENTS_PER_S * seconds / events_per_journey)
    history = await asyncio.to_thread(ledger.script, Scenario(8, journeys, clock.now()))
    before = await appended(house.doors)
    say(f"burst of {BURST_EVENTS_PER_S} events a second for {seconds:.0f} s")
    async with held(house.doors):
        with tracking("burst", journeys) as tracker:
            loader = _Schedule(house.doors, history, tracker, CHUNK * events_per_journey / BURST_EVENTS_PER_S)
            tasks = await loader.offer()
            over = time.perf_counter()
            during = await appended(house.doors) - before
            await asyncio.gather(*tasks)
    await until_quiet(house.doors, house.kafka, QUIET_S)
    lagged = time.perf_counter() - over - SILENCE_S
    history.finish()
    right = not loader.loaded.surprises
    results = [
        _told(BURST_EVENTS_PER_S, during / seconds, "events/s recorded during the burst"),
        _told(BURST_EVENTS_PER_S, max(lagged, 0.0), "s until lag is 0 after the burst"),
    ]
    say(", ".join(f"{result.unit} {result.value}" for result in results))
    return [replace(result, correct=right) for result in results]
