"""The life of a service process: everything starts here, runs in one loop, and stops in order within the grace period."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import uvicorn
import uvloop
from aiohttp import ClientError
from fastapi import FastAPI

from shared.contracts.topics import TOPICS, Service
from shared.eventsourcing.errors import DisagreementError, UnavailableError
from shared.kafka.admin import cluster_id, ensure_topics
from shared.kafka.clients import InsecureBrokerError, require_secure
from shared.kafka.consumer import ConsumerLoop
from shared.kafka.relay import Relay
from shared.postgres import standing
from shared.postgres.event_log import EventLog
from shared.postgres.migrations import migrate
from shared.postgres.outbox import Outbox
from shared.postgres.pool import open_pool
from shared.postgres.sleepers import LOOK_EVERY_S, end_sleepers
from shared.runtime.agreement import Watch
from shared.runtime.auth import Keys
from shared.runtime.client import ServiceClient
from shared.runtime.operator_doors import nobody
from shared.runtime.parts import Part, lasting
from shared.runtime.settings import PREFIX, MisconfiguredError, Settings
from shared.runtime.wire_limits import LimitedProtocol
from shared.telemetry import clock, logs

START_LIMIT_S = 60.0
RETRY_S = 0.5
CLOCK_S = 5.0
SHOW_S = 10.0
ANSWER_MAX_S = 1.0
"""A database that answers later than this says nothing about the time."""
LOOK_AGAIN_S = 30.0
DRAIN_SHARE = 0.6
"""The part of the grace period in which what is under way may end by itself; the rest is for what must be broken off."""
T = TypeVar("T")
_log = logging.getLogger(__name__)


class WrongClusterError(DisagreementError):
    """The checkpoints belong to another Kafka cluster."""

    def __init__(self) -> None:
        super().__init__("these checkpoints belong to another Kafka cluster: ./runonce republish, or reset")


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a service builds its doors on."""

    settings: Settings
    keys: Keys
    log: EventLog
    client: ServiceClient


@dataclass(frozen=True, slots=True)
class Parts:
    """What a service consists of: its HTTP application, its consumer loops, and tasks that run until told to stop.

    `on_kafka` are tasks that begin, like consumers, once Kafka and the record were found to agree. `retired` tells the groups
    that read no more.
    """

    app: FastAPI
    consumers: Sequence[ConsumerLoop] = ()
    tasks: Sequence[Part] = ()
    on_kafka: Sequence[Part] = ()
    retired: Callable[[EventLog], Awaitable[Collection[str]]] = nobody


@dataclass(slots=True)
class Health:
    """What readiness is made of."""

    ready: bool = False

    def __call__(self) -> bool:
        return self.ready


Build = Callable[[Runtime, Health], Awaitable[Parts]]


def run(environ: Mapping[str, str], service: Service, migrations: Path, build: Build, *, asks_others: bool = False) -> int:
    """Run a service on the quicker event loop; see `run_service`."""
    return uvloop.run(run_service(environ, service, migrations, build, asks_others=asks_others))


async def run_service(
    environ: Mapping[str, str], service: Service, migrations: Path, build: Build, *, asks_others: bool = False
) -> int:
    """Run a service until SIGTERM. Exit codes: 0 stopped, 1 a part died, 2 misconfigured, 3 Kafka and the record disagree.

    One that `asks_others` in its own name does not start without a token, nor without the key to sign one.
    """
    logs.configure(service)
    try:
        settings, keys = _configured(environ, service, asks_others)
    except MisconfiguredError as error:
        print(f"{service}: the setting {error.name} is missing or wrong", file=sys.stderr)  # noqa: T201
        return 2
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    await _patiently(lambda: _migrated(settings, migrations))
    dsn = settings.postgres_dsn.get_secret_value()
    pool = await _patiently(lambda: open_pool(dsn, service=service, by_key=service != "metrics"))
    wake, stop, health = asyncio.Event(), asyncio.Event(), Health()
    log = EventLog(pool, service, wake.set)
    await _patiently(lambda: tell_the_time(log))
    runtime = Runtime(settings, keys, log, ServiceClient(settings, keys))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    relay = Relay(service, Outbox(log), settings.kafka, f"{service}-{os.getpid()}-{id(log)}", wake)
    try:
        parts = await build(runtime, health)
        return await _live(settings, log, parts, relay, health, stop)
    except DisagreementError as error:
        print(f"{service}: {error}", file=sys.stderr)  # noqa: T201
        return 3
    finally:
        await runtime.client.close()
        with contextlib.suppress(Exception):
            await asyncio.wait_for(pool.close(), 5)


def _configured(environ: Mapping[str, str], service: Service, asks_others: bool) -> tuple[Settings, Keys]:
    settings = Settings.from_environ(environ, service)
    try:
        require_secure(settings.kafka)
    except InsecureBrokerError:
        raise MisconfiguredError(f"{PREFIX}KAFKA") from None
    keys = Keys(settings.keys_dir)
    if settings.profile == "local":
        keys.ensure()
    given = settings.token_file
    if (asks_others or given is not None) and not (keys.can_issue() if given is None else given.is_file()):
        raise MisconfiguredError(f"{PREFIX}TOKEN_FILE")
    return settings, keys


