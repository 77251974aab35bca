"""A watermark never tells a time at which somebody may still record something."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from shared.contracts.envelope import Actor
from shared.eventsourcing.plan import Context, Order
from shared.postgres.outbox import _OLDEST_WRITER, Outbox
from shared.postgres.pool import connect
from tests.conftest import MakeLog, until_a_lock_is_awaited
from tests.integration.kafka.telling import TELLER, Tell, opened


async def test_the_watermark_never_passes_an_open_writer(make_log: MakeLog) -> None:
    source = await make_log("intake")
    outbox = Outbox(source)
    async with source.transaction() as tx:
        seed = uuid4()
        order = Order("journey-x", "x", Tell(opened()), Context(seed, Actor("clerk", "c"), seed, seed))
        await tx.act(TELLER, [order])
        recorded = tx.appended[0].recorded
        during = await outbox.complete_to()
    after = await outbox.complete_to()
    assert during is not None
    assert after is not None
    assert during < recorded
    assert after <= recorded


async def test_the_watermark_passes_nobody_who_begins_while_it_is_made(make_log: MakeLog, postgres: str) -> None:
    source, holder = await make_log("intake"), await connect(postgres)
    try:
        async with source.reading() as tx:
            # Whoever looks at the writers waits for this, and they do not.
            await holder.execute("BEGIN; LOCK TABLE pg_database IN ACCESS EXCLUSIVE MODE")
            looking = asyncio.create_task(tx.execute(f"CREATE TEMP TABLE told AS {_OLDEST_WRITER}"))
            await until_a_lock_is_awaited(holder.fetchval)
            begun = await holder.fetchval("SELECT clock_timestamp()")
            await holder.execute("COMMIT")
            await looking
            assert await tx.fetchval("SELECT least FROM told") < begun
    finally:
        await holder.close()


@pytest.mark.parametrize(("begun", "is_known"), [("- interval '1 hour'", True), ("+ interval '1 hour'", False)])
async def test_nobody_knows_what_a_writer_of_a_time_to_come_will_have_recorded(
    make_log: MakeLog, begun: str, is_known: bool
) -> None:
    writers = f"(VALUES (current_database(), '1'::xid, 0, clock_timestamp() {begun})) AS s(datname, backend_xid, pid, xact_start)"

    told = await (await make_log("intake")).pool.fetchval(_OLDEST_WRITER.replace("pg_stat_activity", writers))

    assert (told is not None) is is_known
