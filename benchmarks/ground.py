"""The ground a contest is held on: one broker and one PostgreSQL on core 1, contestants on core 0, everything in one directory."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus_loading import Loaded, load
from benchmarks.processes import used_s
from deploy.local.children import die_with_parent
from deploy.local.kafka import Kafka
from deploy.local.postgres import Postgres
from deploy.local.supervisor import Child, Supervisor
from shared.kafka.clients import admin

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
CONTESTANT_CORE, SERVER_CORE = CORES[0], CORES[-1]
_OWN_TOPICS = ("gov.", "__")


@dataclass(frozen=True, slots=True)
class Ground:
    """Running servers with a corpus in the broker."""

    directory: Path
    kafka: str
    postgres: str
    corpus: Loaded
    pids: tuple[int, ...]

    def servers_s(self) -> float:
        """Processor seconds that the servers have used so far."""
        return sum(used_s(pid) for pid in self.pids)

    async def tidy(self) -> None:
        """Remove the topics that a contestant has made, so that the next one finds the same broker."""
        client = admin(self.kafka, "bench")
        await client.start()
        try:
            left = [name for name in await client.list_topics() if not name.startswith(_OWN_TOPICS)]
            if left:
                await client.delete_topics(left)
        finally:
            await client.close()


@asynccontextmanager
async def ground(directory: Path, cache: Path, size: int) -> AsyncIterator[Ground]:
    """Start the servers of the embedded profile on their core and load a corpus of `size` distinct events."""
    supervisor = Supervisor()
    broker, database = Kafka(directory / "kafka", cache), Postgres(directory / "postgres")
    broker.prepare()
    database.prepare()
    logs = directory / "logs"
    pin({SERVER_CORE})
    try:
        # What is started now inherits the core.
        await supervisor.start(Child("kafka", broker.command(), logs / "kafka.log", broker.ready))
        child = Child("postgres", database.command(), logs / "postgres.log", database.ready, stop_signal=signal.SIGINT)
        await supervisor.start(child)
        pin(set(CORES))
        corpus = await load(broker.address, size)
        yield Ground(directory, broker.address, database.dsn, corpus, tuple(supervisor.pids().values()))
    finally:
        pin(set(CORES))
        await supervisor.stop()


def pin(cores: set[int]) -> None:
    """Run this thread, and all that it starts from now on, on these cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


class TooSlowError(Exception):
    """The contestant did not come to its end in time and was ended."""


class FailedError(Exception):
    """The contestant ended with an error; the message is the last that it said."""


def contest(command: Sequence[str], root: Path, log: Path, limit_s: float) -> str:
    """Run one contestant on its core and return the last line that it prints. Raises `TooSlowError` and `FailedError`."""
    dying = die_with_parent()

    def prepare() -> None:
        pin({CONTESTANT_CORE})
        if dying is not None:
            dying()

    environment = dict(os.environ, PYTHONPATH=str(root))
    with log.open("w") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, cwd=log.parent, preexec_fn=prepare
        )
        try:
            said, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise TooSlowError from None
    if process.returncode or not said.strip():
        raise FailedError((log.read_text().strip().splitlines() or ["it said nothing"])[-1])
    return said.strip().splitlines()[-1]


def calibration_s() -> float:
    """How long five million squares take in Python on the contestants' core: how quiet and how fast the machine is now."""
    pin({CONTESTANT_CORE})
    try:
        begun = time.perf_counter()
        sum(n * n for n in range(5_000_000))
        return time.perf_counter() - begun
    finally:
        pin(set(CORES))
