"""Who was at a venue on a day, and what came of it: the newest visit of each journey, for the desk's queue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from shared.contracts.base import Fact
from shared.contracts.envelope import Envelope
from shared.contracts.ids import journey_stream
from shared.contracts.intake import VisitRecorded, VisitVoided
from shared.contracts.wire import decode
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
WHERE p.journey = v.journey AND p.visit_id = v.visit_id RETURNING p.journey
"""
_VISITS = "SELECT body FROM event WHERE stream = ANY($1) AND type = ANY($2) ORDER BY stream, version"
_HERE = """
SELECT count(*) OVER () AS count, p.journey, p.visit_id, p.purpose, p.outcome, p.cause, p.at, j.item_code, j.subject_ref,
    c.case_no, c.receipt_no, c.situation
FROM presence p JOIN journey_index j USING (journey)
LEFT JOIN LATERAL (SELECT case_no, receipt_no, situation FROM case_index WHERE journey = p.journey
                   ORDER BY submitted_at DESC LIMIT 1) c ON true
WHERE p.venue_id = $1 AND p.local_date = $2 AND j.outcome IS NULL ORDER BY p.at DESC LIMIT $3
"""


async def keep(tx: Tx, events: Iterable[Envelope[Fact]]) -> None:
    """Bring the rows in step with what was just appended."""
    told = list(events)
    await _save(tx, told)
    voided = [(UUID(event.key), event.data.visit_id) for event in told if isinstance(event.data, VisitVoided)]
    if voided:
        left = await tx.fetch(_FORGET, [journey for journey, _ in voided], [visit for _, visit in voided])
        if left:
            # Whoever came before as well is still there: what stands now is the newest that was not taken off.
            await _save(tx, await _standing(tx, [row["journey"] for row in left]))


async def _save(tx: Tx, events: Iterable[Envelope[Fact]]) -> None:
    newest: dict[UUID, tuple[Any, ...]] = {}
    for event in events:
        journey, fact = UUID(event.key), event.data
        if isinstance(fact, VisitRecorded):
            known = newest.get(journey)
            if known is None or known[3] <= fact.local_date:
                came = (fact.purpose, fact.outcome, fact.cause, event.time)
                newest[journey] = (journey, fact.visit_id, fact.venue_id, fact.local_date, *came)
    if newest:
        rows = [newest[journey] for journey in sorted(newest)]
        await tx.execute(_SAVE, *(list(column) for column in zip(*rows, strict=True)))


async def _standing(tx: Tx, journeys: Sequence[UUID]) -> list[Envelope[Any]]:
    kinds = [str(VisitRecorded.type), str(VisitVoided.type)]
    rows = await tx.fetch(_VISITS, [journey_stream(journey) for journey in journeys], kinds)
    events = [decode(row["body"]) for row in rows]
    voided = {(event.key, event.data.visit_id) for event in events if isinstance(event.data, VisitVoided)}
    return [e for e in events if isinstance(e.data, VisitRecorded) and (e.key, e.data.visit_id) not in voided]


async def here(tx: Tx, venue_id: str, day: date) -> tuple[int, Sequence[dict[str, Any]]]:
    """How many journeys are not over whose newest visit was to this venue on this day, and the newest of them."""
    found = [dict(row) for row in await tx.fetch(_HERE, venue_id, day, HERE_MAX)]
    return (found[0]["count"] if found else 0), [{name: row[name] for name in row if name != "count"} for row in found]
