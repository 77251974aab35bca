"""Time travel of F1 over the doors: what was said of the items then, what is said now, and the facts of the catalogue between."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.metrics import catalogue
from services.metrics.catalogue import CatalogueRow, Published, Retired, Turn
from shared.postgres.event_log import EventLog
from tests.integration.metrics.test_the_board_can_be_asked_what_it_said import Asker, asker, pages

THEN, LATER = date(2026, 8, 6), date(2026, 8, 20)
PUT = "INSERT INTO p1.catalogue (key, partition, body) VALUES ($1, 3, $2)"


def version(
    number: int, declared: int, *, known: date, effective: date, exception: str | None = None, basic: str = "b"
) -> Published:
    days = known.toordinal(), effective.toordinal()
    return Published(
        days[0], number, 0, number, basic, "事", "thing", True, 3, "body", "330100", declared, True, exception, days[1]
    )  # fmt: skip


def on(days: int) -> date:
    return THEN + timedelta(days=days)


ITEMS: dict[str, tuple[Turn, ...]] = {
    "ahead": (version(1, 2, known=on(-9), effective=on(-9)), version(2, 1, known=on(-1), effective=on(5))),
    "gone": (version(1, 1, known=on(-9), effective=on(-9)), Retired(on(4).toordinal(), 2, 0, on(4).toordinal())),
    "late": (version(1, 2, known=on(-9), effective=on(-9)), version(2, 0, known=on(3), effective=on(-2))),
    "new": (version(1, 1, known=on(2), effective=on(2)),),
    "still": (version(1, 2, known=on(-9), effective=on(-9), exception="law", basic="c"),),
    "wordy": (version(1, 3, known=on(-9), effective=on(-9)), version(2, 2, known=on(3), effective=on(3))),
}
PINNED: dict[str, str | int] = {"figure": "F1", "to": str(THEN), "then": str(THEN), "now": str(LATER)}
EACH: dict[str, str | int] = {"figure": "F1", "then": str(THEN), "now": str(LATER)}


@pytest.fixture
async def ask(log: EventLog, tmp_path: Path) -> AsyncIterator[Asker]:
    for code, facts in ITEMS.items():
        await log.pool.execute(PUT, f"item:{code}", catalogue.store(CatalogueRow(f"item:{code}", facts)))
    async with asker(log, tmp_path) as client:
        yield Asker(client)


def listed(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    facts = [fact for page in found for fact in page["facts"]]
    return [(f["item"], f["sequence"], f["why"], f["numerator"], f["denominator"]) for f in facts]


async def test_of_one_day_only_what_became_known_too_late_made_a_difference(ask: Asker) -> None:
    found = await pages(ask, "/v1/bulletin", **PINNED)

    assert listed(found) == [("late", 2, "late", 1, 0)]
    (fact,) = found[0]["facts"]
    assert (fact["before"]["declared"], fact["after"]["declared"], fact["effective_from"]) == (2, 0, str(on(-2)))
    assert (fact["kind"], fact["topic"], fact["partition"], fact["offset"]) == ("published", "gov.catalogue.events.v1", 3, 2)
    assert {found[0][side]["day"] for side in ("then", "now")} == {str(THEN)}


async def test_where_no_day_is_named_each_side_speaks_of_its_own(ask: Asker) -> None:
    found = await pages(ask, "/v1/bulletin", **EACH)

    assert listed(found) == [
        ("ahead", 2, "begun", 1, 0),
        ("gone", 2, "begun", -1, -1),
        ("late", 2, "late", 1, 0),
        ("new", 1, "begun", 1, 1),
    ]
    assert [found[0][side]["day"] for side in ("then", "now")] == [str(THEN), str(LATER)]


@pytest.mark.parametrize("wanted", [PINNED, EACH], ids=["one day", "each its own"])
@pytest.mark.parametrize("reading", ["once", "once_less_exceptions", "zero"])
async def test_all_pages_add_up_to_what_the_figure_said(ask: Asker, wanted: dict[str, str | int], reading: str) -> None:
    found = await pages(ask, "/v1/bulletin", **wanted, reading=reading, limit=1)

    assert sum(page["looked_at"] for page in found) == found[0]["of"] == len(ITEMS)
    for part in ("numerator", "denominator"):
        assert sum(page["listed"][part] for page in found) == found[0]["difference"][part]
    for side, known in (("then", THEN), ("now", LATER)):
        told = await ask.get("/v1/figures/F1", day=found[0][side]["day"], known_at=str(known))
        assert {key: found[0][side][key] for key in told["readings"][reading]} == told["readings"][reading]


@pytest.mark.parametrize("wanted", [PINNED, EACH], ids=["one day", "each its own"])
async def test_the_table_to_take_along_holds_every_fact_and_adds_itself_up(ask: Asker, wanted: dict[str, str | int]) -> None:
    told = await pages(ask, "/v1/bulletin", **wanted)

    answer = await ask.client.get("/v1/csv/bulletin", params=wanted)

    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert answer.headers["content-disposition"] == 'attachment; filename="bulletin-F1.csv"'
    assert [(line["item"], int(line["sequence"])) for line in lines[:-2]] == [fact[:2] for fact in listed(told)]
    late = next(line for line in lines if line["item"] == "late")
    assert (late["declared_before"], late["declared_after"], late["version_after"]) == ("2", "0", "2")
    assert [line["line"] for line in lines[-2:]] == ["sum", "difference"]
    for part in ("numerator", "denominator"):
        assert lines[-2][part] == lines[-1][part] == str(told[0]["difference"][part])
    assert {(line["day_then"], line["day_now"]) for line in lines} == {(told[0]["then"]["day"], told[0]["now"]["day"])}


@pytest.mark.parametrize(
    ("asked", "below"),
    [({"basic": "c"}, 1), ({"basic": "b"}, 4), ({"region": "330300"}, 0), ({"channel": "web", "from": "2026-08-01"}, 5)],
)
async def test_every_door_speaks_of_the_same_items(ask: Asker, asked: dict[str, str | int], below: int) -> None:
    days: dict[str, str | int] = {"to": str(THEN), "known_at": str(THEN)}

    told = await ask.get("/v1/figures/F1", **days, **asked)
    said = told["readings"]["once"]

    assert (said["denominator"], told["day"]) == (below, str(THEN))
    assert (await ask.get("/v1/figures/F1", **{**days, "to": str(LATER)}, **asked, day=str(THEN)))["readings"] == told["readings"]
    assert (await ask.get("/v1/dashboard", **days, **asked))["promise"]["F1"]["total"]["readings"]["once"] == said
    assert (await ask.client.get(told["evidence"])).json()["total"] == said
    behind = await ask.get("/v1/evidence", figure="F1", **days, **asked)
    assert behind["total"] == said
    applied = {"basic", "region"} & set(asked) | {"to", "known_at", "axis", "layer"}
    assert {name for name, value in behind["slice"].items() if value is not None} == applied
    (page,) = await pages(ask, "/v1/bulletin", **PINNED, **asked)
    assert page["then"]["denominator"] == below
    assert (await taken(ask, **{**days, "to": str(LATER)}, **asked, day=str(THEN)))["denominator"] == str(below)


async def taken(ask: Asker, **query: str | int) -> dict[str, str]:
    """The first line of F1 as a table to take along: the whole."""
    answer = await ask.client.get("/v1/csv/figures/F1", params=query)
    return next(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_as_known_on_a_day_every_door_speaks_of_that_day(ask: Asker) -> None:
    said = (await ask.get("/v1/figures/F1", day=str(THEN), known_at=str(THEN)))["readings"]
    assert said != (await ask.get("/v1/figures/F1", day=str(LATER), known_at=str(THEN)))["readings"]

    known = {"known_at": str(THEN)}
    assert (await ask.get("/v1/figures/F1", **known))["readings"] == said
    assert (await ask.get("/v1/dashboard", **known))["promise"]["F1"]["total"]["readings"] == said
    assert (await ask.get("/v1/evidence", figure="F1", **known))["total"] == said["once"]
    whole = await taken(ask, **known)
    assert (whole["numerator"], whole["denominator"]) == (str(said["once"]["numerator"]), str(said["once"]["denominator"]))


async def test_questions_without_an_exact_answer_are_refused_by_name(ask: Asker) -> None:
    reversed_days = {"figure": "F1", "then": str(LATER), "now": str(THEN)}

    assert await ask.refused("/v1/bulletin", **reversed_days) == (422, "known-reversed")
    assert await ask.refused("/v1/bulletin", **EACH, reading="kept") == (422, "unknown-reading")


async def test_another_regions_items_move_nothing_here(ask: Asker) -> None:
    (found,) = await pages(ask, "/v1/bulletin", **EACH, region="330300")

    assert (found["facts"], found["then"]["denominator"], found["now"]["denominator"]) == ([], 0, 0)
