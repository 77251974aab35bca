"""Cases as rows: where a case is, who holds it, and who submitted it. Found by case number or by receipt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from services.intake.custody import SITUATIONS
from shared.contracts.base import Fact
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.ids import receipt_no
from shared.contracts.intake import (
    ApplicationAccepted,
    ApplicationNotAccepted,
    ApplicationReceived,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    CorrectionNoticeIssued,
    CorrectionSubmitted,
    CustodyAccepted,
    CustodyOffered,
    CustodyOfferWithdrawn,
    CustodyReturned,
    DecisionNoted,
    ResultDelivered,
    WithdrawalNoted,
)
from shared.eventsourcing.errors import VersionConflictError
from shared.postgres.event_log import Tx


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case as its newest fact left it. `due` is the day that the situation itself names, if any; an open offer has its own."""

    case_no: str
    journey: UUID
    receipt_no: str
    subject_ref: str
    item_code: str
    item_version: int
    submitted_role: str
    submitted_by: str
    submitted_at: datetime
    handling_body: str
    handling_region: str
    receiving_body: str
    receiving_region: str
    holder_body: str
    holder_region: str
    offered_body: str | None
    offered_region: str | None
    offered_due: date | None
    situation: str
    due: date | None
    changed_at: datetime


def submitted(fact: ApplicationSubmitted, journey: UUID, by: Actor, at: datetime) -> CaseRow:
    """The first row of a case."""
    return CaseRow(
        case_no=fact.case_no,
        journey=journey,
        receipt_no=receipt_no(fact.case_no),
        subject_ref=fact.subject_ref,
        item_code=fact.item_code,
        item_version=fact.item_version,
        submitted_role=by.role,
        submitted_by=by.id,
        submitted_at=at,
        handling_body=fact.handling_body,
        handling_region=fact.handling_region,
        receiving_body=fact.receiving_body,
        receiving_region=fact.receiving_region,
        holder_body=fact.receiving_body,
        holder_region=fact.receiving_region,
        offered_body=None,
        offered_region=None,
        offered_due=None,
        situation="submitted",
        due=None,
        changed_at=at,
    )


def row_after(row: CaseRow, fact: Any, at: datetime) -> CaseRow:
    """The row after one more fact of its case; a fact that changes nothing here leaves it as it is."""
    match fact:
        case ApplicationReceived():
            return replace(row, situation="received", due=None, changed_at=at)
        case CorrectionNoticeIssued():
            return replace(row, situation="in-correction", due=fact.due, changed_at=at)
        case CorrectionSubmitted():
            return replace(row, situation="received", due=None, changed_at=at) if fact.complete else row
        case ApplicationAccepted():
            held = replace(row, holder_body=fact.accepted_body, holder_region=fact.accepted_region)
            return replace(held, situation="accepted", due=fact.promised_due, changed_at=at)
        case ApplicationNotAccepted():
            return replace(row, situation="not-accepted", due=None, changed_at=at)
        case ApplicationWithdrawn() | WithdrawalNoted():
            return replace(_unoffered(row, at), situation="withdrawn", due=None)
        case DecisionNoted():
            return replace(row, situation="decided", due=None, changed_at=at)
        case ResultDelivered():
            return replace(row, situation="delivered", due=None, changed_at=at)
        case CustodyOffered():
            return replace(row, offered_body=fact.to_body, offered_region=fact.to_region, offered_due=fact.due, changed_at=at)
        case CustodyAccepted() if row.offered_body is not None and row.offered_region is not None:
            return _unoffered(replace(row, holder_body=row.offered_body, holder_region=row.offered_region), at)
        case CustodyReturned() | CustodyOfferWithdrawn():
            return _unoffered(row, at)
        case _:
            return row


def _unoffered(row: CaseRow, at: datetime) -> CaseRow:
    return replace(row, offered_body=None, offered_region=None, offered_due=None, changed_at=at)


_COLUMNS = tuple(column.name for column in fields(CaseRow))
_VALUES = attrgetter(*_COLUMNS)
_TYPES = {
    "journey": "uuid",
    "item_version": "int",
    "submitted_at": "timestamptz",
    "offered_due": "date",
    "due": "date",
    "changed_at": "timestamptz",
}
_CHANGING = ("holder_body", "holder_region", "offered_body", "offered_region", "offered_due", "situation", "due", "changed_at")
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM case_index"
_SAVE = (
    f"INSERT INTO case_index ({', '.join(_COLUMNS)}) SELECT * FROM unnest("
    + ", ".join(f"${n}::{_TYPES.get(name, 'text')}[]" for n, name in enumerate(_COLUMNS, 1))
    + ") ON CONFLICT (case_no) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _CHANGING)
    + " WHERE case_index.journey = excluded.journey"
)


