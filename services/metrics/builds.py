"""The builds of the projection: which is served, a new one beside it, and the moment in which they change places.

A rebuild reads every event from the beginning into tables of its own, under a group of its own, while the live build goes
on. When it has caught up, the live checkpoints are locked for a moment and the rest is applied up to exactly there. That
happens twice: first to fix a moment in which the two are compared, for as long as that takes and without holding anybody
up; and once more to serve the new one. Nothing is ever sent in a rebuild.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import Any

import orjson

from services.metrics.batch import Folder, Memory
from services.metrics.comparison import compare
from services.metrics.projector import Projector
from services.metrics.store import CHANNEL, HistoryHook, Store, group_of
from shared.contracts.topics import EVENT_TOPICS, PARTITIONS
from shared.eventsourcing.claims import FencedError
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.eventsourcing.records import Place
from shared.kafka.admin import end_offsets
from shared.kafka.fetch import fetch_whole
from shared.postgres.event_log import EventLog, Tx
from shared.runtime.parts import lasting
from shared.telemetry.clock import rest

LOOK_EVERY_S = 0.3
ASKED_EVERY_S = 1.0
NEAR_EVENTS = 2_000
STRETCH_MAX = 8_000
"""How much is applied while the live build stands still: a second's work, since whoever waits for a lock gives up after two."""
FORGOTTEN_AT_ONCE = 10_000
_BUILD_LOCK = 7_220_420
PLACES = tuple(Place(topic, partition) for topic in EVENT_TOPICS for partition in range(PARTITIONS))
_ENDED = "SELECT generation FROM projection WHERE state IN ('retired', 'stopped')"
_PASS_ON = (UnavailableError, VersionConflictError)
_log = logging.getLogger(__name__)
Offsets = dict[Place, int]


class Running:
    """A projector at work on one build."""

    def __init__(self, bootstrap: str, store: Store, instance: str) -> None:
        self.store = store
        self._stop = asyncio.Event()
        self.task = asyncio.create_task(lasting(Projector(bootstrap, store, instance).run, self._stop))

    async def stop(self) -> None:
        """Let it finish what it has begun."""
        self._stop.set()
        await self.task


