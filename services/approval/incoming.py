"""Cases on their way to a body: offered to it, or taken and waiting for its acceptance or for the applicant; heard from intake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any
from uuid import UUID

from shared.contracts.envelope import Envelope
from shared.contracts.ids import item_of_case
from shared.contracts.intake import (
    ApplicationAccepted,
    ApplicationNotAccepted,
    ApplicationWithdrawn,
    CorrectionNoticeIssued,
    CorrectionSubmitted,
    CustodyAccepted,
    CustodyOffered,
    CustodyOfferWithdrawn,
    CustodyReturned,
)
from shared.postgres.event_log import Tx

ENDED = (ApplicationAccepted, ApplicationNotAccepted, ApplicationWithdrawn)
HEARD = (
    CustodyOffered,
    CustodyAccepted,
    CustodyReturned,
    CustodyOfferWithdrawn,
    CorrectionNoticeIssued,
    CorrectionSubmitted,
    *ENDED,
)
LIST_MAX = 200
_OFFER = """
INSERT INTO incoming (case_no, journey, handover_no, item_code, from_body, from_region, to_body, medium, due, offered_at)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::date[],
                     $10::timestamptz[])
ON CONFLICT DO NOTHING
"""
# Whoever held the case before holds it no more.
_TAKE = """
WITH left_behind AS (
    DELETE FROM incoming i USING unnest($1::text[], $2::text[]) AS t(case_no, handover_no)
    WHERE i.case_no = t.case_no AND i.handover_no <> t.handover_no
)
UPDATE incoming i SET taken_at = t.at FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS t(case_no, handover_no, at)
WHERE i.case_no = t.case_no AND i.handover_no = t.handover_no
"""
_CLOSE = """
DELETE FROM incoming i USING unnest($1::text[], $2::text[]) AS t(case_no, handover_no)
WHERE i.case_no = t.case_no AND i.handover_no = t.handover_no
"""
# The applicant is told before or after a case is handed over: whoever holds it waits for the same answer.
_ASK = """
INSERT INTO correction (case_no, due) SELECT * FROM unnest($1::text[], $2::date[])
ON CONFLICT (case_no) DO UPDATE SET due = excluded.due
"""
_ANSWER = "DELETE FROM correction WHERE case_no = ANY($1)"
_END = "DELETE FROM incoming WHERE case_no = ANY($1)"
# A case that was taken and is offered on belongs to whoever it is offered to; if that comes back, its holder has it again.
_LISTED = """
SELECT i.*, c.due AS correction_due FROM incoming i LEFT JOIN correction c USING (case_no)
WHERE ($1::text IS NULL OR to_body = $1)
  AND (taken_at IS NULL OR NOT EXISTS (SELECT FROM incoming o WHERE o.case_no = i.case_no AND o.taken_at IS NULL))
ORDER BY taken_at IS NOT NULL, taken_at IS NOT NULL AND c.due IS NOT NULL, i.due, case_no LIMIT $2
"""


async def follow(tx: Tx, events: Sequence[Envelope[Any]]) -> None:
    """Bring the list in step with facts of intake; a fact that is heard again changes nothing more."""
    for turn in _turns(events):
        for statement, rows in _changes(turn):
            if rows:
                await tx.execute(statement, *(list(column) for column in zip(*rows, strict=True)))


def _changes(turn: Sequence[Envelope[Any]]) -> Iterable[tuple[str, list[tuple[Any, ...]]]]:
    facts = [(event, event.data) for event in turn]
    over = [(fact.case_no,) for _, fact in facts if isinstance(fact, ENDED)]
    answered = [(fact.case_no,) for _, fact in facts if isinstance(fact, CorrectionSubmitted) and fact.complete]
    yield _OFFER, [_row(event, fact) for event, fact in facts if isinstance(fact, CustodyOffered)]
    yield _TAKE, [(fact.case_no, fact.handover_no, event.time) for event, fact in facts if isinstance(fact, CustodyAccepted)]
    yield _CLOSE, [(f.case_no, f.handover_no) for _, f in facts if isinstance(f, CustodyReturned | CustodyOfferWithdrawn)]
    yield _ASK, [(fact.case_no, fact.due) for _, fact in facts if isinstance(fact, CorrectionNoticeIssued)]
    yield _ANSWER, answered + over
    yield _END, over


def _turns(events: Sequence[Envelope[Any]]) -> Iterable[list[Envelope[Any]]]:
    """The first fact of each case, then the second of each, and so on: what goes together in a statement keeps its order."""
    by_case: dict[str, list[Envelope[Any]]] = {}
    for event in events:
        by_case.setdefault(event.data.case_no, []).append(event)
    return ([event for event in turn if event is not None] for turn in zip_longest(*by_case.values()))


def _row(event: Envelope[Any], fact: CustodyOffered) -> tuple[Any, ...]:
    case = (fact.case_no, UUID(event.key), fact.handover_no, item_of_case(fact.case_no))
    return (*case, fact.from_body, fact.from_region, fact.to_body, fact.medium, fact.due, event.time)


async def for_body(tx: Tx, body: str | None) -> list[dict[str, Any]]:
    """What is offered to a body (or to anybody), then what it took, then what waits for the applicant; the earliest due first."""
    rows = await tx.fetch(_LISTED, body, LIST_MAX)
    return [dict(row) for row in rows]
