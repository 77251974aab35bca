"""The worklist: which cases are due next for a body, kept in step with the record in its own transactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from shared.contracts import approval as facts
from shared.contracts.envelope import Envelope, Role
from shared.postgres.event_log import Tx
from shared.reference.calendar import Calendars

PAGE_MAX = 1_000
ENDED_MAX = 50
_TAKE = """
INSERT INTO worklist (case_no, journey, body, item_code, situation, accepted_at, promised_due, statutory_due,
                      calendar_version, computed_by)
SELECT case_no, journey, body, item_code, 'running', accepted_at, promised_due, statutory_due, calendar_version,
       (SELECT coalesce(max(n), 0) FROM calendar)
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::date[], $7::date[], $8::text[])
    AS t(case_no, journey, body, item_code, accepted_at, promised_due, statutory_due, calendar_version)
ON CONFLICT DO NOTHING
"""
_DECIDE = """
UPDATE worklist w SET situation = d.outcome, decided_at = d.at, document_no = d.document_no, officer_ref = d.officer_ref,
    suspended_since = NULL, procedure = NULL
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[]) AS d(case_no, outcome, at, document_no, officer_ref)
WHERE w.case_no = d.case_no
"""
_REASON = "UPDATE worklist SET reason_codes = $2, remedies = $3 WHERE case_no = $1"
_SUSPEND = """
UPDATE worklist SET situation = 'suspended', suspended_since = $2, procedure = $3, basis = $4, expected_wd = $5
WHERE case_no = $1
"""
_RESUME = """
UPDATE worklist SET situation = 'running', suspended_since = NULL, procedure = NULL, promised_due = $2, statutory_due = $3
WHERE case_no = $1
"""
_MOVE = "UPDATE worklist SET promised_due = $2, statutory_due = $3 WHERE case_no = $1"
_EXTEND = "UPDATE worklist SET promised_due = $2, statutory_due = $3, extended_wd = $4 WHERE case_no = $1"
DUE_NEXT = """
SELECT * FROM worklist WHERE situation IN ('running', 'suspended') AND ($1::text IS NULL OR body = $1)
ORDER BY situation = 'suspended', promised_due, case_no LIMIT $2
"""
_CARD = "UPDATE worklist SET card = $2 WHERE case_no = $1"
_WITHDRAW = """
UPDATE worklist SET situation = 'withdrawn', withdrawn_at = $2, officer_ref = $3, reason_codes = $4,
    suspended_since = NULL, procedure = NULL
WHERE case_no = $1
"""
ENDED = """
SELECT * FROM worklist WHERE coalesce(decided_at, withdrawn_at) IS NOT NULL AND ($1::text IS NULL OR body = $1)
ORDER BY coalesce(decided_at, withdrawn_at) DESC LIMIT $2
"""
_STAFF: frozenset[Role] = frozenset({"clerk", "officer"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case lives: its journey, the body that holds it, and up to which calendar it was computed."""

    journey: UUID
    body: str
    computed_by: int


async def keep(tx: Tx) -> None:
    """Bring the worklist in step with what this transaction appended."""
    taken = [(e, e.data) for e in tx.appended if isinstance(e.data, facts.CaseTaken)]
    if taken:
        columns = zip(*[_row(event, data) for event, data in taken], strict=True)
        await tx.execute(_TAKE, *(list(column) for column in columns))
    for event in tx.appended:
        await _follow(tx, event)
    decided = [e.data for e in tx.appended if isinstance(e.data, facts.DecisionMade)]
    if decided:
        rows = [(d.case_no, d.outcome, d.decided_at, d.document_no, d.officer_ref) for d in decided]
        await tx.execute(_DECIDE, *(list(column) for column in zip(*rows, strict=True)))
    for fact in decided:
        if fact.reason_codes or fact.remedies:
            await tx.execute(_REASON, fact.case_no, list(fact.reason_codes), list(fact.remedies or ()))


def _row(event: Envelope[Any], data: facts.CaseTaken) -> tuple[Any, ...]:
    dues = (data.promised_due, data.statutory_due)
    return (data.case_no, UUID(event.key), data.body, data.item_code, data.accepted_at, *dues, data.calendar_version)


