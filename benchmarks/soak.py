"""Hours under load with a random fault every half minute: is everything flat, and is everything still equal in the end?

Flat means: of each process that was not just started, the median of the last third of the samples is not above that of the
first third by more than a seventh and a fixed allowance. Megabytes, handles, threads of the operating system, tasks of the event
loop and connections are watched. A run is right if all is equal, all is flat, and the load was there. A short run has few samples:
its verdict on slopes says little, its verdict on equality says all.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from benchmarks.installation import Installation, installed, say
from benchmarks.processes import family, resident_mb, signal_family, tasks_of
from benchmarks.results import LATEST, Result
from deploy.local.ledger import Journal, Ledger
from deploy.local.live import LiveLoad
from deploy.local.partners import Partners
from deploy.local.population import province
from deploy.local.rest import turn
from deploy.local.scenario import LiveScenario
from deploy.local.stage import Stage
from deploy.local.verify import verify
from shared.contracts.topics import SERVICES
from shared.postgres.pool import connect
from shared.reference.deadlines import local_date
from shared.telemetry import clock

WORD = "soak"
HELP = "load with random faults for --minutes N; flat resources, everything equal in the end"
REPORT = LATEST.parent / "soak.json"
MINUTES = 30.0
EVENTS_PER_S = 200
EVENTS_PER_STORY = 12
ENOUGH = 0.75
"""So much of the load that is wanted must have been recorded: faults take their part, and a run without load shows nothing."""
FAULT_EVERY_S = 30.0
SAMPLE_EVERY_S = 5.0
STOPPED_S = 5.0
WARM_S = 45.0
"""A process younger than this is still filling its caches."""
LAST_ANSWERS_S = 60.0
GROWTH = 8 / 7
ALLOWED = {"mb": 12.0, "handles": 12.0, "threads": 4.0, "tasks": 30.0, "connections": 4.0}
SERVERS = ("kafka", "postgres")
EVERYBODY = (*SERVICES, *SERVERS)
_CONNECTIONS = (
    "SELECT application_name AS name, count(*) AS n FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 1"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One process at one moment. `age_s` is the time since it was started; servers and whoever is silent tell no `tasks`."""

    at_s: float
    age_s: float
    mb: float
    handles: int
    threads: int
    tasks: int | None
    connections: int


@dataclass
class Run:
    """What a run has seen so far."""

    begun: float = field(default_factory=time.monotonic)
    samples: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    faults: list[dict[str, Any]] = field(default_factory=list)

    def now_s(self) -> float:
        """Seconds since the run began."""
        return round(time.monotonic() - self.begun, 1)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--seed", type=int, default=1, help="which faults at which moments")


def run(options: argparse.Namespace) -> list[Result]:
    """Soak, judge, and keep the report."""
    minutes = 1.0 if options.smoke else options.minutes
    report = asyncio.run(_soak(minutes, random.Random(options.seed)))
    report = {"minutes": minutes, "seed": options.seed, **report}
    if not options.smoke:
        REPORT.write_text(json.dumps(report, indent=1) + "\n")
    say(json.dumps({name: report[name] for name in ("equal", "flat", "steep", "journeys", "events", "surprises", "unlike")}))
    right = report["equal"] and (options.smoke or is_proof(report))
    size = round(minutes)
    return [
        Result(WORD, "ours", size, len(report["faults"]), "faults survived", correct=right),
        Result(WORD, "ours", size, sum(report["surprises"].values()), "acts answered late or otherwise", correct=right),
        Result(WORD, "ours", size, round(rate(report)), "events/s", correct=right),
        Result(WORD, "ours", size, len(report["steep"]), "resources that grow", correct=right),
        Result(WORD, "ours", size, report["differences"], "differences in the end", correct=right),
    ]


def rate(report: Mapping[str, Any]) -> float:
    """Events a second of a whole run."""
    return float(report["events"] / (report["minutes"] * 60))


def is_proof(report: Mapping[str, Any]) -> bool:
    """Whether a run shows more than equality: nothing grew, under the load that was wanted.

    What was answered too late is told, and is no loss: equality is judged on what the record says in the end.
    """
    return bool(report["flat"]) and rate(report) >= ENOUGH * EVENTS_PER_S


async def _soak(minutes: float, dice: random.Random) -> dict[str, Any]:
    async with installed() as house:
        ledger, made = Ledger(house.data), Run()
        stage = await _under_load(house, ledger, made, minutes * 60, dice)
        say("comparing record, figures and truth")
        verdict = await verify(house.doors, house.kafka, ledger, clock.now)
        events = sum(verdict.truth.events.values())
    steep = judged(made.samples)
    return {
        "equal": verdict.is_whole,
        "differences": len(verdict.differences) + len(verdict.broken),
        "unlike": [str(one) for one in (*verdict.differences, *verdict.broken)][:10],
        "flat": not steep,
        "steep": steep,
        "journeys": verdict.journeys,
        "events": events,
        "acts": stage.played.deeds,
        "surprises": dict(stage.played.surprises),
        "restarts": dict(house.stack.supervisor.restarts),
        "faults": made.faults,
        "samples": {name: [asdict(sample) for sample in samples] for name, samples in made.samples.items()},
    }