class Builds:
    """Keeps the live build up to date, and a new one when one is asked for."""

    def __init__(self, log: EventLog, bootstrap: str, history: HistoryHook | None = None, instance: str = "") -> None:
        self._log = log
        self._bootstrap = bootstrap
        self._history = history
        self._instance = instance
        self._live: Running | None = None
        self._near = NEAR_EVENTS

    async def run(self, stop: asyncio.Event) -> None:
        """Project until `stop`. Raises whatever a projector died of."""
        building = asyncio.create_task(lasting(self._build_when_asked, stop))
        try:
            while not stop.is_set():
                await self._follow_register()
                await rest(stop, LOOK_EVERY_S)
                if building.done():
                    building.result()
        finally:
            building.cancel()
            await asyncio.gather(building, return_exceptions=True)
            if self._live is not None:
                await self._live.stop()

    async def _follow_register(self) -> None:
        if self._live is not None and self._live.task.done():
            self._live.task.result()
        try:
            live = await live_generation(self._log)
        except _PASS_ON:
            return
        if self._live is not None and self._live.store.generation == live:
            return
        if self._live is not None:
            await self._live.stop()
        self._live = Running(self._bootstrap, Store(self._log, live, self._history), self._instance)

    async def _build_when_asked(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                # One process builds; if it dies, its connection frees the lock and another one goes on.
                async with self._log.pool.acquire(timeout=5) as connection:
                    if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _BUILD_LOCK):
                        try:
                            await self._build(stop)
                        finally:
                            await connection.execute("SELECT pg_advisory_unlock($1)", _BUILD_LOCK)
            except Exception as error:
                _log.warning("build-waits", extra={"error_class": type(error).__name__})
            await rest(stop, ASKED_EVERY_S)

    async def _build(self, stop: asyncio.Event) -> None:
        generation = await self._begin()
        if generation is None:
            return
        await self._forget_logs()
        self._near = NEAR_EVENTS
        store = Store(self._log, generation, self._history, announces=False)
        report: dict[str, Any] | None = None
        while not stop.is_set() and await self._is_wanted(generation):
            await self._read_on(store, stop)
            if report is None:
                report = await self._compared(store)
            elif await self._swapped(store, report):
                return
            await rest(stop, LOOK_EVERY_S)

    async def _read_on(self, store: Store, stop: asyncio.Event) -> None:
        """Project until the live build is near, however far it has gone on meanwhile."""
        if not await self._has_far_to_go(store.generation):
            return
        running = Running(self._bootstrap, store, self._instance)
        try:
            while not stop.is_set() and not running.task.done() and await self._has_far_to_go(store.generation):
                await rest(stop, LOOK_EVERY_S)
        finally:
            await running.stop()

    async def _begin(self) -> int | None:
        """Take up the build that was asked for, or begun by a process that died; None if there is none."""
        async with self._log.transaction() as tx:
            row = await tx.fetchrow(
                "SELECT generation, state FROM projection WHERE state IN ('asked', 'building') FOR UPDATE SKIP LOCKED"
            )
            if row is None:
                return None
            generation: int = row["generation"]
            if row["state"] == "asked":
                await _clear(tx)
                await tx.execute("SELECT make_generation($1)", generation)
                await tx.execute(
                    "UPDATE projection SET state = 'building', started_at = clock_timestamp() WHERE generation = $1", generation
                )
            total = sum((await end_offsets(self._bootstrap, PLACES)).values())
            await tx.execute("UPDATE projection SET events_total = $2 WHERE generation = $1", generation, total)
        return generation

    async def _is_wanted(self, generation: int) -> bool:
        """Whether nobody stopped the build."""
        async with self._log.reading() as tx:
            state: str | None = await tx.fetchval("SELECT state FROM projection WHERE generation = $1", generation)
        return state == "building"

    async def _has_far_to_go(self, generation: int) -> bool:
        """Whether the live build is not near yet, unless somebody stopped this one."""
        if not await self._is_wanted(generation):
            return False
        async with self._log.transaction() as tx:
            mine, live = await _offsets(tx, generation), await _offsets(tx, await _live(tx))
        return sum(max(live[place] - mine[place], 0) for place in PLACES) > self._near

    async def _compared(self, store: Store) -> dict[str, Any] | None:
        """The difference report, of a moment in which both builds stood at the same place; None if they cannot yet."""
        async with contextlib.AsyncExitStack() as moment:
            async with self._log.transaction() as tx:
                live = await _live(tx)
                if not await self._has_drawn_level(tx, store, live):
                    return None
                snap = await moment.enter_async_context(self._log.snapshot())
                await snap.fetchval("SELECT true")  # What it sees is what there was at its first statement.
            return await compare(snap, live, store.generation)

    async def _swapped(self, store: Store, report: Mapping[str, Any]) -> bool:
        """Change places, if the live build is not behind the new one anywhere; else try again in a moment."""
        async with self._log.transaction() as tx:
            state = await tx.fetchval("SELECT state FROM projection WHERE generation = $1 FOR UPDATE", store.generation)
            if state != "building":
                # It was stopped, or another process went on with it while this one was cut off from its lock.
                return True
            live = await _live(tx)
            if not await self._has_drawn_level(tx, store, live):
                return False
            await _change_places(tx, live, store.generation, report)
        return True

    async def _has_drawn_level(self, tx: Tx, store: Store, live: int) -> bool:
        """Whether the new build could be brought to where the live one stands, which stands still until `tx` ends."""
        await tx.execute("SELECT 1 FROM checkpoint WHERE grp = $1 ORDER BY topic, partition FOR UPDATE", group_of(live))
        target, mine = await _offsets(tx, live), await _offsets(tx, store.generation)
        behind = {place: (mine[place], target[place]) for place in PLACES if mine[place] != target[place]}
        if any(here > there for here, there in behind.values()) or _length(behind) > STRETCH_MAX:
            return False
        try:
            await self._stretch(store, behind)
        except (FencedError, *_PASS_ON):
            raise
        except Exception as error:
            # The projector finds the record that spoils it, and lets its journey alone wait: so let it come all the way.
            _log.warning("stretch-failed", extra={"error_class": type(error).__name__})
            self._near = 0
            return False
        return True

    async def _forget_logs(self) -> None:
        """Delete the log facts of builds that are served no more: some at a time, and when nobody reads them any more."""
        async with self._log.transaction() as tx:
            retired = await tx.fetch(_ENDED)
        for row in retired:
            forgotten = FORGOTTEN_AT_ONCE
            while forgotten == FORGOTTEN_AT_ONCE:
                async with self._log.transaction() as tx:
                    forgotten = await tx.fetchval("SELECT forget_log_facts($1, $2)", row["generation"], FORGOTTEN_AT_ONCE)

    async def _stretch(self, store: Store, behind: Mapping[Place, tuple[int, int]]) -> None:
        """Apply exactly the records from the first to the second offset of each place."""
        if not behind:
            return
        wanted = [(place, offset) for place, (here, there) in behind.items() for offset in range(here, there)]
        found = await fetch_whole(self._bootstrap, wanted)
        claims = await store.claim(sorted(behind))
        memory = Memory(len(wanted) + 1)
        memory.waiting.update(await store.waiting())
        records = {place: [found[place, offset] for offset in range(*span)] for place, span in behind.items()}
        await store.recall(memory, [record for of_place in records.values() for record in of_place])
        folder = Folder(memory)
        for place in sorted(records):
            folder.fold(place, claims[place], records[place])
            await asyncio.sleep(0)
        for _ in folder.finish():
            await asyncio.sleep(0)
        await store.apply(folder.batch)


