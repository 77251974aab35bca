"""Measure one installation from start to board: `python -m benchmarks.observed_run [--journeys N]`.

Starts its own servers in a temporary directory, loads history through the batch doors, keeps 200 events a second alive
through the public doors while it looks when each becomes readable, asks for the dashboard, and weighs every process.
Writes benchmarks/results/observed-run.json and prints the table of benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import UUID

import orjson

from deploy.local.doors import Doors
from deploy.local.history import Loader, held
from deploy.local.ledger import Ledger
from deploy.local.population import Province, province
from deploy.local.progress import tracking
from deploy.local.quiet import until_heard, until_quiet
from deploy.local.scenario import Scenario
from deploy.local.seed import seed
from deploy.local.stack import Options, Stack
from shared.contracts.topics import CATALOGUE_EVENTS, SERVICES
from shared.reference.deadlines import local_date
from shared.reference.divisions import CITY_CODES
from shared.runtime.auth import Caller
from shared.telemetry import clock

RESULTS = Path(__file__).parent / "results" / "observed-run.json"
RATE_EVENTS = 200
EVENTS_PER_VISIT = 2
LOOK_EVERY_S = 0.01
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1_048_576
Caught = dict[str, float]


def spread(values: list[float]) -> Caught:
    """p50, p95, p99 and the largest, in milliseconds."""
    cuts = quantiles(values, n=100)
    named = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "max": max(values)}
    return {name: round(value * 1_000, 1) for name, value in named.items()}


async def load_history(doors: Doors, stack: Stack, data: Path, journeys: int) -> dict[str, Any]:
    """Events a second from the first document to the last figure."""
    history = Ledger(data).script(Scenario(7, journeys, clock.now()))
    started = time.perf_counter()
    with tracking("history", journeys) as tracker:
        async with held(doors):
            await Loader(doors, history, tracker).load()
    await until_quiet(doors, stack.kafka, 600)
    # Silence is only believed after four looks; they are not part of the work.
    seconds = time.perf_counter() - started - 2.0
    events = 0
    for service in SERVICES:
        events += sum(row["appended"] for row in (await doors.get(service, "/v1/conservation"))["written"])
    return {"events": events, "seconds": round(seconds, 1), "events_per_s": round(events / seconds)}


def visit(where: Province, rng: random.Random) -> dict[str, Any]:
    """A visit without identity: one journey opened and one visit recorded."""
    city = rng.choice(CITY_CODES)
    hall = where.hall(city)
    return {
        "visit_id": str(UUID(int=rng.getrandbits(128), version=4)),
        "item_code": rng.choice(hall.items),
        "venue_id": hall.venue_id,
        "local_date": local_date(clock.now()).isoformat(),
        "by": "applicant",
        "purpose": "consult",
        "outcome": "done",
        "cause": "normal",
        "source": "window",
    }


async def freshness(doors: Doors, seconds: float) -> dict[str, Any]:
    """How long after its commit was answered a visit is in the figures, at 200 events a second, open loop.

    One reader asks for the number of visits again and again; the k-th visit committed is readable when k are counted.
    """
    rng, where = random.Random(11), province(local_date(clock.now()))
    clerk = Caller("clerk", "bench", None, "330000")
    before = await _visits(doors)
    committed: list[float] = []
    posted: list[float] = []
    counted: list[tuple[float, int]] = []

    async def one(number: int) -> None:
        body = orjson.dumps(visit(where, rng))
        begun = time.perf_counter()
        answer = await doors.command("intake", "record-visit", body, f"bench-{number}", clerk)
        if answer.status != 201:
            raise SystemExit(f"intake answered {answer.status} {answer.rule} {answer.body.get('field')}")
        committed.append(time.perf_counter())
        posted.append(committed[-1] - begun)

    async def look(wanted: int) -> None:
        while not counted or counted[-1][1] < wanted:
            visits = await _visits(doors) - before
            counted.append((time.perf_counter(), visits))
            await asyncio.sleep(LOOK_EVERY_S)

    interval = EVENTS_PER_VISIT / RATE_EVENTS
    wanted = int(seconds / interval)
    looking = asyncio.create_task(look(wanted))
    tasks = []
    begun = time.perf_counter()
    for number in range(wanted):
        await asyncio.sleep(max(0.0, begun + number * interval - time.perf_counter()))
        tasks.append(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)
    achieved = round(wanted * EVENTS_PER_VISIT / (time.perf_counter() - begun))
    await looking
    return {"events_per_s": achieved, "readable_ms": spread(_delays(sorted(committed), counted)), "post_ms": spread(posted)}


async def _visits(doors: Doors) -> int:
    return int((await doors.get("metrics", "/v1/figures/F10"))["readings"]["visits"]["numerator"])


def _delays(committed: list[float], counted: list[tuple[float, int]]) -> list[float]:
    delays, looks = [], iter(counted)
    at, visits = next(looks)
    for number, moment in enumerate(committed, start=1):
        while visits < number:
            at, visits = next(looks)
        delays.append(max(0.0, at - moment))
    return delays


async def dashboard(doors: Doors) -> Caught:
    """Answers to 300 different slices of the dashboard."""
    rng = random.Random(5)
    took = []
    for _ in range(300):
        day = f"2026-{rng.randint(8, 11):02}-{rng.randint(1, 28):02}"
        query: dict[str, str | int] = {"from": day, "region": rng.choice((*CITY_CODES, "330000"))}
        begun = time.perf_counter()
        await doors.get("metrics", "/v1/dashboard", None, **query)
        took.append(time.perf_counter() - begun)
    return spread(took)


def resident(pids: dict[str, int]) -> dict[str, int]:
    """Resident megabytes of each child with its own children; PostgreSQL's shared pages count once (PSS)."""
    return {name: round(sum(_pss(pid) for pid in _family(pid))) for name, pid in pids.items()}


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(grandchild for child in children for grandchild in _family(int(child)))]


def _pss(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1_024
    return 0.0


async def measure(journeys: int, seconds: float) -> dict[str, Any]:
    """Everything, on one machine."""
    with tempfile.TemporaryDirectory(prefix="runonce-bench-") as directory:
        data = Path(directory)
        found: dict[str, Any] = {
            "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
        }
        for name in ("cold_start_s", "warm_start_s"):
            stack = Stack(Options(data), print)
            begun = time.perf_counter()
            await stack.start()
            found[name] = round(time.perf_counter() - begun, 1)
            if name == "cold_start_s":
                await stack.stop()
        try:
            async with Doors(stack.urls, stack.keys) as doors:
                await seed(doors, data, clock.now(), print)
                await until_heard(doors, stack.kafka, "approval", CATALOGUE_EVENTS, 60)
                found["history"] = await load_history(doors, stack, data, journeys)
                found["dashboard_ms"] = await dashboard(doors)
                found["freshness"] = await freshness(doors, seconds)
                found["resident_mb"] = resident(stack.supervisor.pids())
                found["resident_mb"]["total"] = sum(found["resident_mb"].values())
        finally:
            await stack.stop()
    return found


def main() -> None:
    """Measure, write, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--journeys", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    found = asyncio.run(measure(options.journeys, options.seconds)) | {"journeys": options.journeys}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
