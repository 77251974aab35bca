"""A body's and a portal's cases are found by indexes: what is read grows with the list and not with the record."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from services.intake import cases
from services.intake.cases import Desk
from services.intake.custody import SITUATIONS
from shared.postgres.event_log import Tx
from tests.integration.intake.city import City

CASES = 20_000
LIMIT = 50
# A hundred bodies hold, handle and are offered cases; the portal `p-7` hands in every hundredth.
_MADE = """
INSERT INTO case_index SELECT 'I' || lpad(n::text, 7, '0'), gen_random_uuid(), 'S' || n, md5(n::text), 'I' || n % 3, 1,
    CASE WHEN n % 2 = 0 THEN 'clerk' ELSE 'portal' END, 'p-' || n % 100, now(), 'b-' || n % 100, '330100', 'r', '330100',
    'b-' || n / 100 % 100, '330300', CASE WHEN n % 1000 = 1 THEN 'b-' || n / 1000 END, '330200',
    ($1::text[])[1 + n / 7 % 8], NULL, now()
FROM generate_series(1, $2::int) n
"""


@pytest.fixture
async def full(city: City) -> City:
    await city.log.pool.execute(_MADE, SITUATIONS, CASES)
    return city


async def read(tx: Tx, sql: str, *given: Any) -> int:
    """How many rows the plan of a statement takes from its table."""
    (row,) = await tx.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *given)
    return _read(orjson.loads(row[0])[0]["Plan"])


def _read(plan: dict[str, Any]) -> int:
    own = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) if "Relation Name" in plan else 0
    return int(own * plan["Actual Loops"]) + sum(_read(part) for part in plan.get("Plans", ()))


@pytest.mark.parametrize("situation", [None, "in-correction"])
@pytest.mark.parametrize("desk", [Desk(body="b-7"), Desk(submitter="p-7")], ids=["body", "portal"])
async def test_what_is_read_is_little_more_than_what_is_shown(full: City, desk: Desk, situation: str | None) -> None:
    situations = SITUATIONS if situation is None else (situation,)
    async with full.log.transaction() as tx:
        rows = await cases.at_desk(tx, desk, situation=situation, item_code=None, after="I0002000", limit=LIMIT)
        cost = await read(tx, cases.listing(desk), "I0002000", LIMIT, situations, None, desk.body or desk.submitter)

    assert rows
    assert cost <= 3 * len(situations) * LIMIT + LIMIT


async def test_a_list_goes_on_where_it_stopped(full: City) -> None:
    async with full.log.transaction() as tx:
        seen: list[str] = []
        while rows := await cases.at_desk(
            tx, Desk(body="b-7"), situation=None, item_code="I1", after=seen[-1] if seen else "", limit=70
        ):
            seen += [row.case_no for row in rows]
        test = "item_code = 'I1' AND 'b-7' IN (holder_body, handling_body, offered_body)"
        own = await tx.fetch(f"SELECT case_no FROM case_index WHERE {test} ORDER BY case_no")

    assert seen == [row["case_no"] for row in own]
    assert len(seen) > 70


async def test_a_region_and_everybody_see_all_that_is_theirs(full: City) -> None:
    async with full.log.transaction() as tx:
        counts = [
            len(await cases.at_desk(tx, desk, situation="submitted", item_code=None, after="", limit=500))
            for desk in (Desk(), Desk(region_prefix="3303"), Desk(region_prefix="3307"))
        ]
    assert counts == [500, 500, 0]
