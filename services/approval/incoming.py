"""Cases on their way to a body: offered to it, or taken and waiting for its acceptance; heard from intake's topic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.envelope import Envelope
from shared.contracts.ids import item_of_case
from shared.contracts.intake import (
    ApplicationAccepted,
    ApplicationNotAccepted,
    ApplicationWithdrawn,
    CustodyAccepted,
    CustodyOffered,
    CustodyOfferWithdrawn,
    CustodyReturned,
)
from shared.postgres.event_log import Tx

HEARD = (
    CustodyOffered,
    CustodyAccepted,
    CustodyReturned,
    CustodyOfferWithdrawn,
    ApplicationAccepted,
    ApplicationNotAccepted,
    ApplicationWithdrawn,
)
LIST_MAX = 200
# A case that was taken and is offered on belongs to whoever it is offered to now.
_OFFER = """
INSERT INTO incoming (case_no, journey, handover_no, item_code, from_body, from_region, to_body, medium, due, offered_at, taken_at)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::date[],
                     $10::timestamptz[], $11::timestamptz[])
ON CONFLICT (case_no) DO UPDATE SET handover_no = excluded.handover_no, from_body = excluded.from_body,
    from_region = excluded.from_region, to_body = excluded.to_body, medium = excluded.medium, due = excluded.due,
    offered_at = excluded.offered_at, taken_at = excluded.taken_at
"""
_TAKE = (
    "UPDATE incoming i SET taken_at = t.at FROM unnest($1::text[], $2::timestamptz[]) AS t(case_no, at) WHERE i.case_no = t.case_no"
)
_GONE = "DELETE FROM incoming WHERE case_no = ANY($1)"


async def follow(tx: Tx, events: Sequence[Envelope[Any]]) -> None:
    """Bring the list in step with facts of intake; a fact that is heard again changes nothing more."""
    offered: dict[str, tuple[Any, ...]] = {}
    taken: dict[str, datetime] = {}
    gone: set[str] = set()
    for event in events:
        fact = event.data
        match fact:
            case CustodyOffered():
                offered[fact.case_no] = _row(event, fact)
                gone.discard(fact.case_no)
                taken.pop(fact.case_no, None)
            case CustodyAccepted():
                taken[fact.case_no] = event.time
            case _:
                gone.add(fact.case_no)
    rows = [(*row, taken.pop(case_no, None)) for case_no, row in sorted(offered.items()) if case_no not in gone]
    if rows:
        await tx.execute(_OFFER, *(list(column) for column in zip(*rows, strict=True)))
    if taken:
        await tx.execute(_TAKE, list(taken), list(taken.values()))
    if gone:
        await tx.execute(_GONE, sorted(gone))


def _row(event: Envelope[Any], fact: CustodyOffered) -> tuple[Any, ...]:
    case = (fact.case_no, UUID(event.key), fact.handover_no, item_of_case(fact.case_no))
    return (*case, fact.from_body, fact.from_region, fact.to_body, fact.medium, fact.due, event.time)


async def for_body(tx: Tx, body: str | None) -> list[dict[str, Any]]:
    """What is offered to a body (or to anybody), then what it took; the earliest due first."""
    rows = await tx.fetch(
        "SELECT * FROM incoming WHERE $1::text IS NULL OR to_body = $1 ORDER BY taken_at IS NOT NULL, due, case_no LIMIT $2",
        body,
        LIST_MAX,
    )
    return [dict(row) for row in rows]
