"""A new build changes places with the live one exactly where that stands: not before it, not behind it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.metrics.batch import Redelivered
from services.metrics.builds import Builds, ask_for_rebuild, live_generation
from services.metrics.store import Store
from shared.eventsourcing.records import Place
from shared.postgres.event_log import EventLog
from tests.integration.metrics.house import Hand, Wire, expected, some_tales, stored_cells

TOLD = some_tales(8)
EARLY, LATE = TOLD[:4], TOLD[4:]


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


async def swapped(log: EventLog, new: Store) -> bool:
    return await Builds(log, "nowhere")._swapped(new)


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

    assert await live_generation(store.log) == 1


async def test_a_build_that_is_far_behind_reads_on_by_itself(
    store: Store, new: Store, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.metrics.builds.STRETCH_MAX", 3)
    wire.publish(TOLD)
    await Hand(store, wire).project()

    assert not await swapped(store.log, new)

    assert await live_generation(store.log) == 1
