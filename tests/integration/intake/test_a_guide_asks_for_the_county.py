"""Whoever names a city about what its counties handle is asked which county, and not told that nobody handles it."""

from __future__ import annotations

import pytest

from tests.integration.intake.city import HANGZHOU, ITEM, OPERATOR, WENZHOU, City, body, item
from tests.integration.intake.conftest import Door

COUNTY, COUNTY_BODY, NEIGHBOUR = "330102", "11330102CCCCCCCCC3", "330106"
OWN = "OWN"


@pytest.fixture
async def handled_by_a_county(city: City) -> City:
    thing = item(item_code=OWN, basic_code=OWN, body_uscc=COUNTY_BODY)
    await city.done(body(COUNTY_BODY, COUNTY), thing, by=OPERATOR)
    return city


@pytest.mark.parametrize(
    ("thing", "region", "rule"),
    [
        (OWN, COUNTY, None),
        (OWN, HANGZHOU, "county-to-choose"),
        (OWN, NEIGHBOUR, "unknown-item-code"),
        (OWN, WENZHOU, "unknown-item-code"),
        (OWN, "330000", "unknown-item-code"),
        (ITEM, HANGZHOU, None),
        ("NOTHING", HANGZHOU, "unknown-item-code"),
    ],
)
async def test_a_city_is_asked_for_its_county(
    handled_by_a_county: City, door: Door, thing: str, region: str, rule: str | None
) -> None:
    answer = await door.get("/v1/guide/advice", basic_code=thing, region=region)

    assert answer.json().get("rule") == rule
