"""Snapshots of the province's figures on a topic of their own, for cockpits and for the windows of live alerts."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from datetime import timedelta
from typing import Any

import orjson

from services.metrics.board import added
from services.metrics.cells import Snapshot, grouped, snapshot, version
from services.metrics.contributions import GROUPS
from services.metrics.figures import FIGURES, evaluate
from services.metrics.shelf import shown
from services.metrics.slices import Slice, pair_of
from shared.contracts.base import wire_time
from shared.contracts.topics import METRICS_SNAPSHOTS
from shared.eventsourcing.claims import Message
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.postgres.event_log import EventLog
from shared.reference.deadlines import local_date
from shared.telemetry import clock
from shared.telemetry.names import FIGURE

EVERY_S = 5.0
FORGOTTEN_AT_ONCE = 500
_LOCK = 7_220_410
_KEY = "province"
_log = logging.getLogger(__name__)


async def publish_snapshots(log: EventLog, stop: asyncio.Event) -> None:
    """Owe a snapshot to Kafka every few seconds while something changes, until `stop`."""
    last = (0, -1)
    while not stop.is_set():
        await clock.rest(stop, EVERY_S)
        try:
            last = await _publish(log, last)
        except (UnavailableError, VersionConflictError) as error:
            _log.warning("snapshots-wait", extra={"error_class": type(error).__name__})


async def _publish(log: EventLog, last: tuple[int, int]) -> tuple[int, int]:
    async with snapshot(log) as snap:
        seen = (snap.generation, await version(snap))
        if seen == last:
            return last
        body = await _body(snap)
    async with log.transaction() as tx:
        # Several processes of this service may run; one of them speaks at a time.
        if await tx.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
            await tx.say([Message(clock.new_id(), METRICS_SNAPSHOTS, _KEY, orjson.dumps(body), 1)])
            # Kafka keeps them for its cockpits, and nobody reads one here again; of one every five seconds none is worth keeping.
            await tx.execute("SELECT forget_snapshots($1)", FORGOTTEN_AT_ONCE)
    return seen


async def _body(snap: Snapshot) -> dict[str, Any]:
    now = clock.now()
    sums = added([row for group in GROUPS for row in await grouped(snap, group, Slice(), ())])
    readings = {figure.code: evaluate(figure, sums) for figure in FIGURES}
    for code, values in readings.items():
        for name, value in values.items():
            if value.value is not None:
                FIGURE.labels(f"{code}.{name}").set(value.value)
    return {
        "at": wire_time(now),
        "as_of": None if snap.as_of is None else wire_time(snap.as_of),
        "generation": snap.generation,
        "readings": {code: shown(values) for code, values in readings.items()},
        "open_waits": await _open_waits(snap),
        "failed": await _failed(snap, Slice(from_day=local_date(now) - timedelta(days=1))),
    }


async def _open_waits(snap: Snapshot) -> dict[str, int]:
    pairs: dict[str, int] = defaultdict(int)
    for cell, amounts in await grouped(snap, "custody", Slice(layer="physical"), ("city", "home")):
        ended = amounts["custody.accepted"] + amounts["custody.returned"] + amounts["custody.withdrawn"]
        pairs[pair_of(cell)] += amounts["custody.offered"] - ended
    return {pair: waiting for pair, waiting in sorted(pairs.items()) if waiting > 0}


async def _failed(snap: Snapshot, asked: Slice) -> dict[str, int]:
    """Visits in vain by cause, of yesterday and today: history that is being loaded makes no alarm."""
    found: dict[str, int] = defaultdict(int)
    for cell, amounts in await grouped(snap, "visit", asked, ("tag",)):
        found[cell.tag.partition("|")[0]] += amounts["visit.failed"]
    return dict(sorted(found.items()))