async def _follow(tx: Tx, event: Envelope[Any]) -> None:
    match event.data:
        case facts.SpecialProcedureStarted(case_no=case_no, kind=kind, basis=basis, expected_wd=expected):
            await tx.execute(_SUSPEND, case_no, event.time, kind, basis, expected)
        case facts.SpecialProcedureEnded(case_no=case_no, promised_due=promised, statutory_due=statutory):
            await tx.execute(_RESUME, case_no, promised, statutory)
        case facts.TimeLimitExtended(case_no=case_no, promised_due=promised, statutory_due=statutory, days=days):
            await tx.execute(_EXTEND, case_no, promised, statutory, days)
        case facts.DeadlineRecomputed(case_no=case_no, promised_due=promised, statutory_due=statutory):
            await tx.execute(_MOVE, case_no, promised, statutory)
        case facts.DeadlineReminderRaised(case_no=case_no):
            await tx.execute(_CARD, case_no, "reminder")
        case facts.YellowCardIssued(case_no=case_no):
            await tx.execute(_CARD, case_no, "yellow")
        case facts.RedCardIssued(case_no=case_no):
            await tx.execute(_CARD, case_no, "red")
        case facts.CaseWithdrawn(case_no=case_no, reason_code=reason):
            entered_by = event.actor.id if event.actor.role in _STAFF else None
            await tx.execute(_WITHDRAW, case_no, event.time, entered_by, [reason])
        case _:
            return


async def places(tx: Tx, case_nos: Sequence[str]) -> dict[str, Place]:
    """Where cases live, by their numbers."""
    rows = await tx.fetch("SELECT case_no, journey, body, computed_by FROM worklist WHERE case_no = ANY($1)", list(case_nos))
    return {row["case_no"]: Place(row["journey"], row["body"], row["computed_by"]) for row in rows}


async def due_next(tx: Tx, body: str | None, today: date, calendars: Calendars, limit: int) -> list[dict[str, Any]]:
    """Undecided cases (of one body, or of all) in due order, with the working days left; below zero, those passed since.

    While its clock is stopped a case is due on no day, so those come last, and are the first to be cut off.
    """
    rows = await tx.fetch(DUE_NEXT, body, min(limit, PAGE_MAX))
    return [{**dict(row), "working_days_left": calendars.working_days_left(today, row["promised_due"])} for row in rows]


async def one(tx: Tx, case_no: str) -> dict[str, Any] | None:
    """One case as the worklist knows it, whatever became of it."""
    row = await tx.fetchrow("SELECT * FROM worklist WHERE case_no = $1", case_no)
    return None if row is None else dict(row)


async def ended_last(tx: Tx, body: str | None) -> list[dict[str, Any]]:
    """The newest decisions and withdrawals of a body, or of all."""
    return [dict(row) for row in await tx.fetch(ENDED, body, ENDED_MAX)]


async def behind(tx: Tx, aside: Sequence[UUID], limit: int) -> list[UUID]:
    """Journeys of up to `limit` open cases that were computed before the newest calendar was heard; none of `aside`."""
    rows = await tx.fetch(
        "SELECT journey FROM worklist WHERE situation IN ('running', 'suspended') "
        "AND computed_by < (SELECT max(n) FROM calendar) AND journey <> ALL($1) ORDER BY computed_by, journey LIMIT $2",
        aside,
        limit,
    )
    return sorted({row["journey"] for row in rows})


async def late(tx: Tx, journeys: Sequence[UUID]) -> list[UUID]:
    """Those of `journeys` that are behind."""
    rows = await tx.fetch(
        "SELECT DISTINCT journey FROM worklist WHERE situation IN ('running', 'suspended') "
        "AND computed_by < (SELECT max(n) FROM calendar) AND journey = ANY($1)",
        journeys,
    )
    return [row["journey"] for row in rows]


async def caught_up(tx: Tx, journeys: Sequence[UUID], newest: int) -> None:
    """The open cases of these journeys are computed by the newest calendar now."""
    await tx.execute(
        "UPDATE worklist SET computed_by = $2 WHERE situation IN ('running', 'suspended') AND journey = ANY($1)", journeys, newest
    )
