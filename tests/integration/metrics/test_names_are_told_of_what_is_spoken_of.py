"""Names are told of the families that are asked for, and by every answer of the items and venues that it speaks of alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.metrics import catalogue
from services.metrics.catalogue import CatalogueRow
from services.metrics.names import FAMILIES
from services.metrics.view import read
from shared.postgres.event_log import EventLog
from tests.integration.metrics.test_the_board_can_be_asked_what_it_said import Asker, asker
from tests.integration.metrics.test_the_promise_rests_on_items_and_their_bytes import published, told_as

NAMED = {"zh": "不动产转移登记", "en": "Real-estate transfer"}


@pytest.fixture
async def ask(log: EventLog, tmp_path: Path) -> AsyncIterator[Asker]:
    """Metrics of a catalogue with three items of one thing."""
    for code in ("one", "three", "two"):
        key = f"item:{code}"
        row = catalogue.fold(CatalogueRow(key), read(told_as(key, 1, published(code, 1))), 0)
        await log.pool.execute("INSERT INTO p1.catalogue (key, partition, body) VALUES ($1, 0, $2)", key, catalogue.store(row))
    async with asker(log, tmp_path) as client:
        yield Asker(client)


def families(told: dict[str, Any]) -> set[str]:
    return set(told) & set(FAMILIES)


async def test_families_that_nobody_asks_for_are_not_told(ask: Asker) -> None:
    told = [await ask.get("/v1/names", only=only) for only in ("basics,channels", "regions", "basics,nothing")]

    assert [families(one) for one in told] == [{"basics", "channels"}, {"regions"}, {"basics"}]
    assert told[0]["basics"] == told[2]["basics"] == {"basic-1": NAMED}
    assert families(await ask.get("/v1/names")) == set(FAMILIES)


async def test_they_come_compressed(ask: Asker) -> None:
    answer = await ask.client.get("/v1/names", params={"only": "regions"})

    assert answer.headers["content-encoding"] == "gzip"


async def test_evidence_names_the_items_of_its_page_and_no_others(ask: Asker) -> None:
    first = await ask.get("/v1/evidence", figure="F1", day="2026-06-01", limit=2)
    second = await ask.get("/v1/evidence", figure="F1", day="2026-06-01", limit=2, after=first["next"])

    assert [sorted(page["names"]["items"]) for page in (first, second)] == [["one", "three"], ["two"]]
    assert NAMED.items() <= first["names"]["items"]["one"].items()


async def test_an_item_that_is_asked_for_is_named_where_nothing_is_told_of_it(ask: Asker) -> None:
    told = await ask.get("/v1/bulletin", figure="F4", then="2026-08-06", now="2026-09-30", item="two")

    assert told["facts"] == []
    assert list(told["names"]["items"]) == ["two"]
