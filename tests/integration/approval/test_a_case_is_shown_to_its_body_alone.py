"""One case is shown to its body and to whoever may see all; to others it is as unknown as one that is not there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from services.approval import consumer, http
from services.approval.service import Approval
from shared.contracts.envelope import Role
from shared.postgres.event_log import EventLog
from shared.runtime.auth import Keys
from shared.runtime.http import make_app
from tests.conftest import MakeLog
from tests.integration.approval.test_racing_officers_decide_once import with_case
from tests.unit.approval.story import BODY, CASE, STAFF

ELSEWHERE = "2" * 18


@asynccontextmanager
async def at_the_door(
    log: EventLog, directory: Path, role: Role, body: str | None, region: str | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of this role and body at approval's door."""
    keys = Keys(directory / "keys")
    keys.ensure()
    app = http.mount(make_app("approval", "approval", keys, lambda: True), log, consumer.facts(log), Approval(STAFF))
    bearer = {"authorization": f"Bearer {keys.issue(role, 'somebody', body=body, region=region)}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://approval", headers=bearer) as client:
        yield client


async def asked(log: EventLog, directory: Path, path: str, role: Role = "officer", body: str | None = BODY) -> httpx.Response:
    async with at_the_door(log, directory, role, body) as client:
        return await client.get(path)


async def test_who_sees_a_case(make_log: MakeLog, tmp_path: Path) -> None:
    log = await with_case(make_log)
    callers: list[tuple[Role, str | None]] = [("officer", BODY), ("department", BODY), ("auditor", None)]

    for role, body in callers:
        answer = await asked(log, tmp_path, f"/v1/cases/{CASE}", role, body)
        assert (answer.status_code, answer.json()["body"]) == (200, BODY)


async def test_a_case_elsewhere_and_one_that_is_not_there_are_told_apart_by_nobody(make_log: MakeLog, tmp_path: Path) -> None:
    log = await with_case(make_log)

    for body in (ELSEWHERE, None):
        there = await asked(log, tmp_path, f"/v1/cases/{CASE}", body=body)
        absent = await asked(log, tmp_path, "/v1/cases/NO-SUCH", body=body)
        assert (there.status_code, there.json()["rule"]) == (404, "case-unknown")
        assert there.content == absent.content
    for number in (CASE, "NO-SUCH"):
        assert (await asked(log, tmp_path, f"/v1/cases/{number}", "citizen", None)).status_code == 403


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/cases/%00", "case_no"),
        ("/v1/desk?body=%00", "body"),
        ("/v1/worklist?body=33%00", "body"),
        ("/v1/parked/seen?journey=a%00", "journey"),
        ("/v1/streams/a%00", "stream"),
        ("/v1/record?after_stream=%00", "after_stream"),
        ("/v1/record?after_version=2147483648", "after_version"),
    ],
)
async def test_what_no_column_holds_is_the_askers_mistake(make_log: MakeLog, tmp_path: Path, path: str, field: str) -> None:
    answer = await asked(await with_case(make_log), tmp_path, path, "auditor", None)

    assert (answer.status_code, answer.json()["field"]) == (422, field)
