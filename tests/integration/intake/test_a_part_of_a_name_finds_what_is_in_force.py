"""A part of a name, of a code or of a place finds what is in force today: nearest first, fifty at most, and how many there are."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pytest

from services.intake import choices
from services.intake.choices import SHOWN_MAX
from shared.contracts import commands as wire
from shared.runtime.auth import Caller
from tests.integration.intake.city import (
    CLERK,
    HANGZHOU_BODY,
    ITEM,
    OFFICER,
    OPERATOR,
    PORTAL,
    WENZHOU_BODY,
    City,
    body,
    item,
)
from tests.integration.intake.conftest import Door

COUNTY, COUNTY_BODY = "330302", "11330302CCCCCCCCC3"
MANY = 60


def permit(number: int, uscc: str, **change: Any) -> wire.PublishItem:
    fields: dict[str, Any] = {"basic_code": "PERMIT", "name_zh": "居住证申领", "name_en": "Residence permit", "body_uscc": uscc}
    return item(item_code=f"PERMIT-{number}", **fields | change)


@pytest.fixture
async def city(city: City) -> City:
    """Three bodies give permits: one of Hangzhou, one of Wenzhou and one of a county of Wenzhou. What is gone was Wenzhou's."""
    await city.done(body(COUNTY_BODY, COUNTY), by=OPERATOR)
    await city.done(*(permit(n, uscc) for n, uscc in enumerate((HANGZHOU_BODY, WENZHOU_BODY, COUNTY_BODY))), by=OPERATOR)
    gone = permit(9, WENZHOU_BODY, basic_code="GONE", name_zh="暂住证办理", name_en="Temporary permit")
    retired = wire.RetireItem(item_code="PERMIT-9", reason_code="merged", effective_from=date(2026, 1, 2))
    await city.done(gone, retired, by=OPERATOR)
    return city


async def items(door: Door, text: str, by: Caller = CLERK) -> tuple[int, list[str]]:
    answer = await door.client.post("/v1/desk/items", json={"text": text}, headers=door.token(by))
    return answer.json()["count"], [one["item_code"] for one in answer.json()["items"]]


async def bodies(door: Door, text: str, by: Caller = CLERK) -> list[str]:
    answer = await door.client.post("/v1/desk/bodies", json={"text": text}, headers=door.token(by))
    found = [one["body_uscc"] for one in answer.json()["bodies"]]
    assert answer.json()["count"] == len(found)
    return found


async def things(door: Door, text: str) -> tuple[int, list[str]]:
    answer = await door.client.post("/v1/guide/find", json={"text": text})
    return answer.json()["count"], [one["basic_code"] for one in answer.json()["things"]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["PERMIT-1", "PERMIT-2", "PERMIT-0", ITEM]),
        ("居住", ["PERMIT-1", "PERMIT-2", "PERMIT-0"]),
        ("RESIDENCE", ["PERMIT-1", "PERMIT-2", "PERMIT-0"]),
        ("ｐｅｒｍｉｔ", ["PERMIT-1", "PERMIT-2", "PERMIT-0"]),
        ("居住 杭州", ["PERMIT-0"]),
        ("鹿城", ["PERMIT-2"]),
        ("permit-2", ["PERMIT-2"]),
        ("暂住证", []),
        ("居住 车辆", []),
    ],
)
async def test_a_clerk_finds_items_by_name_code_and_place(door: Door, text: str, found: list[str]) -> None:
    assert await items(door, text) == (len(found), found)


async def test_what_is_near_depends_on_who_asks(door: Door) -> None:
    answer = await door.client.post("/v1/desk/items", json={"text": "居住"}, headers=door.token(OFFICER))

    assert [(one["item_code"], one["near"]) for one in answer.json()["items"]] == [
        ("PERMIT-0", True),
        ("PERMIT-1", False),
        ("PERMIT-2", False),
    ]
    assert answer.json()["items"][0] == {
        "item_code": "PERMIT-0",
        "name": ["居住证申领", "Residence permit"],
        "region_name": ["杭州市", "Hangzhou"],
        "near": True,
        "declared": 1,
    }


async def test_an_item_is_told_as_it_is_called_now_and_found_as_it_was_called_before(city: City, door: Door) -> None:
    await city.done(permit(1, WENZHOU_BODY, name_zh="居住登记", declared_visits=2), by=OPERATOR)

    answer = await door.client.post("/v1/desk/items", json={"text": "证申领"}, headers=door.token(CLERK))

    assert [(one["name"][0], one["declared"]) for one in answer.json()["items"]][:2] == [("居住登记", 2), ("居住证申领", 1)]
    assert await items(door, "居住登记") == (3, ["PERMIT-1", "PERMIT-2", "PERMIT-0"])


async def test_a_clerk_finds_bodies_by_name_code_and_place(door: Door) -> None:
    assert await bodies(door, "") == [WENZHOU_BODY, COUNTY_BODY, HANGZHOU_BODY]
    assert await bodies(door, "bureau", OFFICER) == [HANGZHOU_BODY, WENZHOU_BODY, COUNTY_BODY]
    assert await bodies(door, "局 温州") == [WENZHOU_BODY]
    assert await bodies(door, COUNTY_BODY.lower()) == [COUNTY_BODY]
    assert await bodies(door, "处") == []


async def test_anybody_finds_things_whoever_handles_them(door: Door) -> None:
    assert await things(door, "") == (2, ["PERMIT", ITEM])
    assert await things(door, "居住") == (1, ["PERMIT"])
    assert await things(door, "暂住证") == (0, [])


async def test_of_many_fifty_are_told_and_how_many_there_are(city: City, door: Door) -> None:
    many = [item(item_code=f"M-{n}", basic_code=f"M-{n:02}", name_zh=f"第{n:02}号许可", name_en="Licence") for n in range(MANY)]
    await city.done(*many, by=OPERATOR)

    for count, shown in (await items(door, "许可"), await things(door, "许可")):
        assert (count, len(shown)) == (MANY, SHOWN_MAX)
    count, shown = await items(door, "")
    assert count == len(shown) == MANY + 4
    guide = (await door.get("/v1/guide")).json()
    assert len(guide["things"]) == guide["things_there"] == MANY + 2


async def test_which_there_are_is_read_in_the_index_alone(city: City) -> None:
    given = (date(2026, 6, 1), ["PERMIT", ITEM], ["", "330100"], ["330300", "330302"], SHOWN_MAX)
    async with city.log.transaction() as tx:
        await tx.execute("SET LOCAL enable_bitmapscan = off")
        (row,) = await tx.fetch(f"EXPLAIN (FORMAT JSON) {choices.ITEMS}", *given)
        read = [(plan["Node Type"], plan.get("Index Name")) for plan in _plans(orjson.loads(row[0])[0]["Plan"])]

    assert ("Index Only Scan", "item_thing") in read
    assert "Seq Scan" not in {kind for kind, _ in read}


def _plans(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(part for inner in plan.get("Plans", ()) for part in _plans(inner))]


async def test_only_staff_ask_at_the_desk_and_nobody_what_no_name_can_be(door: Door) -> None:
    for path in ("/v1/desk/items", "/v1/desk/bodies"):
        nobody = await door.client.post(path, json={"text": "居住"})
        portal = await door.client.post(path, json={"text": "居住"}, headers=door.token(PORTAL))
        assert (nobody.status_code, portal.status_code) == (401, 403)
    for text in ("a\0b", "x" * 121):
        assert (await door.client.post("/v1/guide/find", json={"text": text})).status_code == 422
