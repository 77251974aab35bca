"""The projector over Kafka: fenced, repeated, rebuilt beside the old build, and found again down to the stored bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from services.metrics.app import make_faust, run_faust
from services.metrics.builds import PLACES, Builds, ask_for_rebuild, live_generation, rebuilds
from services.metrics.cells import snapshot
from services.metrics.figure_doors import today
from services.metrics.figures import BY_CODE
from services.metrics.handovers import Waited
from services.metrics.projector import Projector
from services.metrics.record import journey
from services.metrics.recounting import Summed, last, recounting
from services.metrics.redrive import redrive
from services.metrics.shares import Asked
from services.metrics.slices import Slice
from services.metrics.store import Store
from services.metrics.watermarks import Watermarks
from shared.contracts.base import wire_time
from shared.contracts.topics import METRICS_SNAPSHOTS, TOPICS, WATERMARKS
from shared.eventsourcing.records import Place
from shared.kafka.admin import end_offsets, ensure_topics
from shared.kafka.clients import producer
from shared.postgres.event_log import EventLog
from shared.telemetry import clock
from tests.conftest import until, within
from tests.integration.metrics.house import expected, renamed, send, some_tales, stored_cells
from tests.unit.metrics.stories import Told, scripted

DEADLINE_S = 40.0
FAILURES_MAX = 12
"""A batch of 4,000 is down to one record after three failures; of the ten beside it a few may have to be told apart."""


def fresh(told: list[Told]) -> list[Told]:
    """The same journeys under new names, since other tests write the same topics."""
    made = []
    for one in told:
        name = str(uuid4())
        made.append(Told(journey=name, events=[(s, renamed(b, journey=name)) for s, b in one.events]))
    return made


async def promise(kafka: str, ends: Mapping[Place, int], complete_to: datetime) -> None:
    """Promise for every service that everything up to then lies below `ends`, as their relays do."""
    client = producer(kafka, "metrics-test-marks")
    await client.start()
    for service in ("intake", "approval", "notify"):
        mine = {p.topic: {str(q.partition): ends[q] for q in PLACES if q.topic == p.topic} for p in PLACES if service in p.topic}
        mark = {"service": service, "complete_to": wire_time(complete_to), "end_offsets": mine}
        await client.send_and_wait(WATERMARKS, orjson.dumps(mark), service.encode())
    await client.stop()


async def from_now_on(log: EventLog, kafka: str, generation: int = 1) -> None:
    """Begin behind everything that other tests left on the topics."""
    await ensure_topics(kafka, TOPICS)
    for place, offset in (await end_offsets(kafka, PLACES)).items():
        await log.pool.execute(
            "INSERT INTO checkpoint (grp, topic, partition, next_offset) VALUES ($1, $2, $3, $4)",
            f"metrics-p{generation}",
            place.topic,
            place.partition,
            offset,
        )


@asynccontextmanager
async def running(run: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[None]:
    """Something that runs until it is told to stop."""
    stop = asyncio.Event()
    task = asyncio.ensure_future(run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, DEADLINE_S)


def has(store: Store, told: list[Told]) -> Callable[[], Awaitable[bool]]:
    wanted = expected(told)

    async def look() -> bool:
        return await stored_cells(store) == wanted

    return look


async def test_two_projectors_share_the_work_and_one_takes_over(log: EventLog, kafka: str) -> None:
    await from_now_on(log, kafka)
    store, told = Store(log, 1), fresh(some_tales(20))
    async with running(Projector(kafka, Store(log, 1)).run):
        async with running(Projector(kafka, Store(log, 1)).run):
            await send(kafka, told[:10])
            await until(has(store, told[:10]))
        await send(kafka, told)

        await until(has(store, told))


async def test_a_batch_that_cannot_be_written_costs_only_its_own_journey(
    log: EventLog, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await from_now_on(log, kafka)
    store, (bad, *good) = Store(log, 1), fresh(some_tales(6))
    apply = Store.apply

    async def failing(self: Store, batch: Any) -> None:
        if bad.journey in batch.journeys:
            raise LookupError(bad.journey)
        await apply(self, batch)

    monkeypatch.setattr(Store, "apply", failing)
    async with running(Projector(kafka, store).run):
        await send(kafka, [bad, *good])

        await until(has(store, good))

        async def parked() -> bool:
            return bool(await log.pool.fetchval("SELECT count(*) = $1 FROM parked", len(bad.events)))

        await until(parked)


async def test_events_of_a_row_that_cannot_be_read_wait_until_it_is_mended(log: EventLog, kafka: str) -> None:
    await from_now_on(log, kafka)
    store, (one, *good) = Store(log, 1), fresh([scripted(), *some_tales(3)])
    begun, rest = (Told(journey=one.journey, events=events) for events in (one.events[:1], one.events[1:]))

    async def has_begun() -> bool:
        return bool(await log.pool.fetchval(f"SELECT true FROM {store.room}.journey WHERE journey = $1", one.journey))

    async with running(Projector(kafka, store).run):
        await send(kafka, [begun])
        await until(has_begun)
    whole = await log.pool.fetchval(f"SELECT body FROM {store.room}.journey WHERE journey = $1", one.journey)
    await log.pool.execute(f"UPDATE {store.room}.journey SET body = '' WHERE journey = $1", one.journey)

    async def waits() -> bool:
        return bool(await log.pool.fetchval("SELECT count(*) = $1 FROM parked", len(rest.events)))

    async with running(Projector(kafka, store).run):
        await send(kafka, [rest, *good])
        await until(waits)
        await until(has(store, [begun, *good]))
    assert await log.pool.fetchval("SELECT sum(dead_lettered) FROM checkpoint") == 0

    await log.pool.execute(f"UPDATE {store.room}.journey SET body = $2 WHERE journey = $1", one.journey, whole)
    await redrive(store, one.journey)
    assert await has(store, [one, *good])()


async def test_whoever_spoils_a_batch_is_found_without_playing_everybody_singly(
    log: EventLog, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await from_now_on(log, kafka)
    store, told = Store(log, 1), fresh(some_tales(40))
    bad, events, tries = told[20], sum(len(one.events) for one in told), 0
    apply = Store.apply

    async def failing(self: Store, batch: Any) -> None:
        nonlocal tries
        tries += 1
        if bad.journey in batch.journeys:
            raise LookupError(bad.journey)
        await apply(self, batch)

    monkeypatch.setattr(Store, "apply", failing)
    await send(kafka, told)
    async with running(Projector(kafka, store).run):
        await until(has(store, [one for one in told if one is not bad]))

    assert tries < events / 2


async def test_whoever_spoils_a_batch_is_found_at_once_while_others_keep_coming(
    log: EventLog, kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await from_now_on(log, kafka)
    (bad, *others), apply, failed = fresh(some_tales(120)), Store.apply, 0

    async def failing(self: Store, batch: Any) -> None:
        nonlocal failed
        if bad.journey in batch.journeys:
            failed += 1
            raise LookupError(bad.journey)
        await apply(self, batch)

    async def parked() -> bool:
        return bool(await log.pool.fetchval("SELECT count(*) FROM parked"))

    async def keep_coming() -> None:
        for one in others:
            await send(kafka, [one])

    monkeypatch.setattr(Store, "apply", failing)
    async with running(Projector(kafka, Store(log, 1)).run):
        coming = asyncio.create_task(keep_coming())
        await send(kafka, [*others[:40], Told(journey=bad.journey, events=bad.events[:1]), *others[40:]])
        await until(parked)
        coming.cancel()

    assert failed <= FAILURES_MAX


async def test_a_rebuild_ends_where_the_live_build_is_and_takes_its_place(log: EventLog, kafka: str) -> None:
    await ensure_topics(kafka, TOPICS)
    told = fresh(some_tales(8))
    await send(kafka, told[:4])
    async with running(Builds(log, kafka).run):
        assert await ask_for_rebuild(log, "op") == 2
        assert await ask_for_rebuild(log, "op") is None
        await send(kafka, told[4:])

        async def swapped() -> bool:
            return await live_generation(log) == 2

        await until(swapped)
    async with snapshot(log) as snap:
        newest, oldest = await rebuilds(snap.tx)

    assert (newest["state"], oldest["state"]) == ("live", "retired")
    assert newest["report"]["cells_different"] == 0
    assert newest["report"]["rows_different"] == 0
    async with running(Projector(kafka, Store(log, 2)).run):
        rows = {one.journey for one in told}

        async def all_there() -> bool:
            found = await log.pool.fetch("SELECT journey FROM p2.journey WHERE journey = ANY($1)", list(rows))
            return len(found) == len(rows)

        await until(all_there)


async def test_an_event_that_comes_last_is_missed_no_more(log: EventLog, kafka: str) -> None:
    await from_now_on(log, kafka)
    (told,) = fresh([scripted()])
    mine = [event for event in told.events if event[0] == "intake"]
    store, late = Store(log, 1), Told(journey=told.journey, events=[mine[1]])
    async with running(Projector(kafka, store).run):
        await send(kafka, [Told(journey=told.journey, events=[mine[0], *mine[2:]])])

        async def waits() -> bool:
            return bool(await log.pool.fetchval("SELECT count(*) = $1 FROM parked", len(mine) - 2))

        await until(waits)
        await send(kafka, [late])
        await until(has(store, [Told(journey=told.journey, events=mine)]))

    assert await log.pool.fetchval("SELECT count(*) FROM parked") == 0
    assert await log.pool.fetchval("SELECT sum(applied) FROM checkpoint") == len(mine)


async def test_the_watermark_is_reached_when_everything_below_it_is_applied(log: EventLog, kafka: str) -> None:
    await from_now_on(log, kafka)
    (told,) = fresh([scripted()])
    promised = clock.now()
    await send(kafka, [told])
    ends = await end_offsets(kafka, PLACES)
    await promise(kafka, ends, promised)
    watermarks = Watermarks(log, kafka)
    async with running(watermarks.run):

        async def heard() -> bool:
            return {"intake", "approval", "notify"} <= set(watermarks.marks.newest)

        await until(heard)
        async with snapshot(log) as snap:
            assert snap.as_of != promised
        async with running(Projector(kafka, Store(log, 1)).run):

            async def reached() -> bool:
                async with snapshot(log) as snap:
                    return snap.as_of is not None and abs((snap.as_of - promised).total_seconds()) < 0.001

            await until(reached)


async def test_a_clock_that_is_set_back_takes_back_what_was_promised(log: EventLog, kafka: str) -> None:
    await from_now_on(log, kafka)
    ends, now = await end_offsets(kafka, PLACES), clock.now()
    async with running(Watermarks(log, kafka).run):
        for promised in (now, now - timedelta(minutes=30), now - timedelta(minutes=29)):
            await promise(kafka, ends, promised)

            async def is_what_counts(promised: datetime = promised) -> bool:
                async with snapshot(log) as snap:
                    return snap.as_of is not None and abs((snap.as_of - promised).total_seconds()) < 0.001

            await until(is_what_counts)


async def test_a_journey_is_evident_down_to_its_bytes_and_recounts(log: EventLog, kafka: str) -> None:
    await from_now_on(log, kafka)
    store, told = Store(log, 1), fresh([scripted(), *some_tales(3)])
    async with running(Projector(kafka, store).run):
        await send(kafka, told)
        await until(has(store, told))
    readings = [Asked(BY_CODE[code], reading, Slice()) for code in ("F4", "F7", "F8", "F9") for reading in BY_CODE[code].readings]
    async with snapshot(log) as snap:
        found = await journey(snap, kafka, told[0].journey)
        for asked in readings:
            tally = Waited(asked, today()) if asked.reading.from_waits else Summed(asked)
            counted = await last(recounting(snap, kafka, tally))
            assert counted["equal"], counted
            assert not asked.reading.from_waits or counted["recounted"]["numerator"]

    assert found is not None
    assert [event["body"].encode() for event in found["events"]] == [
        body for source in ("intake", "approval", "notify") for s, body in told[0].events if s == source
    ]
    assert found["counts"] == {"statutory": 1, "experienced": 2, "proxy": 0, "declared": 1}


async def test_faust_hosts_the_projector_and_hears_snapshots(log: EventLog, kafka: str, tmp_path: Path) -> None:
    await from_now_on(log, kafka)
    store, told = Store(log, 1), fresh(some_tales(4))
    app = make_faust(kafka, Builds(log, kafka), log, tmp_path)
    async with running(lambda stop: run_faust(app, kafka, stop)):
        await send(kafka, told)
        await until(has(store, told))
        client = producer(kafka, "metrics-test-snapshots")
        await client.start()

        pair, waiting = "330300>330100", 1

        async def alerted() -> bool:
            nonlocal waiting
            waiting *= 2
            said = {"at": wire_time(clock.now()), "open_waits": {pair: waiting}, "failed": {}}
            await client.send_and_wait(METRICS_SNAPSHOTS, orjson.dumps(said), b"province")
            return bool(await log.pool.fetchval("SELECT count(*) FROM alert WHERE subject = $1", pair))

        try:
            await until(alerted)
        finally:
            await client.stop()


class Dying:
    """A projection that dies of a fault of its own."""

    async def run(self, stop: asyncio.Event) -> None:
        raise ArithmeticError


async def test_the_death_of_the_projector_is_the_death_of_the_process(log: EventLog, kafka: str, tmp_path: Path) -> None:
    app = make_faust(kafka, Dying(), log, tmp_path)

    async with within(DEADLINE_S):
        with pytest.raises(ArithmeticError):
            await run_faust(app, kafka, asyncio.Event())
