"""How long after its commit a visit is in the figures: read over HTTP, and told by the stream. Open loop at three rates.

The moment counted from is the one that the event itself carries: the database's clock before the append. So all of what
follows is counted: append, commit, relay, Kafka, fold, commit of the projection, and the answer. The k-th visit recorded is
readable when k are counted.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from statistics import quantiles

import aiohttp
import orjson

from benchmarks.installation import Installation, counted, installed, laws_hold, say
from benchmarks.results import Result
from benchmarks.visits import OpenLoop
from deploy.local.doors import Doors
from deploy.local.quiet import until_quiet
from shared.postgres.pool import connect

WORD = "freshness"
HELP = "commit to figure, over HTTP and over the stream, at 200, 1,000 and 3,000 events a second"
RATES = (200, 1_000, 3_000)
SMOKE_RATES = (200,)
LOOK_EVERY_S = 0.01
WARM = 0.25
"""The part of each run that is not counted."""
SATURATED_S = 2.0
"""A delay that the last tenth of a run reaches means that the rate cannot be kept up."""
CUTS = {"p50": 500, "p95": 950, "p99": 990, "p99.9": 999}
_RECORDED = "SELECT recorded FROM event WHERE type = 'gov.intake.visit-recorded.v1' ORDER BY recorded OFFSET $1"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the load at each rate")
    parser.add_argument("--rates", type=int, nargs="+", default=list(RATES))


def run(options: argparse.Namespace) -> list[Result]:
    """Measure each rate on one installation."""
    if options.smoke:
        return asyncio.run(_measure(SMOKE_RATES, 4.0))
    return asyncio.run(_measure(tuple(options.rates), options.seconds))


@dataclass
class Watch:
    """When how many visits were counted, as one way of reading saw it."""

    seen: list[tuple[float, int]] = field(default_factory=list)

    def see(self, visits: int) -> None:
        """So many are counted now."""
        self.seen.append((time.time(), visits))

    def delays(self, recorded: list[float], before: int) -> list[float]:
        """How long after its record each visit was seen."""
        looks = iter(self.seen)
        at, visits = next(looks)
        delays = []
        for number, moment in enumerate(recorded, start=before + 1):
            while visits < number:
                at, visits = next(looks)
            delays.append(at - moment)
        return delays


async def _measure(rates: tuple[int, ...], seconds: float) -> list[Result]:
    results: list[Result] = []
    async with installed() as house:
        await OpenLoop(house.doors, rates[0]).run(2.0)
        for rate in rates:
            await until_quiet(house.doors, house.kafka, 60)
            say(f"{rate} events a second")
            results += await _at(house, rate, seconds)
        await until_quiet(house.doors, house.kafka, 60)
        whole = await laws_hold(house.doors)
    return [replace(result, correct=result.correct and whole) for result in results]


async def _at(house: Installation, rate: int, seconds: float) -> list[Result]:
    before = await counted(house.doors)
    read, told = Watch(), Watch()
    watching = [asyncio.create_task(_read(house.doors, read)), asyncio.create_task(_listen(house.doors, told))]
    load = OpenLoop(house.doors, rate)
    try:
        await load.run(seconds)
        for watch in (read, told):
            await _until(watch, before + load.sent)
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    recorded = await _recorded(house, before)
    right = len(recorded) == load.sent and await counted(house.doors) == before + load.sent
    found = [
        *spread(rate, "HTTP", read.delays(recorded, before), right=right),
        *spread(rate, "stream", told.delays(recorded, before), right=right),
        *spread(rate, "answer to the batch", load.took, right=right),
        Result(WORD, "ours", rate, round(load.late_s * 1_000, 1), "ms the sender was late at most", correct=right),
    ]
    say(", ".join(f"{one.unit} {one.value if one.value is None else round(one.value, 1)}" for one in found))
    return found


def spread(rate: int, way: str, delays: list[float], *, right: bool) -> Iterator[Result]:
    """The percentiles; no number where the delay grew to the end, as it does when a rate cannot be kept up."""
    warm = delays[int(len(delays) * WARM) :]
    last = sorted(warm[-max(len(warm) // 10, 1) :])
    saturated = last[len(last) // 2] > SATURATED_S
    cuts = quantiles(warm, n=1_000, method="inclusive")
    for name, cut in CUTS.items():
        value = None if saturated else round(cuts[cut - 1] * 1_000, 1)
        yield Result(WORD, "ours", rate, value, f"ms {name} {way}", correct=right)


async def _read(doors: Doors, watch: Watch) -> None:
    while True:
        watch.see(await counted(doors))
        await asyncio.sleep(LOOK_EVERY_S)


async def _listen(doors: Doors, watch: Watch) -> None:
    timeout = aiohttp.ClientTimeout(total=None)
    stream = doors.urls["metrics"] + "/v1/stream?readings=true"
    async with aiohttp.ClientSession(timeout=timeout) as session, session.get(stream) as answer:
        moved = False
        async for line in answer.content:
            if line.startswith(b"event:"):
                moved = line.strip() == b"event: moved"
            elif moved and line.startswith(b"data: "):
                watch.see(int(orjson.loads(line[6:])["readings"]["F10"]["visits"]["numerator"]))


async def _until(watch: Watch, wanted: int) -> None:
    """Wait until everything was seen. Raises `TimeoutError`."""
    async with asyncio.timeout(120):
        while not watch.seen or watch.seen[-1][1] < wanted:
            await asyncio.sleep(0.05)


async def _recorded(house: Installation, before: int) -> list[float]:
    connection = await connect(house.stack.dsns["intake"][0])
    try:
        rows = await connection.fetch(_RECORDED, before)
    finally:
        await connection.close()
    return [row["recorded"].timestamp() for row in rows]
