"""A slice is spelled in an address so that the address asks for the same slice, and says nothing that goes without saying."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import httpx
from fastapi import FastAPI

from services.metrics.asking import AskedSlice
from services.metrics.slices import Slice, query_of

NARROW = Slice(
    region="330300",
    item="ITEM",
    basic="estate-transfer",
    channel="window",
    from_day=date(2026, 1, 1),
    to_day=date(2026, 2, 1),
    axis="known",
    known_at=date(2026, 3, 1),
    layer="virtual",
    pair="330300>330100",
    cause="wrong_place|government",
    home="330300",
)


async def heard(query: dict[str, str]) -> Slice:
    """What a door makes of these words."""
    app, found = FastAPI(), []

    @app.get("/")
    async def door(asked: AskedSlice) -> None:
        found.append(asked)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://metrics") as client:
        assert (await client.get("/", params=query)).status_code == 200
    return found[0]


async def test_every_word_comes_back() -> None:
    assert all(getattr(NARROW, one.name) != one.default for one in fields(Slice)), "nothing is left as usual"
    assert await heard(query_of(NARROW)) == NARROW


async def test_the_whole_is_asked_for_without_a_word() -> None:
    assert query_of(Slice()) == {}
    assert await heard({}) == Slice()
