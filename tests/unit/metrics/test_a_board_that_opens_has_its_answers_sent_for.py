"""The page of the board names the answers that it asks for first, by the filters of its address, and none it is unsure of."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from services.metrics.figure_doors import today
from services.metrics.http import PAGES
from services.metrics.opening import asked_first
from shared.runtime.pages import serve_pages

NAMES = "/v1/names?only=regions,cities,basics,channels"
QUARTER = f"from={today() - timedelta(days=89)}"


@pytest.mark.parametrize(
    ("query", "figures"),
    [
        ({}, QUARTER),
        ({"lang": "en", "layer": "virtual"}, QUARTER),
        ({"period": "0", "region": "330300"}, "region=330300"),
        ({"period": "7", "to": "2026-11-08", "basic": "a:b"}, "from=2026-11-02&basic=a%3Ab&to=2026-11-08"),
        ({"period": "7", "known_at": "2020-03-08"}, "from=2020-03-02&known_at=2020-03-08"),
        ({"known_at": "2190-01-01"}, f"{QUARTER}&known_at=2190-01-01"),
        ({"period": "365", "to": "2026-02-30"}, QUARTER),
        ({"period": "soon", "known_at": "yesterday"}, QUARTER),
        ({"period": "0", "known_at": "2026-11-08", "channel": "web"}, "channel=web&known_at=2026-11-08"),
    ],
)
def test_the_filters_of_its_address_are_spelled_as_its_script_spells_them(query: dict[str, str], figures: str) -> None:
    assert asked_first(query) == (NAMES, f"/v1/dashboard?{figures}")


@pytest.mark.parametrize("query", [{"basic": "a>; rel=preload, <b"}, {"region": "杭州"}, {"to": "0001-01-01"}])
def test_nothing_is_sent_for_where_an_address_makes_no_sense(query: dict[str, str]) -> None:
    assert asked_first(query) == ()


async def test_they_come_first_with_the_board_and_with_no_other_page() -> None:
    app = FastAPI()
    serve_pages(app, PAGES, asked_first)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://metrics") as client:
        board, past = [(await client.get(path)).headers["link"] for path in ("/?period=0", "/past.html?period=0")]

    assert board.startswith(f"<{NAMES}>; rel=preload; as=fetch; crossorigin, </v1/dashboard?>; rel=preload; as=fetch")
    assert "modulepreload" in board
    assert "as=fetch" not in past
