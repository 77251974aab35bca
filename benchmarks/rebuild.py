"""A rebuild of the projection while events go on arriving and the old build serves.

The metrics process is kept on one core; broker, database and this program may use all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import Any

from benchmarks.installation import processor_seconds, say
from benchmarks.metrics_alone import MetricsAlone, metrics_alone
from benchmarks.results import Result

WORD = "rebuild"
HELP = "events a second of a rebuild while live traffic flows"
EVENTS = 1_000_000
SMOKE_EVENTS = 4_000
LIVE_EVENTS_PER_S = 200
LOOK_EVERY_S = 0.1
LIMIT_S = 1_200.0
SEEN_S = 10.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--events", type=int, default=EVENTS)


def run(options: argparse.Namespace) -> list[Result]:
    """Measure one rebuild."""
    return asyncio.run(_measure(SMOKE_EVENTS if options.smoke else options.events))


@dataclass
class Served:
    """What readers saw meanwhile."""

    took: list[float] = field(default_factory=list)
    generations: list[int] = field(default_factory=list)
    visits: list[int] = field(default_factory=list)

    async def look(self, house: MetricsAlone, stop: asyncio.Event) -> None:
        """Read a figure again and again, until `stop`."""
        while not stop.is_set():
            begun = time.perf_counter()
            told = await house.doors.get("metrics", "/v1/figures/F10")
            self.took.append(time.perf_counter() - begun)
            self.generations.append(told["generation"])
            self.visits.append(told["readings"]["visits"]["numerator"])
            await asyncio.sleep(LOOK_EVERY_S)

    async def until_seen(self, generation: int) -> None:
        """Wait until a build has answered. Raises `TimeoutError`."""
        async with asyncio.timeout(SEEN_S):
            while generation not in self.generations:
                await asyncio.sleep(LOOK_EVERY_S)

    @property
    def is_steady(self) -> bool:
        """Whether the old build was seen to serve until the new one did, and no figure ever went back."""
        both = len(set(self.generations)) == 2
        return both and self.generations == sorted(self.generations) and self.visits == sorted(self.visits)


async def _measure(events: int) -> list[Result]:
    async with metrics_alone() as house:
        await house.publish(events)
        pid = await house.start()
        os.sched_setaffinity(pid, {max(os.sched_getaffinity(0))})
        await house.until_applied()
        served, stop = Served(), asyncio.Event()
        looking = asyncio.create_task(served.look(house, stop))
        living = asyncio.create_task(house.publish_slowly(LIVE_EVENTS_PER_S, stop))
        used = processor_seconds({"metrics": pid})["metrics"]
        begun = time.perf_counter()
        try:
            build = await _rebuilt(house)
            seconds, cpu_s = time.perf_counter() - begun, processor_seconds({"metrics": pid})["metrics"] - used
            await served.until_seen(build["generation"])
        finally:
            stop.set()
            # A reader or a writer that failed fails the bench.
            await asyncio.gather(looking, living)
        await house.until_applied(build["generation"])
        is_equal = not build["report"]["cells_different"] and not build["report"]["rows_different"]
        right = served.is_steady and is_equal and await house.is_right()
    slowest = max(served.took) * 1_000
    results = [
        Result(WORD, "ours", events, round(events / seconds), "events/s", correct=right),
        Result(WORD, "ours", events, round(events / cpu_s), "events/CPU s of metrics", correct=right),
        Result(WORD, "ours", events, round(slowest, 1), "ms slowest answer meanwhile", correct=right),
    ]
    say(", ".join(f"{result.unit} {result.value}" for result in results) + f", right: {right}")
    return results


async def _rebuilt(house: MetricsAlone) -> dict[str, Any]:
    asked = await house.doors.send("POST", "metrics", "/v1/rebuild", "operator")
    deadline = time.perf_counter() + LIMIT_S
    while time.perf_counter() < deadline:
        builds = (await house.doors.get("metrics", "/v1/rebuilds"))["rebuilds"]
        build: dict[str, Any] = next(b for b in builds if b["generation"] == asked.body["generation"])
        if build["state"] == "live":
            return build
        await asyncio.sleep(LOOK_EVERY_S)
    raise TimeoutError("the rebuild did not end")
