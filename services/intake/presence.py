"""Who was at a venue on a day, and what came of it: the newest visit of each journey, for the desk's queue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from shared.contracts.base import Fact
from shared.contracts.envelope import Envelope
from shared.contracts.intake import VisitRecorded, VisitVoided
from shared.postgres.event_log import Tx

HERE_MAX = 100
# An older day may be recorded later, as imports do: the newest day stays.
_SAVE = """
INSERT INTO presence (journey, visit_id, venue_id, local_date, purpose, outcome, cause, at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::date[], $5::text[], $6::text[], $7::text[], $8::timestamptz[])
ON CONFLICT (journey) DO UPDATE SET visit_id = excluded.visit_id, venue_id = excluded.venue_id,
    local_date = excluded.local_date, purpose = excluded.purpose, outcome = excluded.outcome, cause = excluded.cause,
    at = excluded.at
WHERE presence.local_date <= excluded.local_date
"""
_FORGET = """
DELETE FROM presence p USING unnest($1::uuid[], $2::uuid[]) AS v(journey, visit_id)
WHERE p.journey = v.journey AND p.visit_id = v.visit_id
"""
_HERE = """
SELECT p.journey, p.visit_id, p.purpose, p.outcome, p.cause, p.at, j.item_code, j.subject_ref, c.case_no, c.receipt_no, c.situation
FROM presence p JOIN journey_index j USING (journey)
LEFT JOIN LATERAL (SELECT case_no, receipt_no, situation FROM case_index WHERE journey = p.journey
                   ORDER BY submitted_at DESC LIMIT 1) c ON true
WHERE p.venue_id = $1 AND p.local_date = $2 AND j.outcome IS NULL ORDER BY p.at DESC LIMIT $3
"""


async def keep(tx: Tx, events: Iterable[Envelope[Fact]]) -> None:
    """Bring the rows in step with what was just appended."""
    newest: dict[UUID, tuple[Any, ...]] = {}
    voided: list[tuple[UUID, UUID]] = []
    for event in events:
        journey, fact = UUID(event.key), event.data
        if isinstance(fact, VisitRecorded):
            known = newest.get(journey)
            if known is None or known[3] <= fact.local_date:
                came = (fact.purpose, fact.outcome, fact.cause, event.time)
                newest[journey] = (journey, fact.visit_id, fact.venue_id, fact.local_date, *came)
        elif isinstance(fact, VisitVoided):
            voided.append((journey, fact.visit_id))
    if newest:
        rows = [newest[journey] for journey in sorted(newest)]
        await tx.execute(_SAVE, *(list(column) for column in zip(*rows, strict=True)))
    if voided:
        await tx.execute(_FORGET, [journey for journey, _ in voided], [visit for _, visit in voided])


async def here(tx: Tx, venue_id: str, day: date) -> Sequence[dict[str, Any]]:
    """The journeys that are not over and whose newest visit was to this venue on this day, newest first."""
    return [dict(row) for row in await tx.fetch(_HERE, venue_id, day, HERE_MAX)]
