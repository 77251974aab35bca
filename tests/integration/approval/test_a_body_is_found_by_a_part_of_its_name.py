"""Whoever says which body has the power finds it by a part of its name or its code: only bodies that decide, those nearby first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from services.approval import names
from shared.contracts.envelope import Role
from shared.postgres.event_log import EventLog
from tests.conftest import MakeLog
from tests.integration.approval.test_a_case_is_shown_to_its_body_alone import at_the_door
from tests.integration.approval.test_racing_officers_decide_once import MIGRATIONS
from tests.integration.approval.test_what_is_stopped_is_due_last import read
from tests.unit.approval.story import BODY

OF_THE_CITY, OF_A_COUNTY, ELSEWHERE, IDLE = BODY, "1" * 17 + "A", "2" * 18, "3" * 18
BODIES = (
    (OF_THE_CITY, "330100", "杭州市规划和自然资源局", "Hangzhou Natural Resources Bureau"),
    (OF_A_COUNTY, "330102", "上城区市场监督管理局", "Shangcheng Market Supervision Bureau"),
    (ELSEWHERE, "330300", "温州市规划和自然资源局", "Wenzhou Natural Resources Bureau"),
    (IDLE, "330100", "杭州市政务服务管理办公室", "Hangzhou Government Service Office"),
)
_NAME = "INSERT INTO published_name (kind, code, body, region, name_zh, name_en) VALUES ($1, $2, $3, $4, $5, $6)"
# Five hundred bodies more, with a hundred items each, none of which a text of these tests means.
_MANY = """
INSERT INTO published_name (kind, code, body, region, name_zh, name_en)
SELECT 'body', 'b-' || n, 'b-' || n, '330200', '第' || n || '号单位', 'Office no. ' || n FROM generate_series(1, 500) n
UNION ALL
SELECT 'item', 'i-' || n, 'b-' || 1 + n % 500, '330200', '事项', 'Item' FROM generate_series(1, 50000) n
"""


@pytest.fixture
async def log(make_log: MakeLog) -> EventLog:
    made = await make_log("approval", MIGRATIONS)
    await made.pool.executemany(_NAME, [("body", code, code, region, zh, en) for code, region, zh, en in BODIES])
    items = [(f"item-{n}", body) for n, body in enumerate((OF_THE_CITY, OF_THE_CITY, OF_A_COUNTY, ELSEWHERE))]
    await made.pool.executemany(_NAME, [("item", code, body, "330100", "事项", "Item") for code, body in items])
    return made


async def asked(log: EventLog, directory: Path, text: str, role: Role = "officer", region: str = "330100") -> httpx.Response:
    async with at_the_door(log, directory, role, BODY, region) as client:
        return await client.post("/v1/bodies", json={"text": text})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [OF_THE_CITY, OF_A_COUNTY, ELSEWHERE]),
        ("自然资源", [OF_THE_CITY, ELSEWHERE]),
        ("RESOURCES　wenzhou", [ELSEWHERE]),
        ("温州市规划和自然资源局", [ELSEWHERE]),
        (ELSEWHERE, [ELSEWHERE]),
        (OF_A_COUNTY.lower(), [OF_A_COUNTY]),
        ("政务服务", []),
    ],
)
async def test_by_what_is_typed(log: EventLog, tmp_path: Path, text: str, found: list[str]) -> None:
    answer = await asked(log, tmp_path, text)

    assert (answer.status_code, answer.json()["count"]) == (200, len(found))
    assert [one["body"] for one in answer.json()["bodies"]] == found


async def test_what_is_near_depends_on_who_asks(log: EventLog, tmp_path: Path) -> None:
    answer = await asked(log, tmp_path, "bureau", region="330302")

    told: list[dict[str, Any]] = answer.json()["bodies"]
    assert [one["body"] for one in told] == [ELSEWHERE, OF_THE_CITY, OF_A_COUNTY]
    assert told[0]["name"] == ["温州市规划和自然资源局", "Wenzhou Natural Resources Bureau"]


async def test_of_many_the_first_are_told_and_how_many_there_are(log: EventLog) -> None:
    await log.pool.execute(_MANY)
    async with log.transaction() as tx:
        count, shown = await names.bodies_called(tx, "office", None)
        exact, (first, *_) = await names.bodies_called(tx, "Office no. 7", None)

    assert (count, len(shown)) == (500, names.FOUND_MAX)
    assert (exact > 1, first["body"]) == (True, "b-7")


async def test_whether_a_body_decides_is_found_by_a_key(log: EventLog) -> None:
    await log.pool.execute(_MANY)
    async with log.transaction() as tx:
        assert await read(tx, names.CALLED, "office", ["office"], None, names.FOUND_MAX) <= 4 * (500 + len(BODIES))


async def test_only_those_who_decide_ask_and_nobody_what_no_name_can_be(log: EventLog, tmp_path: Path) -> None:
    assert (await asked(log, tmp_path, "局", "citizen")).status_code == 403
    for text in ("a\0b", "x" * 121):
        assert (await asked(log, tmp_path, text)).status_code == 422
