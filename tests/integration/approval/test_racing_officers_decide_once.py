"""Two officers decide at the same moment: one decision is recorded, the other officer is told which."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import services.approval
from services.approval.service import Approval, react
from shared.contracts.commands import Decide
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.ingress import Receipt
from shared.eventsourcing.plan import Context
from shared.postgres.event_log import EventLog, Tx
from shared.runtime.auth import Caller
from shared.runtime.requests import Asked
from tests.conftest import MakeLog
from tests.unit.approval.story import BODY, CASE, MONDAY, STAFF, accepted, at, days_on

MIGRATIONS = Path(services.approval.__file__).parent / "migrations"


async def with_case(make_log: MakeLog) -> EventLog:
    log = await make_log("approval", MIGRATIONS)
    journey, cause, now = str(uuid4()), uuid4(), at(MONDAY)
    context = Context(cause, Actor("clerk", "c"), cause, cause)
    told = accepted()
    event = Envelope(
        cause, "intake", str(told.type), f"journey-{journey}", 3, now, now, now, journey, cause, cause, context.actor, told
    )

    async def work(tx: Tx) -> None:
        await react(tx, [event])

    await log.transact(work)
    return log


async def ask(log: EventLog, *asked: Asked) -> Sequence[Receipt]:
    async def work(tx: Tx) -> Sequence[Receipt]:
        return await Approval(STAFF).handle(tx, asked)

    return await log.transact(work)


def decide(document: str, body: str = BODY) -> Asked:
    command = Decide(case_no=CASE, outcome="granted", document_no=document)
    return Asked(Caller("officer", document, body), document, CASE, uuid4(), command, at(days_on(1)))


async def test_exactly_one_wins_and_the_other_learns_the_outcome(make_log: MakeLog) -> None:
    log = await with_case(make_log)

    answers = [reply for (reply,) in await asyncio.gather(*(ask(log, decide(f"doc-{n}")) for n in range(8)))]

    assert sorted(answer.status for answer in answers) == ["applied", *["refused"] * 7]
    assert {(a.rule, a.state) for a in answers if a.status == "refused"} == {("already-decided", "granted")}
    assert await log.pool.fetchval("SELECT situation FROM worklist") == "granted"


async def test_another_bodys_officer_is_turned_away(make_log: MakeLog) -> None:
    log = await with_case(make_log)

    (answer,) = await ask(log, decide("doc-1", "2" * 18))

    assert (answer.status, answer.rule) == ("refused", "not-your-body")


async def test_an_unknown_case_is_said_to_be_unknown_and_stops_nobody(make_log: MakeLog) -> None:
    log = await with_case(make_log)
    stranger = decide("doc-1")
    lost = Asked(stranger.caller, "x", "x", uuid4(), stranger.command.model_copy(update={"case_no": "no-such"}), stranger.now)

    answers = await ask(log, lost, stranger)

    assert [(a.status, a.rule) for a in answers] == [("refused", "case-unknown"), ("applied", None)]