async def load(tx: Tx, case_nos: Collection[str]) -> dict[str, CaseRow]:
    """The rows of these cases, by number."""
    if not case_nos:
        return {}
    rows = await tx.fetch(f"{_SELECT} WHERE case_no = ANY($1)", list(case_nos))
    return {row["case_no"]: CaseRow(*row) for row in rows}


async def keep(tx: Tx, events: Iterable[Envelope[Fact]]) -> None:
    """Bring the rows in step with what was just appended. The streams are locked, so nobody else moves these cases.

    Raises `VersionConflictError` if a new case has the number of one on another journey, which was not there a moment ago.
    """
    of_cases = [event for event in events if getattr(event.data, "case_no", None) is not None]
    begun = {event.data.case_no for event in of_cases if isinstance(event.data, ApplicationSubmitted)}
    known = {event.data.case_no for event in of_cases} - begun  # type: ignore[attr-defined]
    rows = await load(tx, known)
    for event in of_cases:
        fact: Any = event.data
        if isinstance(fact, ApplicationSubmitted):
            rows[fact.case_no] = submitted(fact, UUID(event.key), event.actor, event.time)
        elif fact.case_no in rows:
            rows[fact.case_no] = row_after(rows[fact.case_no], fact, event.time)
    if rows:
        in_order = [_VALUES(rows[case_no]) for case_no in sorted(rows)]
        saved = await tx.execute(_SAVE, *(list(column) for column in zip(*in_order, strict=True)))
        if int(saved.split()[-1]) < len(in_order):
            raise VersionConflictError


async def by_receipt(tx: Tx, number: str) -> CaseRow | None:
    """The case behind a receipt."""
    row = await tx.fetchrow(f"{_SELECT} WHERE receipt_no = $1", number)
    return None if row is None else CaseRow(*row)


async def between_cities(tx: Tx, limit: int) -> Sequence[CaseRow]:
    """The newest cases that one city received for another and that are not over."""
    rows = await tx.fetch(
        f"{_SELECT} WHERE left(receiving_region, 4) <> left(handling_region, 4) "
        "AND situation IN ('received', 'accepted', 'decided') ORDER BY submitted_at DESC LIMIT $1",
        limit,
    )
    return [CaseRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Desk:
    """Which cases somebody may see: those of a body, of a region (a prefix of its code), of a submitter, or all."""

    body: str | None = None
    region_prefix: str | None = None
    submitter: str | None = None


# Each branch walks one index in the order of case numbers and stops at the limit, however many cases there are.
_LISTED = """
SELECT l.case_no FROM unnest($3::text[]) AS s(situation) CROSS JOIN LATERAL (
    SELECT case_no FROM case_index WHERE {test} AND situation = s.situation AND case_no > $1
    AND ($4::text IS NULL OR item_code = $4) ORDER BY case_no LIMIT $2) l
"""
_OF_BODY = ("holder_body = $5", "handling_body = $5", "offered_body = $5")
_OF_SUBMITTER = ("submitted_role = 'portal' AND submitted_by = $5",)
# Whoever sees a whole region finds the next cases nearby.
_OF_REGION = f"""
{_SELECT} WHERE case_no > $1 AND situation = ANY($3) AND ($4::text IS NULL OR item_code = $4)
AND (starts_with(holder_region, $5) OR starts_with(handling_region, $5)) ORDER BY case_no LIMIT $2
"""


def listing(desk: Desk) -> str:
    """The statement that lists the cases of a desk."""
    if desk.body is None and desk.submitter is None:
        return _OF_REGION
    listed = " UNION ".join(_LISTED.format(test=test) for test in (_OF_SUBMITTER if desk.body is None else _OF_BODY))
    return f"{_SELECT} WHERE case_no = ANY(ARRAY(SELECT case_no FROM ({listed}) u ORDER BY case_no LIMIT $2)) ORDER BY case_no"


async def at_desk(tx: Tx, desk: Desk, *, situation: str | None, item_code: str | None, after: str, limit: int) -> Sequence[CaseRow]:
    """Up to `limit` cases behind `after`, by case number, as far as `desk` may see them."""
    situations = SITUATIONS if situation is None else (situation,)
    whose = desk.body or desk.submitter or desk.region_prefix or ""
    return [CaseRow(*row) for row in await tx.fetch(listing(desk), after, limit, situations, item_code, whose)]
