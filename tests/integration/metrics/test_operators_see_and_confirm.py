"""Operations: everything in one answer, and a redrive that applies only what its operator was shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.metrics import http
from services.metrics.figure_doors import Answers
from services.metrics.shelf import Shelf
from services.metrics.stream import Hub
from services.metrics.watermarks import Watermarks
from shared.contracts.topics import Service
from shared.eventsourcing.errors import UnavailableError
from shared.postgres.event_log import EventLog
from shared.runtime.auth import Keys
from shared.runtime.http import make_app

PARKED = """
INSERT INTO parked (grp, key, source, sequence, topic, partition, kafka_offset, type, body, error_code)
VALUES ('metrics-p' || $4::int, $1, 'intake', $2, 'gov.intake.events.v1', 0, 7, 'gov.intake.visit-recorded.v1', '', $3)
"""
BUILT_ANEW = """
SELECT make_generation(2);
UPDATE projection SET state = 'retired' WHERE generation = 1;
INSERT INTO projection (generation, state, asked_by) VALUES (2, 'live', 'o-1');
INSERT INTO checkpoint (grp, topic, partition, consumed, dead_lettered)
VALUES ('metrics-p1', 'gov.intake.events.v1', 9, 1, 1), ('metrics-p2', 'gov.intake.events.v1', 9, 1, 1);
"""


class Others:
    """Approval stands; intake and notify are away. What is asked of metrics itself comes back to its own doors."""

    def __init__(self) -> None:
        self.own: httpx.AsyncClient | None = None

    async def get(self, service: Service, path: str, **query: str | int) -> Any:
        if service != "approval":
            raise UnavailableError(f"{service}-away")
        if path == "/v1/conservation":
            return {"written": [], "consumed": []}
        if path == "/v1/parked/seen":
            return {"seen": "a" * 32, "parked": [], "journeys": 0}
        return {
            "outbox": [{"topic": "t", "kind": "event", "waiting": 4, "oldest_s": 12.5}],
            "leases": [{"shard": "all", "holder": "approval-1", "epoch": 3, "until": "2026-11-25T00:00:00Z", "held": True}],
            "parked": [],
            "journeys": [],
            "timers_held_to": None,
        }

    async def forward(self, service: Service, path: str, token: str, key: str, body: bytes) -> tuple[int, bytes, str]:
        assert self.own is not None
        if service != "metrics":
            raise UnavailableError(f"{service}-away")
        answer = await self.own.post(path, headers={"authorization": f"Bearer {token}"})
        return answer.status_code, answer.content, answer.headers["content-type"]


@pytest.fixture
async def doors(log: EventLog, tmp_path: Path) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """A client for an operator, and one for an auditor."""
    keys, others = Keys(tmp_path), Others()
    keys.ensure()
    answers = Answers(log, Shelf(), demo=True)
    app = make_app("metrics", "metrics", keys, lambda: True)
    http.mount(app, answers, Hub(answers), Watermarks(log, "127.0.0.1:1"), others, "127.0.0.1:1", None)
    clients: dict[str, httpx.AsyncClient] = {}
    for role in ("operator", "auditor"):
        clients[role] = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://metrics")
        clients[role].headers["authorization"] = f"Bearer {keys.issue(role, 'o-1')}"
    others.own = clients["operator"]
    yield clients
    for client in clients.values():
        await client.aclose()


async def park(log: EventLog, journey: str, sequence: int, fault: str, build: int = 1) -> None:
    await log.pool.execute(PARKED, journey, sequence, fault, build)


async def test_one_answer_tells_how_everything_stands(log: EventLog, doors: dict[str, httpx.AsyncClient]) -> None:
    await park(log, "j-1", 2, "broken-contract")
    await park(log, "j-1", 3, "behind")

    found = (await doors["auditor"].get("/v1/operations")).json()

    services = {row["service"]: row for row in found["services"]}
    assert [name for name, row in services.items() if not row["answers"]] == ["intake", "notify"]
    assert (services["approval"]["waiting"], services["approval"]["oldest_s"]) == (4, 12.5)
    assert services["approval"]["leases"][0]["epoch"] == 3
    assert [(row["journey"], row["error_code"], row["events"]) for row in found["parked"]] == [("j-1", "broken-contract", 2)]
    assert found["kafka"] is False
    assert found["rebuilds"][0]["state"] == "live"


async def test_what_changed_since_it_was_seen_is_not_redriven(log: EventLog, doors: dict[str, httpx.AsyncClient]) -> None:
    await park(log, "j-1", 2, "broken-contract")
    seen = (await doors["operator"].get("/v1/operations/seen", params={"service": "metrics"})).json()["seen"]
    await park(log, "j-2", 1, "broken-contract")

    refused = await doors["operator"].post("/v1/operations/redrive", params={"service": "metrics", "seen": seen})
    of_one = (await doors["operator"].get("/v1/operations/seen", params={"service": "metrics", "journey": "j-1"})).json()["seen"]
    done = await doors["operator"].post("/v1/operations/redrive", params={"service": "metrics", "seen": of_one, "journey": "j-1"})

    assert (refused.status_code, refused.json()["rule"]) == (409, "parked-changed")
    assert (done.status_code, done.json()["still_parked"]) == (200, 1)


async def test_what_a_retired_build_set_aside_is_told_by_nobody(log: EventLog, doors: dict[str, httpx.AsyncClient]) -> None:
    await park(log, "j-cured", 2, "broken-contract")
    await log.pool.execute(BUILT_ANEW)
    await park(log, "j-sick", 2, "broken-contract", build=2)

    found = (await doors["operator"].get("/v1/operations")).json()
    seen = (await doors["operator"].get("/v1/operations/seen", params={"service": "metrics"})).json()
    metrics = next(row for row in found["services"] if row["service"] == "metrics")
    done = await doors["operator"].post("/v1/operations/redrive", params={"service": "metrics", "seen": seen["seen"]})

    assert [(row["group"], row["journey"]) for row in found["parked"]] == [("metrics-p2", "j-sick")]
    assert [(row["group"], row["journeys"]) for row in metrics["parked"]] == [("metrics-p2", 1)]
    assert metrics["dead_lettered"] == 1
    assert [row["journey"] for row in seen["parked"]] == ["j-sick"]
    assert done.json() == {"metrics": 0, "still_parked": 1}


async def test_a_build_beside_the_served_one_is_told_but_not_redriven(log: EventLog, doors: dict[str, httpx.AsyncClient]) -> None:
    await log.pool.execute("INSERT INTO projection (generation, state, asked_by) VALUES (2, 'building', 'o-1')")
    await park(log, "j-1", 2, "broken-contract", build=1)
    await park(log, "j-2", 2, "broken-contract", build=2)

    found = (await doors["operator"].get("/v1/operations")).json()
    seen = (await doors["operator"].get("/v1/operations/seen", params={"service": "metrics"})).json()

    assert [(row["journey"], row["can_redrive"]) for row in found["parked"]] == [("j-1", True), ("j-2", False)]
    assert [row["journey"] for row in seen["parked"]] == ["j-1"]


async def test_the_first_step_shows_what_its_word_covers_and_how_much_more(
    log: EventLog, doors: dict[str, httpx.AsyncClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.postgres.standing.PARKED_MAX", 2)
    for journey in ("j-1", "j-2", "j-3"):
        await park(log, journey, 2, "broken-contract")
        await park(log, journey, 3, "behind")

    of_all = (await doors["operator"].get("/v1/operations/seen", params={"service": "metrics"})).json()
    of_one = (await doors["operator"].get("/v1/operations/seen", params={"service": "metrics", "journey": "j-3"})).json()

    assert [(row["journey"], row["error_code"], row["events"]) for row in of_all["parked"]] == [
        ("j-1", "broken-contract", 2),
        ("j-2", "broken-contract", 2),
    ]
    assert of_all["journeys"] == 3
    assert ([row["journey"] for row in of_one["parked"]], of_one["journeys"]) == (["j-3"], 1)


async def test_an_auditor_sees_but_does_not_act(doors: dict[str, httpx.AsyncClient]) -> None:
    acted = await doors["auditor"].post("/v1/operations/redrive", params={"service": "metrics", "seen": "a" * 32})

    assert acted.json()["rule"] == "not-your-role"
    assert (await doors["auditor"].get("/v1/operations")).status_code == 200


async def test_a_rebuild_is_asked_for_beside_the_build_that_was_seen(doors: dict[str, httpx.AsyncClient]) -> None:
    refused = await doors["operator"].post("/v1/rebuild", params={"serving": 7})
    asked = await doors["operator"].post("/v1/rebuild", params={"serving": 1})

    assert (refused.status_code, refused.json()["rule"]) == (409, "build-changed")
    assert asked.status_code == 202


async def test_a_rebuild_is_stopped_by_operators_alone_and_only_once(doors: dict[str, httpx.AsyncClient]) -> None:
    asked = (await doors["operator"].post("/v1/rebuild")).json()["generation"]

    seen = await doors["auditor"].post("/v1/rebuild/stop", params={"build": asked})
    stopped, again = [await doors["operator"].post("/v1/rebuild/stop", params={"build": asked}) for _ in range(2)]

    assert seen.json()["rule"] == "not-your-role"
    assert (stopped.status_code, stopped.json()) == (200, {"generation": asked, "state": "stopped"})
    assert (again.status_code, again.json()["rule"]) == (409, "rebuild-over")
    states = {one["generation"]: one["state"] for one in (await doors["operator"].get("/v1/rebuilds")).json()["rebuilds"]}
    assert states == {1: "live", asked: "stopped"}


@pytest.mark.parametrize(
    "path", ["figures/F1", "figures/F4?by=city", "figures/F6?by=pair", "figures/F5?by=cause", "gap", "matrix", "causes"]
)
async def test_every_table_is_a_file_that_excel_opens(doors: dict[str, httpx.AsyncClient], path: str) -> None:
    answer = await doors["auditor"].get(f"/v1/csv/{path}")

    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
