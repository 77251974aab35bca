"""At approval's door a key decides once, and what is forwarded to intake carries a key as well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.approval import consumer, http
from services.approval.service import Approval
from shared.postgres.event_log import EventLog
from shared.runtime.auth import Keys
from shared.runtime.http import make_app
from tests.conftest import MakeLog
from tests.integration.approval.test_racing_officers_decide_once import with_case
from tests.unit.approval.story import BODY, CASE, STAFF

DECISION = {"case_no": CASE, "outcome": "granted", "document_no": "doc-1"}


@dataclass
class Door:
    """Approval's door, an officer before it, and what it forwarded."""

    client: httpx.AsyncClient
    log: EventLog
    forwarded: list[str] = field(default_factory=list)

    async def ask(self, command: str, key: str | None, **said: Any) -> tuple[int, str | None]:
        """Status and rule of the answer."""
        headers = {} if key is None else {"idempotency-key": key}
        answer = await self.client.post(f"/v1/commands/{command}", json=said, headers=headers)
        return answer.status_code, answer.json().get("rule")

    async def situation(self) -> Any:
        """How the case stands."""
        return await self.log.pool.fetchval("SELECT situation FROM worklist")


@pytest.fixture
async def door(make_log: MakeLog, tmp_path: Path) -> AsyncIterator[Door]:
    log, keys = await with_case(make_log), Keys(tmp_path / "keys")
    keys.ensure()
    app = make_app("approval", "approval", keys, lambda: True)
    bearer = {"authorization": f"Bearer {keys.issue('officer', 'officer-7', body=BODY)}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://approval", headers=bearer) as client:
        made = Door(client, log)

        async def forward(path: str, token: str, key: str, body: bytes) -> tuple[int, bytes, str]:
            made.forwarded.append(key)
            return 201, b"{}", "application/json"

        http.mount(app, log, consumer.facts(log), Approval(STAFF), forward)
        yield made


@pytest.mark.parametrize(
    ("key", "rule"),
    [(None, "idempotency-key-missing"), ("", "idempotency-key-malformed"), ("x" * 256, "idempotency-key-malformed")],
)
async def test_nothing_is_decided_or_forwarded_without_a_good_key(door: Door, key: str | None, rule: str) -> None:
    assert await door.ask("decide", key, **DECISION) == (400, rule)
    assert await door.ask("accept", key, case_no="case-2") == (400, rule)
    assert (await door.situation(), door.forwarded) == ("running", [])


async def test_a_key_that_decided_does_nothing_else(door: Door) -> None:
    assert await door.ask("decide", "k", **DECISION) == (201, None)

    assert await door.ask("decide", "k", **DECISION) == (201, None)
    assert await door.ask("decide", "k", **DECISION | {"document_no": "doc-2"}) == (422, "idempotency-key-reused")
    assert await door.ask("withdraw-case", "k", case_no=CASE, reason_code="x") == (422, "idempotency-key-reused")
    assert await door.situation() == "granted"


async def test_what_is_forwarded_keeps_its_key(door: Door) -> None:
    assert await door.ask("accept", "k-1", case_no="case-2") == (201, None)
    assert door.forwarded == ["k-1"]
