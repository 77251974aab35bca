"""Commands and the relay find their rows by keys: also by plans that were made while nothing was there yet."""

from __future__ import annotations

from shared.postgres.outbox import Outbox
from tests.integration.intake.city import CLERK, City, visit
from tests.integration.intake.conftest import Door

_READ_WHOLE = "SELECT relname, seq_tup_read FROM pg_stat_user_tables WHERE seq_tup_read > 0"


async def test_what_plans_were_made_of_an_empty_record_read_no_more_of_a_full_one(city: City, door: Door) -> None:
    outbox = Outbox(city.log)
    epoch = await outbox.lease("relay", 60)
    assert epoch is not None
    # A statement's plan is made for good when it is used for the sixth time.
    for number in range(30):
        answer = await door.ask("record-visit", visit(f"visit-{number}").model_dump(mode="json", exclude_none=True), CLERK)
        assert answer.status_code == 201
        waiting = await outbox.slice(100)
        assert await outbox.acknowledge(epoch, [row.position for row in waiting], {})

    async with city.log.reading() as tx:
        await tx.execute("SELECT pg_stat_force_next_flush()")
        assert [(row["relname"], row["seq_tup_read"]) for row in await tx.fetch(_READ_WHOLE)] == []