async def _under_load(house: Installation, ledger: Ledger, made: Run, seconds: float, dice: random.Random) -> Stage:
    now = clock.now()
    day, name = local_date(now), f"{now:%y%m%d%H%M%S}"
    journal, stop = Journal(ledger.directory / f"live-{name}.jsonl"), asyncio.Event()
    async with Partners(house.kafka, province(day)) as partners:
        stage = Stage(house.doors, partners, province(day), journal, clock.now, lambda: turn(ledger.directory))
        load = LiveLoad(stage, LiveScenario(3, name, day), clock.now, EVENTS_PER_S / EVENTS_PER_STORY)
        playing = asyncio.create_task(load.run(stop))
        others = [asyncio.create_task(_break_things(house, made, dice)), asyncio.create_task(_watch(house, made))]
        try:
            await asyncio.wait([playing, *others], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in others:
                task.cancel()
            broken = [one for one in await asyncio.gather(*others, return_exceptions=True) if isinstance(one, Exception)]
            stop.set()
            await asyncio.wait([playing], timeout=LAST_ANSWERS_S)
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            journal.close()
    if broken:
        raise broken[0]
    return stage


async def _break_things(house: Installation, made: Run, dice: random.Random) -> None:
    """One fault after another, until cancelled. Whoever was stopped is woken."""
    while True:
        await asyncio.sleep(FAULT_EVERY_S)
        fault, victim = dice.choice((("kill", dice.choice(EVERYBODY)), ("freeze", dice.choice(EVERYBODY)), ("restart", "kafka")))
        pid = house.pids()[victim]
        made.faults.append({"at_s": made.now_s(), "fault": fault, "victim": victim})
        say(f"{made.now_s():.0f} s: {fault} {victim}")
        with contextlib.suppress(ProcessLookupError):
            if fault == "freeze":
                await _freeze(pid)
            elif fault == "kill":
                signal_family(pid, signal.SIGKILL)
            else:
                os.kill(pid, signal.SIGTERM)


async def _freeze(pid: int) -> None:
    signal_family(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(STOPPED_S)
    finally:
        signal_family(pid, signal.SIGCONT)


async def _watch(house: Installation, made: Run) -> None:
    """Weigh every process now and then, until cancelled."""
    born: dict[int, float] = {}
    while True:
        connections = await _connections(house)
        tasks = await _tasks(house)
        for name, pid in house.pids().items():
            since, held = born.setdefault(pid, made.now_s()), connections.get(f"runonce-{name}", 0)
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if pids := family(pid):
                    made.samples[name].append(_sample(pids, made.now_s(), since, tasks.get(name), held))
        await asyncio.sleep(SAMPLE_EVERY_S)


async def _tasks(house: Installation) -> dict[str, int | None]:
    urls = house.stack.urls
    told = await asyncio.gather(*(asyncio.to_thread(tasks_of, url) for url in urls.values()))
    return dict(zip(map(str, urls), told, strict=True))


def _sample(pids: Sequence[int], now_s: float, since_s: float, tasks: int | None, connections: int) -> Sample:
    handles = sum(len(os.listdir(f"/proc/{one}/fd")) for one in pids)
    threads = sum(len(os.listdir(f"/proc/{one}/task")) for one in pids)
    return Sample(now_s, round(now_s - since_s, 1), round(resident_mb(pids[0]), 1), handles, threads, tasks, connections)


async def _connections(house: Installation) -> dict[str, int]:
    """Connections by application name; none while PostgreSQL is away."""
    try:
        async with asyncio.timeout(2):
            connection = await connect(house.stack.dsns["intake"][0])
            try:
                return {row["name"]: row["n"] for row in await connection.fetch(_CONNECTIONS)}
            finally:
                await connection.close()
    except Exception:
        return {}


def judged(samples: Mapping[str, Sequence[Sample]]) -> list[str]:
    """The resources that grow, each with the two medians; none if everything is flat."""
    steep = []
    for name, all_of_it in samples.items():
        warm = [sample for sample in all_of_it if sample.age_s >= WARM_S]
        for resource, allowed in ALLOWED.items():
            told = [value for sample in warm if (value := getattr(sample, resource)) is not None]
            third = len(told) // 3
            if not third:
                continue
            early, late = median(told[:third]), median(told[-third:])
            if late > early * GROWTH + allowed:
                steep.append(f"{resource} of {name}: {early} to {late}")
    return steep