def _length(behind: Mapping[Place, tuple[int, int]]) -> int:
    return sum(there - here for here, there in behind.values())


async def _offsets(tx: Tx, generation: int) -> Offsets:
    rows = await tx.fetch("SELECT topic, partition, next_offset FROM checkpoint WHERE grp = $1", group_of(generation))
    return dict.fromkeys(PLACES, 0) | {Place(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def _live(tx: Tx) -> int:
    generation: int | None = await tx.fetchval("SELECT generation FROM projection WHERE state = 'live'")
    if generation is None:
        raise UnavailableError("no-live-projection")
    return generation


async def live_generation(log: EventLog) -> int:
    """The build that is served. Raises `UnavailableError`."""
    async with log.transaction() as tx:
        return await _live(tx)


async def retired_groups(log: EventLog) -> frozenset[str]:
    """The groups of builds that are served no more. They stand where they stood, and are behind of nothing."""
    async with log.transaction() as tx:
        rows = await tx.fetch(_ENDED)
    return frozenset(group_of(row["generation"]) for row in rows)


async def unserved_groups(log: EventLog) -> frozenset[str]:
    """The groups of all builds but the one that is served: a redrive leaves them alone."""
    async with log.transaction() as tx:
        rows = await tx.fetch("SELECT generation FROM projection WHERE state <> 'live'")
    return frozenset(group_of(row["generation"]) for row in rows)


async def _change_places(tx: Tx, live: int, new: int, report: Mapping[str, Any]) -> None:
    await tx.execute("UPDATE projection SET state = 'retired' WHERE generation = $1", live)
    await tx.execute(
        "UPDATE projection SET state = 'live', finished_at = clock_timestamp(), report = $2 WHERE generation = $1",
        new,
        orjson.dumps(report).decode(),
    )
    await tx.execute("SELECT pg_notify($1, $2)", CHANNEL, orjson.dumps({"swapped": new}).decode())


async def _clear(tx: Tx) -> None:
    """Drop the tables of builds that nobody will ask for any more."""
    for row in await tx.fetch(_ENDED):
        await tx.execute("SELECT drop_generation($1)", row["generation"])
        await tx.execute("DELETE FROM checkpoint WHERE grp = $1", group_of(row["generation"]))
        await tx.execute("DELETE FROM parked WHERE grp = $1", group_of(row["generation"]))
        await tx.execute("DELETE FROM watermark WHERE generation = $1", row["generation"])


async def ask_for_rebuild(log: EventLog, asked_by: str) -> int | None:
    """Ask for a rebuild; returns its number, or None if one is under way already."""
    async with log.transaction() as tx:
        await tx.execute("LOCK TABLE projection IN SHARE ROW EXCLUSIVE MODE")
        if await tx.fetchval("SELECT true FROM projection WHERE state IN ('asked', 'building')"):
            return None
        asked: int = await tx.fetchval(
            "INSERT INTO projection (generation, state, asked_by) "
            "SELECT max(generation) + 1, 'asked', $1 FROM projection RETURNING generation",
            asked_by,
        )
    return asked


async def stop_rebuild(log: EventLog, generation: int) -> bool:
    """Give up a rebuild before it is served: what it has read is dropped when the next one begins. False if it is not under way."""
    async with log.transaction() as tx:
        stopped = await tx.fetchval(
            "UPDATE projection SET state = 'stopped', finished_at = clock_timestamp() "
            "WHERE generation = $1 AND state IN ('asked', 'building') RETURNING true",
            generation,
        )
    return stopped is True


async def rebuilds(tx: Tx) -> list[dict[str, Any]]:
    """Every build with its progress, newest first."""
    rows = await tx.fetch(
        "SELECT p.*, extract(epoch FROM clock_timestamp() - p.started_at)::float AS ran_s, "
        "(SELECT coalesce(sum(next_offset), 0) FROM checkpoint WHERE grp = 'metrics-p' || p.generation)::bigint AS done "
        "FROM projection p ORDER BY generation DESC LIMIT 20"
    )
    return [_told(dict(row)) for row in rows]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    total, done = row["events_total"], row["done"]
    building = row["state"] == "building"
    progress = min(done / total, 1.0) if building and total else float(row["state"] in ("live", "retired"))
    eta = row["ran_s"] * (total - done) / done if building and done and total > done else None
    return {
        "generation": row["generation"],
        "state": row["state"],
        "requested_at": row["asked_at"],
        "finished_at": row["finished_at"],
        "progress": round(progress, 4),
        "events_done": done,
        "events_total": max(total, done) if building else done,
        "eta_s": None if eta is None else round(eta, 1),
        "report": None if row["report"] is None else orjson.loads(row["report"]),
    }