async def _live(settings: Settings, log: EventLog, parts: Parts, relay: Relay, health: Health, stop: asyncio.Event) -> int:
    server = _Server(
        uvicorn.Config(
            parts.app,
            host=settings.http_host,
            port=settings.http_port,
            http=LimitedProtocol,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=settings.shutdown_grace_s // 2,
            timeout_keep_alive=30,
        )
    )

    watch = Watch(log, settings.kafka, settings.service)

    async def look(stop: asyncio.Event) -> None:
        await _every(LOOK_AGAIN_S, stop, watch.look)

    async def show() -> None:
        await standing.show(log, await parts.retired(log))

    async def wire() -> None:
        await _same_story(settings, log, watch, stop)
        if stop.is_set():
            return
        async with asyncio.TaskGroup() as group:
            for part in (relay.run, look, *parts.on_kafka, *(consumer.run for consumer in parts.consumers)):
                group.create_task(lasting(part, stop))

    jobs = [asyncio.create_task(server.serve()), asyncio.create_task(wire())]
    jobs += [asyncio.create_task(_every(CLOCK_S, stop, lambda: tell_the_time(log)))]
    jobs += [asyncio.create_task(_every(LOOK_EVERY_S, stop, lambda: end_sleepers(log)))]
    jobs += [asyncio.create_task(_every(SHOW_S, stop, show))]
    jobs += [asyncio.create_task(lasting(task, stop)) for task in parts.tasks]
    collect_seldom()
    health.ready = True
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([stopping, *jobs], return_when=asyncio.FIRST_COMPLETED)
    died = not stop.is_set()
    health.ready = False
    stop.set()
    server.should_exit = True
    _, late = await asyncio.wait(jobs, timeout=settings.shutdown_grace_s * DRAIN_SHARE)
    if late:
        # What is cancelled in a statement waits for the server's last word. Without its connection it ends at once.
        log.pool.terminate()
    for job in late:
        job.cancel()
    outcomes = await asyncio.gather(*jobs, return_exceptions=True)
    return _exit_code(died, outcomes)


def _exit_code(died: bool, outcomes: Sequence[object]) -> int:
    for outcome in outcomes:
        if (disagreement := _disagreement(outcome)) is not None:
            raise disagreement
        if isinstance(outcome, Exception):
            _log.error("part-died", exc_info=outcome)
    return 1 if died else 0


def _disagreement(outcome: object) -> DisagreementError | None:
    """The disagreement among what ended a job, also inside a task group's exception."""
    if isinstance(outcome, BaseExceptionGroup):
        return next((found for inner in outcome.exceptions if (found := _disagreement(inner)) is not None), None)
    return outcome if isinstance(outcome, DisagreementError) else None


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The life cycle owns the signals."""
        yield


async def _migrated(settings: Settings, migrations: Path) -> None:
    if settings.postgres_owner_dsn is not None:
        await migrate(settings.postgres_owner_dsn.get_secret_value(), [migrations])


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    """A dependency may still be starting: try for a minute, then let the failure through."""
    deadline = asyncio.get_running_loop().time() + START_LIMIT_S
    while True:
        try:
            return await work()
        except (OSError, TimeoutError, UnavailableError, ClientError):
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(RETRY_S)


async def tell_the_time(log: EventLog) -> None:
    """Let the process agree with the database's clock, which stamps what is recorded. Raises `UnavailableError`."""
    loop = asyncio.get_running_loop()
    asked = loop.time()
    async with log.transaction() as tx:
        told: datetime = await tx.fetchval("SELECT clock_timestamp()")
    took = loop.time() - asked
    if took <= ANSWER_MAX_S and clock.agree_with(told + timedelta(seconds=took / 2)):
        _log.warning("clock-stepped")


async def _every(seconds: float, stop: asyncio.Event, look: Callable[[], Awaitable[object]]) -> None:
    """Look again and again until `stop`. A disagreement ends the service; a dependency that is away is asked again later."""
    while not stop.is_set():
        await clock.rest(stop, seconds)
        if stop.is_set():
            return
        try:
            await look()
        except DisagreementError:
            raise
        except Exception as error:
            _log.warning("look-failed", extra={"error_class": type(error).__name__})


async def _same_story(settings: Settings, log: EventLog, watch: Watch, stop: asyncio.Event) -> None:
    """Wait for Kafka until `stop`, then refuse to go on with another cluster, or one that disagrees with the record."""
    while not stop.is_set():
        try:
            await ensure_topics(settings.kafka, TOPICS)
            found = await cluster_id(settings.kafka)
            async with log.transaction() as tx:
                await tx.execute("INSERT INTO cluster (cluster_id) VALUES ($1) ON CONFLICT DO NOTHING", found)
                known = await tx.fetchval("SELECT cluster_id FROM cluster")
            if known == found:
                await watch.look()
                return
            raise WrongClusterError
        except DisagreementError:
            raise
        except Exception as error:
            _log.warning("kafka-awaited", extra={"error_class": type(error).__name__})
            await clock.rest(stop, RETRY_S)


def collect_seldom() -> None:
    """Look for garbage after every 200,000 new objects instead of 700, and never at what was there before.

    Rows in memory are hundreds of thousands of tuples that all stay: the collector found nothing in them, again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 10, 10)
