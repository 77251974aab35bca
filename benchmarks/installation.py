"""A whole installation for the time of one measurement, and what its processes and tables cost."""

from __future__ import annotations

import contextlib
import resource
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import used_s
from deploy.local.doors import Doors
from deploy.local.quiet import until_heard
from deploy.local.seed import seed
from deploy.local.stack import Options, Stack
from shared.contracts.topics import CATALOGUE_EVENTS, SERVICES, Service
from shared.postgres.pool import connect
from shared.telemetry import clock

HEARD_S = 60.0


def say(step: str) -> None:
    """Tell what is being done, on standard error."""
    print(f"  {step} ...", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Installation:
    """Servers and four services with the catalogue in, on data of their own."""

    data: Path
    stack: Stack
    doors: Doors

    @property
    def kafka(self) -> str:
        """The broker's address."""
        return self.stack.kafka

    def pids(self) -> dict[str, int]:
        """The process id of each part."""
        return self.stack.supervisor.pids()


@contextlib.asynccontextmanager
async def installed() -> AsyncIterator[Installation]:
    """An installation in a temporary directory, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="runonce-bench-") as directory:
        data = Path(directory)
        stack = Stack(Options(data), say)
        try:
            await stack.start()
            async with Doors(stack.urls, stack.keys) as doors:
                await seed(doors, data, clock.now(), say)
                await until_heard(doors, stack.kafka, "approval", CATALOGUE_EVENTS, HEARD_S)
                yield Installation(data, stack, doors)
        finally:
            await stack.stop()


def processor_seconds(pids: dict[str, int]) -> dict[str, float]:
    """Processor time that each part with its children has used so far, and this process as the loader."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return {name: used_s(pid) for name, pid in pids.items()} | {"loader": own.ru_utime + own.ru_stime}


async def appended(doors: Doors) -> int:
    """How many events all services have recorded."""
    told = [await doors.get(service, "/v1/conservation", "auditor") for service in SERVICES]
    return sum(row["appended"] for counts in told for row in counts["written"])


async def counted(doors: Doors) -> int:
    """How many visits the figures know."""
    return int((await doors.get("metrics", "/v1/figures/F10"))["readings"]["visits"]["numerator"])


async def laws_hold(doors: Doors) -> bool:
    """Whether what was appended was published, what was consumed became something, and nothing is parked or buried."""
    for service in SERVICES:
        told = await doors.get(service, "/v1/conservation", "auditor")
        if any(row["appended"] != row["published"] or row["waiting"] for row in told["written"]):
            return False
        for row in told["consumed"]:
            if row["consumed"] != row["applied"] + row["duplicate"] + row["ignored"] or row["parked"] or row["dead_lettered"]:
                return False
    return True


async def stored_bytes(stack: Stack, service: Service) -> dict[str, int]:
    """Bytes of the tables of one service with their indexes: events, outbox, and everything else."""
    connection = await connect(stack.dsns[service][0])
    try:
        rows = await connection.fetch(
            "SELECT c.relname AS name, pg_total_relation_size(c.oid) AS size FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)'"
        )
    finally:
        await connection.close()
    found = {"event": 0, "outbox": 0, "rows": 0}
    for row in rows:
        found[row["name"] if row["name"] in found else "rows"] += row["size"]
    return found


def log_bytes(data: Path) -> int:
    """Bytes of the event topics in the broker's log, without its preallocated indexes."""
    return sum(segment.stat().st_size for segment in (data / "kafka" / "data").glob("gov.*.events.v1-*/*.log"))
