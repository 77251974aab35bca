"""The page of messages counts what is owed and what did not arrive, by channel and reason, and names nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.notify import consumer, http
from shared.contracts.envelope import Role
from shared.postgres.event_log import EventLog
from shared.runtime.auth import Keys
from shared.runtime.http import make_app
from tests.conftest import MakeLog
from tests.integration.notify.test_a_person_gets_each_message_once import MIGRATIONS

OWED = """
INSERT INTO intent (intent_id, journey, case_no, cause_event, template, recipient_role, channel, state, attempt, reason_code,
                    requested_at, city)
VALUES ($1, $2, $3, $1, 'receipt', 'applicant', $4, $5, 1, $6, clock_timestamp() - $7 * interval '1 hour', '330100')
"""


async def owed(log: EventLog, case_no: str, state: str, reason: str | None = None, hours: int = 1, channel: str = "email") -> None:
    await log.pool.execute(OWED, uuid4(), uuid4(), case_no, channel, state, reason, hours)


async def asked(log: EventLog, directory: Path, role: Role = "operator", **query: str) -> httpx.Response:
    keys = Keys(directory / "keys")
    keys.ensure()
    app = http.mount(make_app("notify", "notify", keys, lambda: True), log, consumer.facts(log))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
        bearer = {"authorization": f"Bearer {keys.issue(role, 'somebody')}"}
        return await client.get("/v1/outbox", params=query, headers=bearer)


def counted(told: Any) -> dict[tuple[str, str, str | None], int]:
    return {(one["channel"], one["standing"], one["reason"]): one["messages"] for one in told["counts"]}


async def test_what_is_owed_counts_however_old_and_what_is_settled_for_a_week(make_log: MakeLog, tmp_path: Path) -> None:
    log = await make_log("notify", MIGRATIONS)
    for case_no, state, reason, hours in (
        ("old", "waiting", "away", 24 * 30),
        ("new", "waiting", None, 1),
        ("sent-after-a-failure", "sent", "away", 2),
        ("long-sent", "sent", None, 24 * 8),
        ("history", "suppressed", None, 1),
        ("perhaps", "failed", "unconfirmed", 3),
        ("nobody", "failed", "no-contact", 4),
    ):
        await owed(log, case_no, state, reason, hours)
    await owed(log, "text", "sending", channel="sms")
    told = (await asked(log, tmp_path)).json()

    assert counted(told) == {
        ("email", "waiting", "away"): 1,
        ("email", "waiting", None): 1,
        ("email", "sent", None): 1,
        ("email", "unconfirmed", "unconfirmed"): 1,
        ("email", "failed", "no-contact"): 1,
        ("sms", "sending", None): 1,
    }
    assert max(one["oldest_s"] for one in told["counts"]) == pytest.approx(24 * 30 * 3_600, abs=60)


async def test_one_standing_is_listed_alone_and_newest_first(make_log: MakeLog, tmp_path: Path) -> None:
    log = await make_log("notify", MIGRATIONS)
    await owed(log, "perhaps", "failed", "unconfirmed")
    await owed(log, "earlier", "failed", "no-contact", 5)
    await owed(log, "later", "failed", "no-contact", 2)
    told = (await asked(log, tmp_path, state="failed")).json()

    assert [one["case_no"] for one in told["messages"]] == ["later", "earlier"]
    assert told["messages"][0].keys() == {"case_no", "template", "channel", "standing", "attempt", "reason", "requested_at"}


@pytest.mark.parametrize(("role", "status"), [("operator", 200), ("auditor", 200), ("clerk", 403), ("citizen", 403)])
async def test_only_whoever_looks_after_messages_reads_them(make_log: MakeLog, tmp_path: Path, role: Role, status: int) -> None:
    assert (await asked(await make_log("notify", MIGRATIONS), tmp_path, role)).status_code == status
