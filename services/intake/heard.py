"""What the other services recorded of a journey and its applicant is told: messages, what moved the promised day, and refusals.

Read tables only: nothing is decided by them, and hearing the same again leaves them as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from shared.contracts import approval, notify
from shared.contracts.envelope import Envelope
from shared.postgres.event_log import Tx

HEARD = frozenset(
    str(model.type)
    for model in (
        notify.NotificationRequested,
        notify.NotificationSent,
        notify.NotificationFailed,
        approval.SpecialProcedureStarted,
        approval.SpecialProcedureEnded,
        approval.TimeLimitExtended,
        approval.DeadlineRecomputed,
        approval.DecisionMade,
    )
)
# Every message follows a fact of this record, and that fact names its case.
_OWE = """
INSERT INTO letter (intent_id, journey, template, channel, state, at, case_no)
SELECT intent_id, journey, template, channel, 'waiting', at, convert_from(cause.body, 'utf8')::json -> 'data' ->> 'case_no'
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::uuid[])
    AS owed(intent_id, journey, template, channel, at, cause_event)
LEFT JOIN event cause ON cause.id = owed.cause_event
ON CONFLICT (intent_id) DO NOTHING
"""
_MESSAGES = """
SELECT template, channel, state, at FROM letter WHERE journey = $1 AND (case_no = $2 OR (case_no IS NULL AND $3::boolean))
ORDER BY at DESC LIMIT 100
"""
_BECAME = """
UPDATE letter m SET state = n.state, at = n.at
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS n(intent_id, state, at) WHERE m.intent_id = n.intent_id
"""
_MOVED = """
INSERT INTO clock_move (journey, sequence, case_no, fact, at, reason, days, promised_due)
SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::int[], $8::date[])
ON CONFLICT (journey, sequence) DO NOTHING
"""
_REFUSED = """
INSERT INTO refusal (case_no, reason_codes, remedies) VALUES ($1, $2, $3) ON CONFLICT (case_no) DO NOTHING
"""


async def hear(tx: Tx, events: Sequence[Envelope[Any]]) -> None:
    """Keep what `events` tell."""
    owed, became, moved = list[tuple[Any, ...]](), dict[UUID, tuple[Any, ...]](), list[tuple[Any, ...]]()
    for event in events:
        match event.data:
            case notify.NotificationRequested(suppressed=False) as fact:
                owed.append((fact.intent_id, UUID(event.key), fact.template, fact.channel, event.time, fact.cause_event))
            case notify.NotificationSent(intent_id=intent_id):
                became[intent_id] = (intent_id, "sent", event.time)
            case notify.NotificationFailed(intent_id=intent_id) as fact:
                became[intent_id] = (intent_id, _failed(fact), event.time)
            case notify.NotificationRequested() | approval.DecisionMade(outcome="granted"):
                continue
            case approval.DecisionMade(case_no=case_no, reason_codes=reasons, remedies=remedies):
                await tx.execute(_REFUSED, case_no, list(reasons), list(remedies))
            case fact:
                moved.append(_move(event, fact))
    await _each(tx, _OWE, owed)
    await _each(tx, _BECAME, list(became.values()))
    await _each(tx, _MOVED, moved)


def _failed(fact: notify.NotificationFailed) -> str:
    if not fact.final:
        return "waiting"
    # It may have arrived: that it did not would be said of what nobody knows.
    return "unconfirmed" if fact.reason_code == notify.UNCONFIRMED else "failed"


def _move(event: Envelope[Any], fact: Any) -> tuple[Any, ...]:
    reason, days, due = None, None, None
    match fact:
        case approval.SpecialProcedureStarted():
            reason, days = str(fact.kind), fact.expected_wd
        case approval.SpecialProcedureEnded():
            reason, due = str(fact.result), fact.promised_due
        case approval.TimeLimitExtended():
            reason, days, due = fact.reason_code, fact.days, fact.promised_due
        case approval.DeadlineRecomputed():
            due = fact.promised_due
        case _:
            raise AssertionError("nobody asked for another event")
    return (UUID(event.key), event.sequence, fact.case_no, event.type.split(".")[2], event.time, reason, days, due)


async def _each(tx: Tx, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        await tx.execute(sql, *(list(column) for column in zip(*rows, strict=True)))


async def messages_of(tx: Tx, journey: UUID, case_no: str, *, alone: bool) -> list[dict[str, Any]]:
    """The messages about a case, newest first. Those of an unknown case are its own if it is `alone` on its journey."""
    rows = await tx.fetch(_MESSAGES, journey, case_no, alone)
    return [dict(row) for row in rows]


async def moves_of(tx: Tx, case_nos: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """What happened to the time of each of these cases, in order."""
    rows = await tx.fetch(
        "SELECT case_no, fact, at, reason, days, promised_due FROM clock_move WHERE case_no = ANY($1) ORDER BY sequence LIMIT 1000",
        list(case_nos),
    )
    moves: dict[str, list[dict[str, Any]]] = {case_no: [] for case_no in case_nos}
    for row in rows:
        moves[row["case_no"]].append(dict(row))
    return moves


async def refusal_of(tx: Tx, case_no: str) -> dict[str, Any] | None:
    """Why a case was refused and what may be done about it; None if it was not, or was before anybody here listened."""
    row = await tx.fetchrow("SELECT reason_codes, remedies FROM refusal WHERE case_no = $1", case_no)
    return None if row is None else dict(row)
