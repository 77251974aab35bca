"""Servers and the metrics service without the others: for what is read from a corpus that lies in Kafka already."""

from __future__ import annotations

import asyncio
import contextlib
import random
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from benchmarks.corpus import records
from benchmarks.corpus_loading import load
from benchmarks.installation import counted, say
from benchmarks.projection_task import Count, Outcome
from deploy.local.doors import Doors
from deploy.local.stack import Options, Stack
from shared.kafka.clients import producer
from shared.postgres.pool import connect

LIVE_SEED = 8
LOOK_EVERY_S = 0.1
SILENCE_S = 60.0
"""Nothing applied for so long means that it never will be."""
_APPLIED = "SELECT coalesce(sum(next_offset), 0)::bigint FROM checkpoint WHERE grp = $1"


@dataclass
class MetricsAlone:
    """One metrics service, or none yet, before a broker that holds a corpus."""

    stack: Stack
    doors: Doors
    records: int = 0
    visits: int = 0

    async def publish(self, events: int) -> None:
        """Put the corpus into Kafka."""
        say(f"publishing {events:,} events")
        loaded = await load(self.stack.kafka, events)
        self.records += loaded.records
        self.visits += _visits(loaded.outcome)

    async def publish_slowly(self, events_per_s: float, stop: asyncio.Event) -> None:
        """Let other journeys go on, a few events at a time, until `stop`."""
        told = Count()
        client = producer(self.stack.kafka, "runonce-bench")
        await client.start()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            for number, record in enumerate(records(10_000_000, LIVE_SEED, told)):
                await client.send(record.topic, record.value, record.key, record.partition)
                self.records += 1
                await asyncio.sleep(max(0.0, begun + number / events_per_s - loop.time()))
                if stop.is_set():
                    break
        finally:
            await client.stop()
        self.visits += _visits(told.outcome())

    async def start(self) -> int:
        """Start the service and return its process id."""
        await self.stack.start_services(("metrics",))
        return self.stack.supervisor.pids()["metrics"]

    async def applied(self, generation: int = 1) -> int:
        """How many records a build has disposed of."""
        connection = await connect(self.stack.dsns["metrics"][0])
        try:
            return int(await connection.fetchval(_APPLIED, f"metrics-p{generation}"))
        finally:
            await connection.close()

    async def until_applied(self, generation: int = 1) -> float:
        """Wait until a build has disposed of everything; returns the seconds since its first batch. Raises `TimeoutError`."""
        seen = await self.applied(generation)
        begun = moved = time.perf_counter()
        while seen < self.records:
            await asyncio.sleep(LOOK_EVERY_S)
            now, before = await self.applied(generation), seen
            if not before:
                begun = time.perf_counter()
            if now > before:
                seen, moved = now, time.perf_counter()
            elif time.perf_counter() - moved > SILENCE_S:
                raise TimeoutError(f"{seen} of {self.records} records after {SILENCE_S:.0f} s of silence")
        # A small corpus is read before anybody looks.
        return max(time.perf_counter() - begun, LOOK_EVERY_S)

    async def is_right(self) -> bool:
        """Whether the figures know exactly the visits of the corpus, and nothing was parked or buried."""
        consumed = (await self.doors.get("metrics", "/v1/conservation", "auditor"))["consumed"]
        return await counted(self.doors) == self.visits and not any(row["parked"] or row["dead_lettered"] for row in consumed)


@contextlib.asynccontextmanager
async def metrics_alone() -> AsyncIterator[MetricsAlone]:
    """Servers in a temporary directory, until the block ends; the service is not started."""
    with tempfile.TemporaryDirectory(prefix="runonce-bench-") as directory:
        stack = Stack(Options(Path(directory)), say)
        try:
            await stack.start_servers()
            async with Doors(stack.urls, stack.keys) as doors:
                yield MetricsAlone(stack, doors)
        finally:
            await stack.stop()


def _visits(outcome: Outcome) -> int:
    return sum(amounts[0] for amounts in outcome.visits.values())


async def dashboard_ms(doors: Doors, slices: int, first_day: str, regions: tuple[str, ...]) -> list[float]:
    """p50, p95 and p99 of answers to different slices of the first screen, none asked for twice, in milliseconds."""
    known = [(f"{first_day[:8]}{day:02}", region) for day in range(1, 29) for region in regions]
    took = []
    for day, region in random.Random(5).sample(known, slices):
        begun = time.perf_counter()
        await doors.get("metrics", "/v1/dashboard", None, **{"from": day, "region": region})
        took.append((time.perf_counter() - begun) * 1_000)
    cuts = quantiles(took, n=100)
    return [cuts[49], cuts[94], cuts[98]]
