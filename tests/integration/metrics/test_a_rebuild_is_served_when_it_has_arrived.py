"""A new build changes places with the live one exactly where that stands: not before it, not behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from services.metrics import builds, comparison
from services.metrics.batch import Redelivered
from services.metrics.builds import Builds, ask_for_rebuild, live_generation, stop_rebuild
from services.metrics.store import Store
from shared.eventsourcing.records import Place
from shared.postgres.event_log import EventLog
from tests.conftest import within
from tests.integration.metrics.house import Hand, Wire, expected, some_tales, stored_cells

TOLD = some_tales(8)
EARLY, LATE = TOLD[:4], TOLD[4:]
FACTS = """
INSERT INTO log_fact (generation, journey, sequence, topic, partition, kafka_offset, origin, region, case_ref, zone, file, row,
    rule, phase, occurred, known, irregular)
SELECT g % 2 + 1, 'j', g, 't', 0, g, 'o', '330100', 'c', 'UTC', 'f', g, 'r', 'submitted', now(), now(), ''
FROM generate_series(1, 20) g
"""


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """The bus, from which a build fetches what it lacks."""
    made = Wire()

    async def fetch(_: str, wanted: Sequence[tuple[Place, int]]) -> dict[tuple[Place, int], Redelivered]:
        return {(place, offset): made.records[place][offset] for place, offset in wanted}

    monkeypatch.setattr("services.metrics.builds.fetch_whole", fetch)
    return made


@pytest.fixture
async def new(log: EventLog) -> Store:
    """The empty tables of a second build."""
    assert await ask_for_rebuild(log, "op") == 2
    async with log.transaction() as tx:
        await tx.execute("SELECT make_generation(2)")
        await tx.execute("UPDATE projection SET state = 'building' WHERE generation = 2")
    return Store(log, 2, announces=False)


async def compared(log: EventLog, new: Store) -> dict[str, Any] | None:
    return await Builds(log, "nowhere")._compared(new)


async def swapped(log: EventLog, new: Store) -> bool:
    return await Builds(log, "nowhere")._swapped(new, {"cells_different": 0})


def projecting(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> None:
    """Let the projector of the new build read from `wire`."""

    class Reading:
        def __init__(self, _: str, store: Store, __: str) -> None:
            self.task = asyncio.ensure_future(Hand(store, wire).project())

        async def stop(self) -> None:
            await self.task

    async def no_ends(*_: Any) -> dict[Place, int]:
        return {}

    monkeypatch.setattr(builds, "Running", Reading)
    monkeypatch.setattr(builds, "end_offsets", no_ends)
    monkeypatch.setattr(builds, "LOOK_EVERY_S", 0.01)


async def test_what_the_live_build_has_more_is_applied_before_the_swap(store: Store, new: Store, wire: Wire) -> None:
    wire.publish(EARLY)
    await Hand(new, wire).project()
    wire.publish(LATE)
    await Hand(store, wire).project()

    assert await swapped(store.log, new)

    assert await live_generation(store.log) == 2
    assert await stored_cells(new) == expected(TOLD)
    report = await store.log.pool.fetchval("SELECT report::jsonb->>'cells_different' FROM projection WHERE generation = 2")
    assert report == "0"


async def test_a_build_that_has_read_on_waits_for_the_live_one(store: Store, new: Store, wire: Wire) -> None:
    wire.publish(EARLY)
    await Hand(store, wire).project()
    wire.publish(LATE)
    await Hand(new, wire).project()

    assert not await swapped(store.log, new)
    assert await compared(store.log, new) is None

    assert await live_generation(store.log) == 1


async def test_a_build_that_fell_far_behind_reads_on_by_itself(
    store: Store, new: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds, "STRETCH_MAX", 3)
    monkeypatch.setattr(builds, "NEAR_EVENTS", 3)
    projecting(monkeypatch, wire)
    wire.publish(EARLY)
    await Hand(store, wire).project()
    went_on, compare = False, comparison.compare

    async def comparing(*args: Any) -> dict[str, Any]:
        nonlocal went_on
        # The live build goes on while the two are compared.
        wire.publish(LATE)
        await Hand(store, wire).project()
        went_on = True
        return await compare(*args)

    monkeypatch.setattr(builds, "compare", comparing)

    async with within(20):
        await Builds(store.log, "nowhere")._build(asyncio.Event())

    assert went_on
    assert await live_generation(store.log) == 2
    assert await stored_cells(new) == expected(TOLD)


async def test_a_record_that_spoils_the_last_stretch_is_left_to_the_projector(
    store: Store, new: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    projecting(monkeypatch, wire)
    wire.publish(EARLY)
    await Hand(store, wire).project()

    async def spoilt(_: Builds, __: Store, behind: dict[Place, Any]) -> None:
        if behind:
            raise LookupError("a row that cannot be written")

    monkeypatch.setattr(Builds, "_stretch", spoilt)

    async with within(20):
        await Builds(store.log, "nowhere")._build(asyncio.Event())

    assert await live_generation(store.log) == 2
    assert await stored_cells(new) == expected(EARLY)


async def test_nobody_is_held_up_while_the_builds_are_compared(
    store: Store, new: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = comparison.compare
    wire.publish(EARLY)
    await Hand(store, wire).project()

    async def comparing(*args: Any) -> dict[str, Any]:
        wire.publish(LATE)
        await Hand(store, wire).project()
        return await compare(*args)

    monkeypatch.setattr(builds, "compare", comparing)

    report = await compared(store.log, new)

    assert report is not None
    assert (report["cells_different"], report["rows_different"]) == (0, 0)
    assert report["cells_compared"] > 0
    assert await stored_cells(new) == expected(EARLY)


async def test_every_cell_and_row_that_differs_is_counted_stretch_by_stretch(
    store: Store, new: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "STRETCH_CELLS", 2)
    monkeypatch.setattr(comparison, "STRETCH_ROWS", 2)
    wire.publish(TOLD)
    for one in (store, new):
        await Hand(one, wire).project()
    cells = await store.log.pool.fetchval("SELECT count(*) FROM p2.cell")
    await store.log.pool.execute("UPDATE p1.cell SET n1 = n1 + 1 WHERE day = (SELECT max(day) FROM p1.cell)")
    moved = await store.log.pool.fetchval("SELECT count(*) FROM p1.cell WHERE day = (SELECT max(day) FROM p1.cell)")
    await store.log.pool.execute("DELETE FROM p2.journey WHERE journey = (SELECT max(journey) FROM p2.journey)")
    await store.log.pool.execute("UPDATE p1.journey SET touches = '' WHERE journey = (SELECT min(journey) FROM p1.journey)")

    report = await compared(store.log, new)

    assert report is not None
    assert (report["cells_compared"], report["cells_different"]) == (cells, moved)
    assert report["rows_different"] == 2
    assert len(report["sample"]) == min(moved, comparison.SAMPLE_MAX)


async def test_what_medians_coverage_and_long_slices_are_read_from_is_compared_too(
    store: Store, new: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "STRETCH_CELLS", 2)
    monkeypatch.setattr(comparison, "STRETCH_ROWS", 2)
    wire.publish(TOLD)
    for one in (store, new):
        await Hand(one, wire).project()
    pool = store.log.pool
    offers = await pool.fetchval("SELECT count(*) FROM p1.wait")
    spans = await pool.fetchval("SELECT count(*) FROM p2.span WHERE starts = (SELECT max(starts) FROM p2.span)")
    await pool.execute("UPDATE p1.wait SET offered_at = offered_at - interval '1 second'")
    await pool.execute("UPDATE p2.span SET n1 = n1 + 1 WHERE starts = (SELECT max(starts) FROM p2.span)")
    await pool.execute("INSERT INTO p1.catalogue (key, partition, body) VALUES ('item:a', 0, '[]'), ('item:b', 0, '[]')")

    report = await compared(store.log, new)

    assert report is not None
    assert report["rows_different_in"] == {"journey": 0, "wait": offers, "catalogue": 2, "span": spans}
    assert report["rows_different"] == offers + 2 + spans > 3
    assert report["cells_different"] == 0


async def test_a_build_that_another_process_has_served_meanwhile_is_left_alone(store: Store, new: Store, wire: Wire) -> None:
    told = "SELECT generation, state, finished_at FROM projection ORDER BY generation"
    assert await swapped(store.log, new)
    before = await store.log.pool.fetch(told)

    assert await swapped(store.log, new)

    assert await store.log.pool.fetch(told) == before


async def test_a_build_that_is_stopped_reads_no_further_and_is_never_served(
    store: Store, new: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    projecting(monkeypatch, wire)
    wire.publish(EARLY)
    await Hand(store, wire).project()
    compare = comparison.compare

    async def stopped(*args: Any) -> dict[str, Any]:
        assert await stop_rebuild(store.log, 2)
        return await compare(*args)

    monkeypatch.setattr(builds, "compare", stopped)

    async with within(20):
        await Builds(store.log, "nowhere")._build(asyncio.Event())

    assert await live_generation(store.log) == 1
    assert not await stop_rebuild(store.log, 2)
    assert await ask_for_rebuild(store.log, "op") == 3


async def test_a_reading_build_is_stopped_however_far_it_has_to_go(
    store: Store, new: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    class Endless:
        def __init__(self, *_: object) -> None:
            self._stopped = asyncio.Event()
            self.task = asyncio.ensure_future(self._stopped.wait())
            begun.set()

        async def stop(self) -> None:
            self._stopped.set()

    projecting(monkeypatch, wire)
    monkeypatch.setattr(builds, "Running", Endless)
    monkeypatch.setattr(builds, "NEAR_EVENTS", 0)
    wire.publish(EARLY)
    await Hand(store, wire).project()
    async with within(20):
        building = asyncio.create_task(Builds(store.log, "nowhere")._build(asyncio.Event()))
        await begun.wait()

        assert await stop_rebuild(store.log, 2)

        await building
    assert await live_generation(store.log) == 1


async def test_what_is_served_cannot_be_stopped(store: Store, new: Store, wire: Wire) -> None:
    assert await swapped(store.log, new)

    assert not await stop_rebuild(store.log, 2)

    assert await live_generation(store.log) == 2


async def test_the_log_facts_of_a_retired_build_are_deleted_some_at_a_time_and_no_others(
    store: Store, new: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds, "FORGOTTEN_AT_ONCE", 3)
    await store.log.pool.execute(FACTS)
    assert await swapped(store.log, new)

    await Builds(store.log, "nowhere")._forget_logs()

    left = await store.log.pool.fetch("SELECT generation, count(*)::int AS n FROM log_fact GROUP BY 1")
    assert [tuple(row) for row in left] == [(2, 10)]
