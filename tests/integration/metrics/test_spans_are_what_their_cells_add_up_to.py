"""Spans hold what their cells add up to, however many batches and projectors added to them, and after an upgrade."""

from __future__ import annotations

import asyncio

from services.metrics.store import Store
from shared.postgres.event_log import EventLog
from shared.postgres.migrations import migrate
from shared.postgres.pool import connect
from tests.integration.metrics.conftest import MIGRATIONS
from tests.integration.metrics.house import Hand, Wire, some_tales

TOLD = some_tales(12)
UPGRADE = MIGRATIONS / "20261126000403_spans.sql"
_SPANS = "SELECT grp, starts, region, other, basic, tag, {amounts} FROM {room}.span WHERE ({amounts}) IS DISTINCT FROM ({nothing})"


async def spans(log: EventLog, room: str) -> set[tuple[object, ...]]:
    """The spans of a build that hold something."""
    amounts = ", ".join(f"n{n}" for n in range(1, 13))
    rows = await log.pool.fetch(_SPANS.format(amounts=amounts, room=room, nothing=", ".join("0" * 12)))
    return {tuple(row) for row in rows}


async def added_up(log: EventLog) -> set[tuple[object, ...]]:
    """What the cells of the first build add up to, put into a second one at once."""
    async with log.transaction() as tx:
        await tx.execute("SELECT make_generation(2)")
        await tx.execute("SELECT add_spans('p2', 'p1.cell')")
    return await spans(log, "p2")


class Part(Wire):
    """The places of a wire that one of several projectors reads."""

    def __init__(self, whole: Wire, turn: int) -> None:
        super().__init__()
        self.records.update({place: records for place, records in whole.records.items() if place.partition % 3 == turn})


async def test_batch_by_batch_is_as_at_once(store: Store) -> None:
    wire = Wire()
    wire.publish(TOLD)
    await Hand(store, wire).project(records_max=3)

    assert await spans(store.log, "p1") == await added_up(store.log) != set()


async def test_three_projectors_add_to_the_same_spans(store: Store) -> None:
    wire = Wire()
    wire.publish(TOLD)
    async with asyncio.timeout(30):
        await asyncio.gather(*(Hand(store, Part(wire, turn)).project(records_max=2) for turn in range(3)))

    assert await spans(store.log, "p1") == await added_up(store.log) != set()


async def test_an_upgrade_fills_them_from_the_cells_that_are_there(store: Store, postgres: str) -> None:
    wire = Wire()
    wire.publish(TOLD)
    await Hand(store, wire).project()
    kept = await spans(store.log, "p1")
    owner = postgres.rpartition("/")[0] + "/" + await store.log.pool.fetchval("SELECT current_database()")
    connection = await connect(owner)
    await connection.execute(UPGRADE.read_text("utf-8").partition("-- migrate:down")[2])
    await connection.execute("DELETE FROM schema_migrations WHERE version = $1", UPGRADE.name)
    await connection.close()

    assert await migrate(owner, [MIGRATIONS]) == [UPGRADE.name]

    assert await spans(store.log, "p1") == kept == await added_up(store.log) != set()
