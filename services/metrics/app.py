"""The Faust application: it hosts the projector as a service with a consumer of its own, and the agent of live alerts.

Faust's own tables, web server and exactly-once mode stay off. Its streams cost a hundred times what a batch costs, so only
the slow topic of snapshots goes through them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any, Protocol

import faust
from pydantic import ValidationError

from services.metrics.alerts import SnapshotSaid, Windows, keep
from shared.contracts.topics import METRICS_SNAPSHOTS, TOPICS
from shared.eventsourcing.errors import UnavailableError
from shared.kafka.admin import ensure_topics
from shared.postgres.event_log import EventLog
from shared.runtime.parts import lasting
from shared.telemetry.clock import rest

STOP_S = 15.0
SESSION_S = 6.0
RETRY_S = 0.5
_log = logging.getLogger(__name__)


class Projecting(Protocol):
    """What projects until it is told to stop; `Builds` does."""

    async def run(self, stop: asyncio.Event) -> None: ...


def make_faust(bootstrap: str, builds: Projecting, log: EventLog, datadir: Path) -> faust.App:
    """The application, not started. It keeps nothing in `datadir`, but insists on having one."""
    app = faust.App(
        "runonce-metrics-alerts",
        broker=";".join(f"kafka://{address}" for address in bootstrap.split(",")),
        processing_guarantee="at_least_once",
        store="memory://",
        datadir=datadir,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        key_serializer="raw",
        value_serializer="raw",
        consumer_auto_offset_reset="latest",
        stream_wait_empty=False,
        # With Faust's own minute, a killed process would keep its successor waiting that long.
        broker_session_timeout=SESSION_S,
        broker_rebalance_timeout=SESSION_S,
        broker_heartbeat_interval=SESSION_S / 3,
    )

    @app.service
    class ProjectorService(faust.Service):
        """The projector in Faust's house: it starts and stops with the application, and its death is the application's."""

        def __post_init__(self) -> None:
            self._quiet = asyncio.Event()
            self._ended = asyncio.Event()

        @faust.Service.task
        async def _project(self) -> None:
            try:
                await lasting(builds.run, self._quiet)
            finally:
                self._ended.set()

        async def on_stop(self) -> None:
            """Let the commit in flight end."""
            self._quiet.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), STOP_S)

    windows = Windows()

    @app.agent(app.topic(METRICS_SNAPSHOTS, value_type=bytes))
    async def alert(said: Any) -> None:
        async for value in said:
            await _look(log, windows, value)

    return app


async def _look(log: EventLog, windows: Windows, value: bytes) -> None:
    """Look at one snapshot. Whatever goes wrong here must not stop the projector in the same house."""
    try:
        alerts = windows.hear(SnapshotSaid.model_validate_json(value))
        if alerts:
            await keep(log, alerts)
    except ValidationError:
        _log.warning("snapshot-unreadable")
    except Exception as error:
        _log.warning("alert-failed", extra={"error_class": type(error).__name__})


async def run_faust(app: faust.App, bootstrap: str, stop: asyncio.Event) -> None:
    """Start the application once Kafka is there, and stop it in order. Raises what it crashed of.

    Figures are served meanwhile: that Kafka is away is no reason not to answer.
    """
    while not await _kafka_is_there(bootstrap):
        await rest(stop, RETRY_S)
        if stop.is_set():
            return
    app.finalize()
    app.loop = asyncio.get_running_loop()
    await app.start()
    try:
        await app.wait(stop.wait())
        if app.crash_reason is not None:
            raise app.crash_reason
    finally:
        await app.stop()


async def _kafka_is_there(bootstrap: str) -> bool:
    try:
        await ensure_topics(bootstrap, TOPICS)
    except (UnavailableError, OSError, TimeoutError):
        return False
    except Exception as error:
        _log.warning("kafka-awaited", extra={"error_class": type(error).__name__})
        return False
    return True
