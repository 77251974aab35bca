"""At the doors: a decision carries the pseudonym of the officer who is signed in, or the one that a department's topic names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from services.approval import consumer, http
from services.approval.service import Approval
from shared.contracts.catalogue import PartnerRegistered
from shared.contracts.commands import Decide
from shared.contracts.ingress import Ingress, Receipt
from shared.contracts.topics import decisions
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.ingress_inbound import Delivered
from shared.runtime.auth import Keys
from shared.runtime.http import make_app
from tests.conftest import MakeLog
from tests.integration.approval.test_officers_see_what_is_on_its_way import after, heard
from tests.integration.approval.test_racing_officers_decide_once import with_case
from tests.unit.approval.story import BODY, CASE, STAFF

DECISION = {"case_no": CASE, "outcome": "granted", "document_no": "doc-1"}
OTHER = "b" * 32
LAND = PartnerRegistered(partner="land", kind="department", body_uscc=BODY, region="330100")


@pytest.fixture
async def log(make_log: MakeLog) -> EventLog:
    return await with_case(make_log)


async def decided_by(log: EventLog) -> list[str]:
    bodies = await log.pool.fetch("SELECT body FROM event WHERE type = $1", "gov.approval.decision-made.v1")
    return [orjson.loads(row["body"])["data"]["officer_ref"] for row in bodies]


async def posted(log: EventLog, directory: Path, **said: str) -> httpx.Response:
    keys = Keys(directory / "keys")
    keys.ensure()
    app = http.mount(make_app("approval", "approval", keys, lambda: True), log, consumer.facts(log), Approval(STAFF))
    token = keys.issue("officer", "officer-7", body=BODY, region="330100", audience="approval")
    headers = {"authorization": f"Bearer {token}", "idempotency-key": f"key-{len(said)}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://approval") as client:
        return await client.post("/v1/commands/decide", json={**DECISION, **said}, headers=headers)


async def sent(log: EventLog, **said: Any) -> Receipt:
    command = Decide(**{**DECISION, **said})
    ingress = Ingress(id=f"m-{len(said)}", type=str(Decide.type), subject=CASE, time=None, knowntime=None, command=command)

    async def work(tx: Tx) -> Receipt:
        (answer,) = await Approval(STAFF).handle_delivered(tx, [Delivered("land", decisions("land"), ingress)])
        return answer

    return await log.transact(work)


async def test_another_officers_name_is_refused_and_ones_own_is_recorded(log: EventLog, tmp_path: Path) -> None:
    refused = await posted(log, tmp_path, officer_ref=OTHER)
    decided = await posted(log, tmp_path)

    assert (refused.status_code, refused.json()["rule"], refused.json()["field"]) == (422, "decided-by-another", "officer_ref")
    assert decided.status_code == 201
    assert await decided_by(log) == [STAFF.ref("officer-7")]


async def test_a_department_says_who_decided(log: EventLog) -> None:
    await after(log, heard(LAND))

    silent = await sent(log)
    told = await sent(log, officer_ref=OTHER)

    assert (silent.status, silent.rule, silent.field) == ("refused", "officer-missing", "officer_ref")
    assert told.status == "applied"
    assert await decided_by(log) == [OTHER]
