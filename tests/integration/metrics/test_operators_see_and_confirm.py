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
VALUES ('metrics-p1', $1, 'intake', $2, 'gov.intake.events.v1', 0, 7, 'gov.intake.visit-recorded.v1', '', $3)
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
            return {"seen": "a" * 32}
        return {
            "outbox": [{"topic": "t", "kind": "event", "waiting": 4, "oldest_s": 12.5}],
            "leases": [{"shard": "all", "holder": "approval-1", "epoch": 3, "until": "2026-11-25T00:00:00Z", "held": True}],
            "parked": [],
            "journeys": [],
            "timers_held_to": None,
            "seen": "a" * 32,
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


async def park(log: EventLog, journey: str, sequence: int, fault: str) -> None:
    await log.pool.execute(PARKED, journey, sequence, fault)


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


async def test_an_auditor_sees_but_does_not_act(doors: dict[str, httpx.AsyncClient]) -> None:
    acted = await doors["auditor"].post("/v1/operations/redrive", params={"service": "metrics", "seen": "a" * 32})

    assert acted.json()["rule"] == "not-your-role"
    assert (await doors["auditor"].get("/v1/operations")).status_code == 200


async def test_a_rebuild_is_asked_for_beside_the_build_that_was_seen(doors: dict[str, httpx.AsyncClient]) -> None:
    refused = await doors["operator"].post("/v1/rebuild", params={"serving": 7})
    asked = await doors["operator"].post("/v1/rebuild", params={"serving": 1})

    assert (refused.status_code, refused.json()["rule"]) == (409, "build-changed")
    assert asked.status_code == 202


@pytest.mark.parametrize(
    "path", ["figures/F1", "figures/F4?by=city", "figures/F6?by=pair", "figures/F5?by=cause", "gap", "matrix", "causes"]
)
async def test_every_table_is_a_file_that_excel_opens(doors: dict[str, httpx.AsyncClient], path: str) -> None:
    answer = await doors["auditor"].get(f"/v1/csv/{path}")

    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
