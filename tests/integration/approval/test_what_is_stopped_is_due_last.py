"""A case whose clock is stopped is due on no day: it comes after those that are, and is the first to be cut off."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pytest

from services.approval import worklist
from shared.postgres.event_log import EventLog, Tx
from shared.reference.calendar import Calendars
from tests.conftest import MakeLog
from tests.integration.approval.test_racing_officers_decide_once import MIGRATIONS

CASES, LIMIT = 20_000, 50
TODAY = date(2026, 11, 27)
# A hundred bodies; of the cases of each every fifth is stopped, those that were due first among them.
_MADE = """
INSERT INTO worklist (case_no, journey, body, item_code, situation, accepted_at, promised_due, statutory_due, calendar_version)
SELECT 'case-' || lpad(n::text, 5, '0'), gen_random_uuid(), 'b-' || n % 100, 'i',
    CASE WHEN n / 100 % 5 = 0 THEN 'suspended' ELSE 'running' END,
    now(), date '2026-11-01' + n / 100, date '2027-01-01', '2026.1'
FROM generate_series(1, $1::int) n
"""


@pytest.fixture
async def full(make_log: MakeLog) -> EventLog:
    log = await make_log("approval", MIGRATIONS)
    await log.pool.execute(_MADE, CASES)
    await log.pool.execute("ANALYZE worklist")
    return log


async def due(log: EventLog, body: str | None, limit: int) -> list[dict[str, Any]]:
    async with log.transaction() as tx:
        return await worklist.due_next(tx, body, TODAY, Calendars(()), limit)


@pytest.mark.parametrize("body", ["b-7", None], ids=["one-body", "all"])
async def test_it_stands_behind_the_last_that_is_due(full: EventLog, body: str | None) -> None:
    rows = await due(full, body, 1_000)
    stopped = [row["situation"] == "suspended" for row in rows]
    running = [row["promised_due"] for row in rows if row["situation"] == "running"]

    assert stopped == sorted(stopped)
    assert running == sorted(running)
    assert any(stopped) is (body is not None), "of all bodies only the most urgent thousand are told"


async def test_of_a_short_list_none_is_stopped(full: EventLog) -> None:
    assert {row["situation"] for row in await due(full, "b-7", LIMIT)} == {"running"}


async def test_no_more_is_read_than_is_told(full: EventLog) -> None:
    async with full.transaction() as tx:
        assert await read(tx, worklist.DUE_NEXT, "b-7", LIMIT) <= LIMIT


async def read(tx: Tx, sql: str, *given: Any) -> int:
    """How many rows the plan of a statement takes from its table."""
    (row,) = await tx.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *given)
    return _read(orjson.loads(row[0])[0]["Plan"])


def _read(plan: dict[str, Any]) -> int:
    own = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) if "Relation Name" in plan else 0
    return int(own * plan["Actual Loops"]) + sum(_read(part) for part in plan.get("Plans", ()))
