"""The HTTP doors over a projection of many journeys: public figures, guarded evidence, answers that name what is wrong."""

from __future__ import annotations

import csv
import io
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest

from services.metrics import http, record
from services.metrics.alerts import Alert, keep
from services.metrics.cells import snapshot
from services.metrics.figure_doors import ALERTS_MAX, Answers
from services.metrics.ledger import ledger
from services.metrics.shelf import Shelf
from services.metrics.stream import Hub
from services.metrics.watermarks import Watermarks
from shared.contracts.topics import Service
from shared.eventsourcing.errors import UnavailableError
from shared.runtime.auth import Keys
from shared.runtime.http import make_app
from shared.telemetry import clock
from tests.integration.metrics.conftest import Full
from tests.integration.metrics.house import expected


class Alone:
    """No other service answers."""

    async def get(self, service: Service, path: str, **query: str | int) -> Any:
        raise UnavailableError(f"{service}-away")

    async def forward(self, service: Service, path: str, token: str, key: str, body: bytes) -> tuple[int, bytes, str]:
        raise UnavailableError(f"{service}-away")


@pytest.fixture
async def door(full: Full, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    keys = Keys(tmp_path)
    keys.ensure()
    answers = Answers(full.log, Shelf(), demo=True)
    app = make_app("metrics", "metrics", keys, lambda: True)
    http.mount(app, answers, Hub(answers), Watermarks(full.log, "127.0.0.1:1"), Alone(), "127.0.0.1:1", None)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://metrics") as client:
        client.headers["x-test-token"] = keys.issue("auditor", "a-1")
        yield client


def signed(door: httpx.AsyncClient) -> dict[str, str]:
    return {"authorization": f"Bearer {door.headers['x-test-token']}"}


async def test_every_figure_answers_over_every_dimension_it_names(door: httpx.AsyncClient) -> None:
    definitions = (await door.get("/v1/figures")).json()["figures"]
    for figure in definitions:
        for by in [None, *figure["dimensions"]]:
            answer = await door.get(f"/v1/figures/{figure['code']}", params={"by": by} if by else {})
            assert answer.status_code == 200
            found = answer.json()
            assert set(found["readings"]) == {reading["code"] for reading in figure["readings"]}
            assert {"as_of", "rule", "evidence", "generation", "demo"} <= set(found)


async def test_the_first_screen_shows_the_newest_alerts_of_one_day(full: Full, door: httpx.AsyncClient) -> None:
    def rung(hours_ago: float) -> Alert:
        return Alert(uuid4(), "cause-doubled", "wrong_place", clock.now() - timedelta(hours=hours_ago), 12, 4)

    old, *new = [rung(25), *(rung(hours) for hours in range(1, ALERTS_MAX + 2))]
    await keep(full.log, [old])
    assert (await door.get("/v1/dashboard", params={"to": "2026-08-05"})).json()["alerts"] == []
    await keep(full.log, new)

    shown = (await door.get("/v1/dashboard", params={"to": "2026-08-06"})).json()["alerts"]
    assert [one["id"] for one in shown] == [str(one.id) for one in new[:ALERTS_MAX]]
    every = (await door.get("/v1/alerts")).json()["alerts"]
    assert [one["id"] for one in every] == [str(one.id) for one in [*new, old]]


async def test_the_dashboard_says_the_same_as_the_single_doors(door: httpx.AsyncClient) -> None:
    params = {"region": "330100", "from": "2026-08-04"}
    board = (await door.get("/v1/dashboard", params=params)).json()
    for code in ("F0", "F2", "F3", "F4"):
        assert board["promise"][code] == (await door.get(f"/v1/figures/{code}", params=params)).json()["readings"]
    for part, code in (("custody", "F8"), ("on_time", "F9"), ("duty", "F12")):
        assert board[part] == (await door.get(f"/v1/figures/{code}", params=params)).json()["readings"]
    for part in ("gap", "causes", "matrix"):
        single = (await door.get(f"/v1/{part}", params=params)).json()
        assert board[part] == {key: single[key] for key in board[part]}


async def test_the_matrix_counts_every_accepted_case_in_one_place(door: httpx.AsyncClient) -> None:
    matrix = (await door.get("/v1/matrix")).json()
    accepted = (await door.get("/v1/figures/F6")).json()["readings"]["accepted"]["value"]

    assert sum(sum(row) for layer in matrix["layers"].values() for row in layer) == accepted
    assert accepted > 0


def taken(answer: httpx.Response) -> list[dict[str, str]]:
    head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert len(set(head)) == len(head)
    return [dict(zip(head, row, strict=True)) for row in rows]


async def test_a_table_to_take_along_holds_the_layer_that_was_asked_for(door: httpx.AsyncClient) -> None:
    for layer in ("physical", "virtual"):
        matrix = (await door.get("/v1/matrix", params={"layer": layer})).json()
        rows = taken(await door.get("/v1/csv/matrix", params={"layer": layer}))
        whole = (await door.get("/v1/matrix")).json()["layers"][layer]

        assert list(matrix["layers"]) == [layer]
        assert sum(map(sum, matrix["layers"][layer])) == sum(map(sum, whole)) > 0
        assert {(row["layer"], row["asked_layer"]) for row in rows} == {(layer, layer)}
        assert sum(int(row["cases"]) for row in rows) == sum(map(sum, whole))


async def test_the_weeks_to_take_along_are_those_of_the_board(door: httpx.AsyncClient) -> None:
    params = {"region": "330100", "from": "2026-08-03"}
    trend = (await door.get("/v1/dashboard", params=params)).json()["trend"]

    assert (await door.get("/v1/weeks", params=params)).json()["weeks"] == trend
    assert [
        (row["week"], row["statutory_once"], row["experienced_once"], row["promise_kept"], int(row["journeys"]))
        for row in taken(await door.get("/v1/csv/weeks", params=params))
    ] == [
        (week["week"], *(str(week[name]["value"]) for name in ("once", "experienced_once", "kept")), week["kept"]["denominator"])
        for week in trend
    ]
    assert trend


async def test_the_movers_to_take_along_are_those_of_the_board(door: httpx.AsyncClient) -> None:
    params = {"from": "2026-08-05", "to": "2026-08-06"}
    board = (await door.get("/v1/dashboard", params=params)).json()["movers"]

    assert (await door.get("/v1/movers", params=params)).json()["movers"] == board
    assert len(taken(await door.get("/v1/csv/movers", params=params))) == len(board)
    assert (await door.get("/v1/movers")).json()["movers"] is None
    assert taken(await door.get("/v1/csv/movers")) == []


async def test_what_goes_on_is_taken_along_bar_by_bar(door: httpx.AsyncClient) -> None:
    now = (await door.get("/v1/live")).json()
    rows = taken(await door.get("/v1/csv/live"))

    by_table = {name: [row for row in rows if row["table"] == name] for name in dict.fromkeys(row["table"] for row in rows)}
    told = {"open_by_days": now["by_age"], "open_by_holder": now["by_holder"], "visited_in_minute": now["visited_per_minute"]}
    assert {name: len(bars) for name, bars in told.items()} == {name: len(by_table[name]) for name in told}
    assert sum(int(row["count"]) for row in by_table["open_by_days"]) == now["open"]["total"] > 0
    assert sum(int(row["anonymous"]) for row in by_table["open_by_holder"]) == now["open"]["anonymous"]


@pytest.mark.parametrize(("table", "asked"), [("gap", {"basic": "basic-1"}), ("causes", {"cause": "wrong_place|applicant"})])
async def test_a_filter_and_what_a_table_tells_for_itself_are_two_columns(
    door: httpx.AsyncClient, table: str, asked: dict[str, str]
) -> None:
    rows = taken(await door.get(f"/v1/csv/{table}", params=asked))

    assert {row[f"asked_{name}"] for name in asked for row in rows} == set(asked.values())


@pytest.mark.parametrize("region", ["330100", "330106"])
async def test_a_cell_of_a_table_leads_to_its_own_journeys_under_the_same_filters(door: httpx.AsyncClient, region: str) -> None:
    params = {"region": region, "from": "2026-08-03", "known_at": "2026-09-01"}
    gap, causes, matrix = [(await door.get(f"/v1/{table}", params=params)).json() for table in ("gap", "causes", "matrix")]
    bar = causes["causes"][0]
    party = next(one for one in ("government", "applicant", "unknown") if bar[one])
    row, column = next((r, h) for r, row in enumerate(matrix["layers"]["physical"]) for h, n in enumerate(row) if n)
    basic, (city, cell) = gap["items"][0], next(iter(gap["cells"][gap["items"][0]].items()))
    pair = {"receiving": matrix["codes"][row], "handling": matrix["codes"][column]}
    told = [
        (gap["evidence"].format(basic=basic, region=city), cell["gap"]["numerator"]),
        (causes["evidence"].format(cause=bar["cause"], responsible=party), bar[party]),
        (matrix["evidence"].format(**pair, layer="physical"), matrix["layers"]["physical"][row][column]),
    ]

    for address, numerator in told:
        assert (await door.get(address, headers=signed(door))).json()["total"]["numerator"] == numerator, address


def is_open(events: bytes) -> bool:
    """Whether a made-up journey waits for its end; those without a case lose no visit."""
    return b"journey-completed" not in events and (b"visit-recorded" in events or b"application-submitted" in events)


async def test_live_counts_open_journeys_by_holder_and_by_age(full: Full, door: httpx.AsyncClient) -> None:
    found = (await door.get("/v1/live")).json()

    still_open = sum(is_open(b"".join(body for _, body in one.events)) for one in full.told)
    assert found["open"]["total"] == still_open
    assert sum(entry["open"] for entry in found["by_holder"]) == still_open
    assert sum(entry["open"] for entry in found["by_age"]) == still_open


async def test_every_number_of_this_moment_opens_its_journeys(door: httpx.AsyncClient) -> None:
    told = (await door.get("/v1/live")).json()
    numbers = [({}, told["open"]["total"]), ({"visited": True}, sum(one["journeys"] for one in told["visited_per_minute"]))]
    numbers += [({"anonymous": True}, told["open"]["anonymous"])]
    numbers += [({"holder": one["region"], "anonymous": True}, one["anonymous"]) for one in told["by_holder"]]
    numbers += [({"days": one["days"]}, one["open"]) for one in told["by_age"]]
    numbers += [({"holder": one["region"]}, one["open"]) for one in told["by_holder"]]

    for asked, number in numbers:
        first = (await door.get("/v1/live/journeys", params={**asked, "limit": 7}, headers=signed(door))).json()
        rows, found = first["rows"], first
        while found["next"] is not None:
            params = {**asked, "limit": 7, **found["next"]}
            found = (await door.get("/v1/live/journeys", params=params, headers=signed(door))).json()
            rows += found["rows"]
        assert first["total"] == len({row["journey"] for row in rows}) == len(rows) == number, asked
        assert [row["opened_on"] for row in rows] == sorted(row["opened_on"] for row in rows)
    assert (await door.get("/v1/live/journeys")).status_code == 401
    assert (await door.get("/v1/live/journeys", params={"days": "3-4"}, headers=signed(door))).status_code == 422


async def test_a_service_that_promised_nothing_is_told_with_the_figures_whose_as_of_it_leaves_open(door: httpx.AsyncClient) -> None:
    found = (await door.get("/v1/dashboard")).json()

    assert found["as_of"] is None
    assert found["trust"]["services"] == [{"service": service, "complete_to": None} for service in ("intake", "approval", "notify")]


async def test_trust_is_unknown_while_nobody_else_answers(door: httpx.AsyncClient) -> None:
    found = (await door.get("/v1/trust")).json()

    assert found["balanced"] is None
    assert found["unreachable"] == ["intake", "approval", "notify"]
    assert all(row["balanced"] for row in found["consumed"])


async def test_evidence_needs_a_token_and_leads_from_figure_to_journeys(door: httpx.AsyncClient) -> None:
    params: dict[str, Any] = {"figure": "F3", "reading": "mean", "limit": 500}
    assert (await door.get("/v1/evidence", params=params)).status_code == 401

    found = (await door.get("/v1/evidence", params=params, headers=signed(door))).json()

    assert sum(row["numerator"] for row in found["rows"]) == found["total"]["numerator"]
    assert found["next"] is None


async def test_every_home_on_the_board_opens_the_trips_it_shows(door: httpx.AsyncClient) -> None:
    homes = (await door.get("/v1/dashboard")).json()["travel"]
    assert len(homes) > 1

    for home in homes:
        params = {"figure": "F7", "reading": "away", "home": home["region"]}
        assert (await door.get("/v1/evidence", params=params, headers=signed(door))).json()["total"] == home["away"]


async def test_a_journey_is_told_even_while_its_bytes_cannot_be_reached(full: Full, door: httpx.AsyncClient) -> None:
    told = full.told[0]

    found = (await door.get(f"/v1/evidence/journeys/{told.journey}", headers=signed(door))).json()

    assert found["record_reachable"] is False
    assert len(found["events"]) == len(told.events)


async def test_a_silent_broker_is_not_waited_for_until_the_snapshot_is_gone(full: Full) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with snapshot(full.log) as snap:
            found = await record.journey(snap, f"127.0.0.1:{silent.getsockname()[1]}", str(full.told[0].journey))

            assert found is not None
            assert found["record_reachable"] is False
            assert await snap.tx.fetchval("SELECT true")


async def test_cells_and_shares_are_given_whole_for_verification(full: Full, door: httpx.AsyncClient) -> None:
    cells = [orjson.loads(line) for line in (await door.get("/v1/cells", headers=signed(door))).content.splitlines()]
    shares = [orjson.loads(line) for line in (await door.get("/v1/shares", headers=signed(door))).content.splitlines()]

    assert sum(sum(cell["amounts"].values()) for cell in cells) == sum(sum(a) for a in expected(full.told).values())
    by_journey = {share["journey"]: share["cells"] for share in shares}
    for one in full.told:
        mine = [a for a in ledger(one.row()).values() if any(a)]
        assert len(by_journey[one.journey]) == len(mine)


@pytest.mark.parametrize(
    ("path", "status", "rule", "field"),
    [
        ("/v1/figures/F99", 404, "unknown-figure", "figure"),
        ("/v1/figures/F2?by=cause", 422, "unknown-dimension", "by"),
        ("/v1/figures/F2?by=nonsense", 422, "unknown-dimension", "by"),
        ("/v1/figures/F2?region=Hangzhou", 422, "string-pattern-mismatch", "region"),
        ("/v1/figures/F2?from=2026-02-30", 422, "date-from-datetime-parsing", "from"),
        ("/v1/figures/F2?from=2026-03-02&to=2026-03-01", 422, "days-reversed", "from"),
        ("/v1/dashboard?from=0001-01-02", 422, "greater-than-equal", "from"),
        ("/v1/dashboard?to=9999-12-31", 422, "less-than-equal", "to"),
        ("/v1/figures/F8?pair=330300", 422, "string-pattern-mismatch", "pair"),
        ("/v1/figures/F6?pair=330102>330106", 422, "string-pattern-mismatch", "pair"),
        ("/v1/figures/F12?pair=330300>330100", 422, "unfit-filter", "pair"),
        ("/v1/csv/figures/F2?layer=virtual", 422, "unfit-filter", "layer"),
        ("/v1/figures/F5?cause=wrong_place", 422, "unfit-filter", "cause"),
        ("/v1/gap?home=330300", 422, "unfit-filter", "home"),
        ("/v1/csv/weeks?pair=330300>330100", 422, "unfit-filter", "pair"),
        ("/v1/matrix?cause=wrong_place", 422, "unfit-filter", "cause"),
        ("/v1/dashboard?layer=virtual", 422, "unfit-filter", "layer"),
        ("/v1/figures/F2?axis=sideways", 422, "literal-error", "axis"),
        ("/v1/figures/F2?item=a%00b", 422, "string-pattern-mismatch", "item"),
        ("/v1/logs/%00", 422, "string-pattern-mismatch", "origin"),
        ("/v1/logs/o/fields/a%00b", 422, "string-pattern-mismatch", "field"),
        ("/v1/logs/o?as_of=0001-01-01T00:00:00%2B08:00", 422, "greater-than-equal", "as_of"),
        ("/v1/logs/o/changes?known_at=2200-01-01T00:00:00Z", 422, "less-than", "known_at"),
        ("/v1/logs/o?as_of=2026-03-01T00:00:00", 422, "timezone-aware", "as_of"),
        ("/v1/nothing", 404, "unknown", None),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_by_name(
    door: httpx.AsyncClient, path: str, status: int, rule: str, field: str | None
) -> None:
    answer = await door.get(path)

    assert (answer.status_code, answer.json()["rule"], answer.json().get("field")) == (status, rule, field)
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("path", ["/v1/evidence/journeys/a%00b", "/v1/evidence?figure=F2&after=a%00b"])
async def test_what_no_database_can_hold_is_refused_before_it(door: httpx.AsyncClient, path: str) -> None:
    answer = await door.get(path, headers=signed(door))

    assert (answer.status_code, answer.json()["rule"]) == (422, "string-pattern-mismatch")


async def test_an_unknown_journey_is_unknown(door: httpx.AsyncClient) -> None:
    answer = await door.get("/v1/evidence/journeys/nobody", headers=signed(door))

    assert (answer.status_code, answer.json()["field"]) == (404, "journey")


async def test_only_operators_rebuild(door: httpx.AsyncClient) -> None:
    assert (await door.post("/v1/rebuild")).status_code == 401
    assert (await door.post("/v1/rebuild", headers=signed(door))).json()["rule"] == "not-your-role"


async def test_a_build_that_is_served_no_more_is_behind_of_nothing(full: Full, door: httpx.AsyncClient) -> None:
    async with full.log.transaction() as tx:
        await tx.execute("INSERT INTO projection (generation, state, asked_by) VALUES (90, 'retired', 'test')")
        await tx.execute(
            "INSERT INTO checkpoint (grp, topic, partition, epoch) VALUES ('metrics-p90', 'gov.intake.events.v1', 0, 1)"
        )

    told = (await door.get("/v1/conservation", headers=signed(door))).json()
    trusted = (await door.get("/v1/trust")).json()

    async with full.log.transaction() as tx:
        await tx.execute("DELETE FROM projection WHERE generation = 90")
        await tx.execute("DELETE FROM checkpoint WHERE grp = 'metrics-p90'")
    assert told["consumed"]
    assert "metrics-p90" not in {row["group"] for row in (*told["consumed"], *trusted["consumed"])}


async def test_names_are_told_in_both_languages(door: httpx.AsyncClient) -> None:
    found = (await door.get("/v1/names")).json()

    assert found["regions"]["330300"]["zh"] == "温州市"
    assert found["scopes"]["cross-city"]["en"] == "Cross-city"
    assert len(found["cities"]) == 11
