"""Only the body that handles an accepted case enters its withdrawal; a number of a case lets nobody end it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from shared.contracts.commands import WithdrawCase
from shared.contracts.ingress import Receipt
from shared.postgres.event_log import EventLog
from shared.runtime.auth import Caller
from shared.runtime.requests import Asked
from tests.conftest import MakeLog
from tests.integration.approval.test_racing_officers_decide_once import ask, with_case
from tests.unit.approval.story import BODY, CASE, STAFF, at, days_on

ELSEWHERE = "2" * 18


async def withdrawn(log: EventLog, caller: Caller) -> Receipt:
    command = WithdrawCase(case_no=CASE, reason_code="changed-mind")
    (answer,) = await ask(log, Asked(caller, "key", CASE, uuid4(), command, at(days_on(1))))
    return answer


@pytest.mark.parametrize(
    ("caller", "rule"),
    [
        (Caller("citizen", "somebody"), "withdrawn-at-the-body"),
        (Caller("portal", "zheliban"), "withdrawn-at-the-body"),
        (Caller("clerk", "c-1", ELSEWHERE, "330300"), "not-your-body"),
        (Caller("clerk", "c-1"), "not-your-body"),
        (Caller("officer", "o-1", ELSEWHERE), "not-your-body"),
        (Caller("auditor", "a-1"), "not-your-role"),
    ],
    ids=lambda given: given.role if isinstance(given, Caller) else given,
)
async def test_nobody_else_ends_a_case(make_log: MakeLog, caller: Caller, rule: str) -> None:
    log = await with_case(make_log)

    answer = await withdrawn(log, caller)

    assert (answer.status, answer.rule) == ("refused", rule)
    assert await log.pool.fetchval("SELECT situation FROM worklist") == "running"


@pytest.mark.parametrize(
    "caller", [Caller("clerk", "c-1", BODY), Caller("officer", "o-1", BODY), Caller("importer", "demo")], ids=lambda c: c.role
)
async def test_its_own_body_and_the_importer_enter_a_withdrawal(make_log: MakeLog, caller: Caller) -> None:
    log = await with_case(make_log)

    assert (await withdrawn(log, caller)).status == "applied"
    row = await log.pool.fetchrow("SELECT * FROM worklist")
    assert row is not None
    assert (row["situation"], row["withdrawn_at"], row["reason_codes"]) == ("withdrawn", at(days_on(1)), ["changed-mind"])
    assert row["officer_ref"] == (None if caller.role == "importer" else STAFF.ref(caller.id)), "whoever comes second reads by whom"
