"""Only the body that handles an accepted case enters its withdrawal; a number of a case lets nobody end it."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from services.approval import worklist
from shared.contracts.commands import WithdrawCase
from shared.contracts.ingress import Receipt
from shared.postgres.event_log import EventLog
from shared.postgres.pool import connect
from shared.postgres.provisioning import dsn_for
from shared.runtime.auth import Caller
from shared.runtime.requests import Asked
from tests.conftest import MakeLog
from tests.integration.approval.test_racing_officers_decide_once import MIGRATIONS, ask, with_case
from tests.integration.approval.test_what_is_stopped_is_due_last import read
from tests.unit.approval.story import BODY, CASE, STAFF, at, days_on

ELSEWHERE = "2" * 18
# Of ten bodies; every third case was withdrawn, the others were granted, one a minute.
_OVER = """
INSERT INTO worklist (case_no, journey, body, item_code, situation, accepted_at, promised_due, statutory_due, calendar_version,
                      decided_at, withdrawn_at)
SELECT 'case-' || n, gen_random_uuid(), 'b-' || n % 10, 'i', CASE WHEN n % 3 = 0 THEN 'withdrawn' ELSE 'granted' END, now(),
    date '2026-12-01', date '2027-01-01', '2026.1', CASE WHEN n % 3 > 0 THEN now() - make_interval(mins => n) END,
    CASE WHEN n % 3 = 0 THEN now() - make_interval(mins => n) END
FROM generate_series(1, 5000) n
"""


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


async def test_it_is_found_among_what_is_over(make_log: MakeLog) -> None:
    log = await with_case(make_log)
    await withdrawn(log, Caller("officer", "o-1", BODY))

    async with log.transaction() as tx:
        told = await worklist.ended_last(tx, BODY)
        elsewhere = await worklist.ended_last(tx, ELSEWHERE)
    assert [(row["case_no"], row["situation"]) for row in told] == [(CASE, "withdrawn")]
    assert elsewhere == []


async def test_what_is_over_is_read_newest_first_and_no_further_than_it_is_told(make_log: MakeLog, postgres: str) -> None:
    log = await make_log("approval", MIGRATIONS)
    await log.pool.execute(_OVER)
    # How its rows lie is learnt by whoever owns the table.
    owner = await connect(dsn_for(postgres, str(await log.pool.fetchval("SELECT current_database()"))))
    await owner.execute("ANALYZE worklist")
    await owner.close()

    async with log.transaction() as tx:
        told = await worklist.ended_last(tx, "b-7")
        cost = await read(tx, worklist.ENDED, "b-7", worklist.ENDED_MAX)
    ended = [row["decided_at"] or row["withdrawn_at"] for row in told]
    assert ended == sorted(ended, reverse=True)
    assert {row["situation"] for row in told} == {"granted", "withdrawn"}
    assert len(told) == worklist.ENDED_MAX
    assert cost <= worklist.ENDED_MAX


async def test_an_upgrade_finds_in_the_record_when_and_why_it_was_withdrawn(make_log: MakeLog) -> None:
    log = await with_case(make_log)
    await withdrawn(log, Caller("officer", "o-1", BODY))
    await log.pool.execute("UPDATE worklist SET withdrawn_at = NULL, officer_ref = NULL, reason_codes = '{}'")
    filled = re.search(r"UPDATE worklist.*?;", (MIGRATIONS / "20261127000110_ended.sql").read_text("utf-8"), re.DOTALL)
    assert filled is not None

    await log.pool.execute(filled.group())

    row = await log.pool.fetchrow("SELECT withdrawn_at, reason_codes, officer_ref FROM worklist")
    assert row is not None
    # An older release wrote plain numbers of staff into the record, which are nobody's to read.
    assert tuple(row) == (at(days_on(1)), ["changed-mind"], None)
