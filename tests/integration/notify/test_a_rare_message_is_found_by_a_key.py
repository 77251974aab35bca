"""However rare its standing is among all messages, the newest of it are found without looking at the others."""

from __future__ import annotations

import pytest

from services.notify import outgoing, overview
from services.notify.overview import Standing
from tests.conftest import MakeLog
from tests.integration.notify.test_a_person_gets_each_message_once import MIGRATIONS

MANY = 20_000
_RECORD = """
INSERT INTO intent (intent_id, journey, case_no, cause_event, template, recipient_role, channel, state, attempt, reason_code,
                    requested_at, city)
SELECT gen_random_uuid(), gen_random_uuid(), 'C' || n, gen_random_uuid(), 'receipt', 'applicant', 'email',
       CASE WHEN n <= 3 THEN 'waiting' WHEN n <= 6 OR n % 2 = 0 THEN 'failed' ELSE 'sent' END, 1,
       CASE WHEN n <= 3 THEN NULL WHEN n <= 6 THEN 'unconfirmed' WHEN n % 2 = 0 THEN 'no-contact' END,
       clock_timestamp() - interval '8 days' - (30000 - n) * interval '1 second', '330100'
FROM generate_series(1, $1::int) AS n
"""
_LOOKED_AT = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'intent'"


@pytest.mark.parametrize("standing", ["waiting", "unconfirmed", "suppressed"])
async def test_only_what_is_told_is_looked_at(make_log: MakeLog, standing: Standing) -> None:
    log = await make_log("notify", MIGRATIONS)
    await log.pool.execute(_RECORD, MANY)
    state = "failed" if standing == "unconfirmed" else standing

    told = 0

    # A statement's plan is made for good when it is used for the sixth time.
    for _ in range(7):
        async with log.transaction() as tx:
            found = await overview.newest(tx, standing)
            told += len(found) + len(await outgoing.newest(tx, state, 3))
            looked_at = await tx.fetchval(_LOOKED_AT)

    assert len(found) == (0 if standing == "suppressed" else 3)
    assert looked_at <= told


async def test_what_was_settled_long_ago_is_not_counted_one_by_one(make_log: MakeLog) -> None:
    log = await make_log("notify", MIGRATIONS)
    await log.pool.execute(_RECORD, MANY)

    async with log.transaction() as tx:
        counts = await overview.by_channel(tx)
        looked_at = await tx.fetchval(_LOOKED_AT)

    assert [(one["standing"], one["messages"]) for one in counts] == [("waiting", 3)]
    assert looked_at <= 10
