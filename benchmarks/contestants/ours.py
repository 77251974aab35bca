"""Our own contestant: the projector as it runs in metrics, with its store and its reader, alone in a process.

    python -m benchmarks.contestants.ours --kafka HOST:PORT --records N --out FILE --postgres DSN

It makes an empty database of its own beside the one that the superuser's DSN names, and drops it afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from secrets import token_hex

import uvloop

import services.metrics
from benchmarks.projection_task import Outcome
from services.metrics.batch import Batch, Memory
from services.metrics.projector import Projector
from services.metrics.store import Store
from shared.eventsourcing.records import Delivery
from shared.postgres.event_log import EventLog
from shared.postgres.migrations import migrate
from shared.postgres.pool import connect, open_pool
from shared.postgres.provisioning import ensure_database
from shared.runtime.lifecycle import collect_seldom

MIGRATIONS = Path(services.metrics.__file__).parent / "migrations"
_KINDS = {
    "visits": ("visit", "region, other, item, tag, day::text", ("n1",)),
    "delivered": ("delivered", "region, item, day::text", ("n1",)),
    "decided": ("decided", "region, item, day::text", ("n1", "n2", "n4")),
}


class TimedStore(Store):
    """The real store, which also looks at the clock at its first record and at its last commit."""

    def __init__(self, log: EventLog, records: int) -> None:
        super().__init__(log, 1)
        self.done = asyncio.Event()
        self.began: tuple[float, float] | None = None
        self.ended = (0.0, 0.0)
        self._left = records

    async def recall(self, memory: Memory, records: Iterable[Delivery]) -> None:
        if self.began is None:
            self.began = _clocks()
        await super().recall(memory, records)

    async def apply(self, batch: Batch) -> None:
        await super().apply(batch)
        self.ended = _clocks()
        self._left -= batch.size
        if self._left <= 0:
            self.done.set()


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


async def project(kafka: str, records: int, log: EventLog) -> dict[str, float]:
    """Project until every record is committed."""
    collect_seldom()
    store = TimedStore(log, records)
    await Projector(kafka, store).run(store.done)
    began = store.began or store.ended
    seconds, cpu_s = (ended - begun for ended, begun in zip(store.ended, began, strict=True))
    return {"events": records, "seconds": round(seconds, 3), "cpu_s": round(cpu_s, 3)}


async def outcome(log: EventLog) -> Outcome:
    """What the projection says now, in the words of the task."""
    found = Outcome()
    async with log.transaction() as tx:
        await tx.execute("SET LOCAL statement_timeout = 0")
        found.rows = await tx.fetchval("SELECT count(*) FROM p1.journey")
        for kind, (group, words, amounts) in _KINDS.items():
            sums = ", ".join(f"sum({name})::bigint" for name in amounts)
            size = words.count(",") + 1
            keys = ", ".join(str(n + 1) for n in range(size))
            rows = await tx.fetch(f"SELECT {words}, {sums} FROM p1.cell WHERE grp = '{group}' GROUP BY {keys}")
            cells = {tuple(row.values())[:size]: tuple(row.values())[size:] for row in rows}
            setattr(found, kind, {cell: n for cell, n in cells.items() if any(n)})
    return found


async def run(options: argparse.Namespace) -> None:
    """Make a database, project into it, write the outcome, and drop it."""
    database = f"bench_ours_{token_hex(4)}"
    owner, application = await ensure_database(options.postgres, database, "bench-only")
    await migrate(owner, [MIGRATIONS])
    log = EventLog(await open_pool(application, service="metrics", statement_s=120), "metrics")
    try:
        told = await project(options.kafka, options.records, log)
        (await outcome(log)).write(options.out)
    finally:
        await log.pool.close()
        if not options.keep:
            connection = await connect(options.postgres)
            await connection.execute(f"DROP DATABASE {database} WITH (FORCE)")
            await connection.close()
    print(json.dumps(told))


def main() -> int:
    """Parse the options that every contestant has, and our own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--records", type=int, required=True, help="how many records there are, duplicates included")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--postgres", required=True, help="the superuser's DSN")
    parser.add_argument("--keep", action="store_true", help="do not drop the database")
    uvloop.run(run(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
