"""Time travel over the doors: what was said then, what is said now, and pages of facts that make exactly the difference."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import orjson
import pytest

from services.metrics import http
from services.metrics.asking import asked_of, permalink
from services.metrics.cells import OWNERS
from services.metrics.figure_doors import Answers, today
from services.metrics.figures import FIGURES
from services.metrics.shelf import Shelf
from services.metrics.slices import Slice
from services.metrics.store import Store
from services.metrics.stream import Hub
from services.metrics.watermarks import Watermarks
from shared.contracts.topics import Service
from shared.eventsourcing.errors import UnavailableError
from shared.postgres.event_log import EventLog
from shared.runtime.auth import Keys
from shared.runtime.http import make_app
from tests.integration.metrics.conftest import Full
from tests.integration.metrics.house import Hand, Wire
from tests.unit.metrics.stories import Told, opened, visited, voided

THEN, LATER = date(2026, 8, 6), date(2026, 9, 30)
AWAY = "127.0.0.1:1"
READINGS = [(f.code, r.code) for f in FIGURES for r in f.readings]
PERCENTILES = {"wait_p50", "wait_p90"}


class Alone:
    """No other service answers."""

    async def get(self, service: Service, path: str, **query: str | int) -> Any:
        raise UnavailableError(f"{service}-away")

    async def forward(self, service: Service, path: str, token: str, key: str, body: bytes) -> tuple[int, bytes, str]:
        raise UnavailableError(f"{service}-away")


@dataclass
class Asker:
    """Asks metrics as an auditor."""

    client: httpx.AsyncClient

    async def get(self, path: str, **query: str | int) -> dict[str, Any]:
        answer = await self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def refused(self, path: str, **query: str | int) -> tuple[int, str]:
        answer = await self.client.get(path, params=query)
        return answer.status_code, answer.json()["rule"]


def asker(log: EventLog, keys_at: Path, kafka: str = AWAY) -> httpx.AsyncClient:
    keys = Keys(keys_at)
    keys.ensure()
    answers = Answers(log, Shelf(), demo=True)
    app = make_app("metrics", "metrics", keys, lambda: True)
    http.mount(app, answers, Hub(answers), Watermarks(log, kafka), Alone(), kafka, None)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://metrics")
    client.headers["authorization"] = f"Bearer {keys.issue('auditor', 'a-1')}"
    return client


@pytest.fixture
async def ask(full: Full, tmp_path: Path) -> AsyncIterator[Asker]:
    async with asker(full.log, tmp_path) as client:
        yield Asker(client)


async def pages(ask: Asker, path: str, **query: str | int) -> list[dict[str, Any]]:
    found = [await ask.get(path, **query)]
    while found[-1]["next"] is not None:
        found.append(await ask.get(path, **query, after=found[-1]["next"]))
    return found


@pytest.mark.parametrize(("figure", "reading"), READINGS)
async def test_all_pages_of_a_bulletin_add_up_to_the_difference(ask: Asker, figure: str, reading: str) -> None:
    wanted: dict[str, str | int] = {"figure": figure, "reading": reading, "to": str(THEN), "then": str(THEN), "now": str(LATER)}

    found = await pages(ask, "/v1/bulletin", **wanted, limit=3)

    if reading in PERCENTILES:
        assert {page["listed"]["numerator"] for page in found} == {None} == {found[0]["difference"]["numerator"]}
        assert found[0]["difference"]["denominator"] > 0
    else:
        assert sum(page["listed"]["numerator"] for page in found) == found[0]["difference"]["numerator"]
    assert sum(page["listed"]["denominator"] for page in found) == found[0]["difference"]["denominator"]
    assert sum(page["looked_at"] for page in found) == found[0]["of"]
    for name, day in (("then", THEN), ("now", LATER)):
        said = (await ask.get(f"/v1/figures/{figure}", to=str(THEN), known_at=str(day)))["readings"][reading]
        assert {key: found[0][name][key] for key in said} == said


async def test_a_bulletin_names_events_by_their_place_even_while_the_record_is_away(ask: Asker) -> None:
    wanted: dict[str, str | int] = {"figure": "F10", "reading": "visits", "to": str(THEN), "then": str(THEN), "now": str(LATER)}

    facts = [fact for page in await pages(ask, "/v1/bulletin", **wanted) for fact in page["facts"]]

    assert {fact["why"] for fact in facts} >= {"late", "corrected"}
    assert all(fact["topic"].startswith("gov.") and fact["offset"] >= 0 and fact["event"] is None for fact in facts)
    assert all(str(THEN) < fact["known_on"] <= str(LATER) for fact in facts)


@pytest.mark.parametrize(
    ("figure", "reading"), [("F10", "visits"), ("F4", "gap"), ("F2", "once"), ("F8", "overdue"), ("F8", "wait_p50")]
)
async def test_the_table_to_take_along_holds_every_fact_and_adds_itself_up(ask: Asker, figure: str, reading: str) -> None:
    wanted: dict[str, str | int] = {"figure": figure, "reading": reading, "to": str(THEN), "then": str(THEN), "now": str(LATER)}
    told = await pages(ask, "/v1/bulletin", **wanted)

    answer = await ask.client.get("/v1/csv/bulletin", params=wanted)

    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert answer.headers["content-disposition"] == f'attachment; filename="bulletin-{figure}.csv"'
    assert [(line["journey"], line["source"], int(line["sequence"])) for line in lines[:-2]] == [
        (fact["journey"], fact["source"], fact["sequence"]) for page in told for fact in page["facts"]
    ]
    assert [line["line"] for line in lines[-2:]] == ["sum", "difference"]
    for side in ("numerator", "denominator"):
        moved = told[0]["difference"][side]
        assert lines[-2][side] == lines[-1][side] == ("" if moved is None else str(moved))
    assert {(line["figure"], line["then"], line["now"], line["demo"]) for line in lines} == {(figure, str(THEN), str(LATER), "yes")}


async def test_what_a_corrected_visit_had_added_is_still_evident_as_it_was_known(log: EventLog, tmp_path: Path) -> None:
    told = Told()
    told.says(opened(), visited("v", told.at))
    told.wait(2).says(voided("v"))
    wire = Wire()
    wire.publish([told])
    await Hand(Store(log, 1), wire).project()

    async with asker(log, tmp_path) as client:
        ask = Asker(client)
        then = await ask.get("/v1/evidence", figure="F10", reading="visits", known_at="2026-08-03")
        now = await ask.get("/v1/evidence", figure="F10", reading="visits")
        journey = f"/v1/evidence/journeys/{told.journey}"
        one_then, one_now = await ask.get(journey, known_at="2026-08-03"), await ask.get(journey)

    assert [row["numerator"] for row in then["rows"]] == [1] == [then["total"]["numerator"]]
    assert now["rows"] == []
    assert [len(one["runs"]) for one in (one_then, one_now)] == [len(one["cells"]) for one in (one_then, one_now)] == [1, 0]
    assert one_then["events"] == one_now["events"]


@pytest.mark.parametrize(("figure", "reading"), [("F4", "gap"), ("F8", "overdue"), ("F8", "wait_p90")])
async def test_a_permalink_answers_the_same_by_its_own_words(ask: Asker, figure: str, reading: str) -> None:
    first = await ask.get("/v1/evidence", figure=figure, reading=reading, known_at=str(THEN), limit=500)
    words = dict(parse_qsl(first["permalink"]["query"]))

    again = await ask.get("/v1/evidence", **words, limit=500)

    assert words["known_at"] == words["to"] == str(THEN)
    assert (again["total"], again["rows"], again["permalink"]) == (first["total"], first["rows"], first["permalink"])


async def test_a_permalink_of_a_day_that_still_runs_says_so(ask: Asker) -> None:
    found = await ask.get("/v1/evidence", figure="F4")

    assert dict(parse_qsl(found["permalink"]["query"]))["known_at"] == str(today())
    assert not found["permalink"]["closed"]


async def test_a_permalink_of_a_day_of_which_something_may_wait_is_not_closed(log: EventLog, tmp_path: Path) -> None:
    for service in OWNERS:
        await log.pool.execute("INSERT INTO watermark (generation, service, complete_to) VALUES (1, $1, now())", service)
    parked = (
        "INSERT INTO parked (grp, key, source, sequence, topic, partition, kafka_offset, type, body, error_code) "
        "VALUES ($1, 'j', 'intake', 1, 't', 0, 7, 't', '', 'gap')"
    )
    async with asker(log, tmp_path) as client:
        ask, closed = Asker(client), list[bool]()
        for group in (None, "metrics-p0", "metrics-p1"):
            if group is not None:
                await log.pool.execute(parked, group)
            closed.append((await ask.get("/v1/evidence", figure="F4", known_at=str(THEN)))["permalink"]["closed"])

    assert closed == [True, True, False]


@pytest.mark.parametrize(
    ("as_of", "closed"), [("2026-08-06T15:59:59+00:00", False), ("2026-08-06T16:00:00+00:00", True), (None, False)]
)
def test_a_day_is_over_for_a_permalink_once_everything_of_it_is_in(as_of: str | None, closed: bool) -> None:
    told = permalink(asked_of("F4", None, Slice(known_at=THEN)), LATER, None if as_of is None else datetime.fromisoformat(as_of))

    assert told["closed"] is closed


async def test_questions_without_an_exact_answer_are_refused_by_name(ask: Asker) -> None:
    reversed_days = {"then": str(LATER), "now": str(THEN)}

    assert await ask.refused("/v1/bulletin", figure="F4", **reversed_days) == (422, "known-reversed")
    assert await ask.refused("/v1/bulletin", figure="F8", reading="wait_p50", **reversed_days) == (422, "known-reversed")
    assert await ask.refused("/v1/evidence", figure="F4", rule="run-rule/1999.1") == (409, "rule-changed")
    assert await ask.refused("/v1/evidence", figure="F4", reading="nonsense") == (422, "unknown-reading")


async def test_a_recount_that_cannot_read_the_record_says_so_within_its_answer(ask: Asker) -> None:
    answer = await ask.client.get("/v1/recount/progress", params={"figure": "F4"}, timeout=30)
    lines = [orjson.loads(line) for line in answer.content.splitlines()]

    assert lines[0]["looked_at"] == 0
    assert lines[-1]["failed"]["rule"] == "record-away"
    assert set(lines[-1]["failed"]) == {"rule", "zh", "en"}


async def test_overdue_hand_overs_are_those_of_the_day_that_was_asked(ask: Asker) -> None:
    before_any_was_due = await ask.get("/v1/figures/F8", known_at="2026-08-10")
    now = await ask.get("/v1/figures/F8", known_at=str(today() - timedelta(days=1)))

    assert before_any_was_due["readings"]["overdue"]["value"] == 0
    assert now["readings"]["overdue"]["value"] > 0
