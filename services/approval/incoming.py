"""Cases on their way to a body: offered to it, or taken and waiting for its acceptance or for the applicant; heard from intake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import zip_longest
from typing import Any, Literal
from uuid import UUID

from shared.contracts.envelope import Envelope
from shared.contracts.ids import item_of_case
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
)
from shared.postgres.event_log import Tx
from shared.postgres.pool import Row
from shared.reference.calendar import Calendars
from shared.reference.deadlines import correction_notice_due, local_date, notice_clock
from shared.reference.regions import is_from_afar

ENDED = (ApplicationAccepted, ApplicationNotAccepted, ApplicationWithdrawn)
HEARD = (
    ApplicationSubmitted,
    ApplicationReceived,
    CustodyOffered,
    CustodyAccepted,
    CustodyReturned,
    CustodyOfferWithdrawn,
    CorrectionNoticeIssued,
    CorrectionSubmitted,
    *ENDED,
)
LIST_MAX = 200
Clock = Literal["offer", "acceptance", "correction", "unreceived", "elsewhere", "unknown"]
"""Whose time runs: that of whoever is offered the case, has to accept it, or has to bring what is missing. Or why nobody's does."""
_ARRIVE = """
INSERT INTO arrival (case_no, handling_body, from_afar) SELECT * FROM unnest($1::text[], $2::text[], $3::boolean[])
ON CONFLICT DO NOTHING
"""
_COMPLETE = """
UPDATE arrival a SET complete_since = t.at FROM unnest($1::text[], $2::timestamptz[]) AS t(case_no, at)
WHERE a.case_no = t.case_no
"""
_FORGET = "DELETE FROM arrival WHERE case_no = ANY($1)"
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
_OF_ARRIVAL = ("handling_body", "from_afar", "complete_since")
# A case that was taken and is offered on belongs to whoever it is offered to; if that comes back, its holder has it again.
_LISTED = """
SELECT i.*, c.due AS correction_due, a.handling_body, a.from_afar, a.complete_since
FROM incoming i LEFT JOIN correction c USING (case_no) LEFT JOIN arrival a USING (case_no)
WHERE ($1::text IS NULL OR to_body = $1)
  AND (taken_at IS NULL OR NOT EXISTS (SELECT FROM incoming o WHERE o.case_no = i.case_no AND o.taken_at IS NULL))
ORDER BY taken_at IS NOT NULL, taken_at IS NOT NULL AND c.due IS NOT NULL, CASE WHEN taken_at IS NULL THEN i.due ELSE c.due END,
    taken_at, case_no
LIMIT $2
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
    answered = [(event, fact.case_no) for event, fact in facts if isinstance(fact, CorrectionSubmitted) and fact.complete]
    received = [(fact.case_no, fact.received_at) for _, fact in facts if isinstance(fact, ApplicationReceived)]
    yield _ARRIVE, [(f.case_no, f.handling_body, _is_from_afar(f)) for _, f in facts if isinstance(f, ApplicationSubmitted)]
    yield _COMPLETE, received + [(case_no, event.time) for event, case_no in answered]
    yield _OFFER, [_row(event, fact) for event, fact in facts if isinstance(fact, CustodyOffered)]
    yield _TAKE, [(fact.case_no, fact.handover_no, event.time) for event, fact in facts if isinstance(fact, CustodyAccepted)]
    yield _CLOSE, [(f.case_no, f.handover_no) for _, f in facts if isinstance(f, CustodyReturned | CustodyOfferWithdrawn)]
    yield _ASK, [(fact.case_no, fact.due) for _, fact in facts if isinstance(fact, CorrectionNoticeIssued)]
    yield _ANSWER, [(case_no,) for _, case_no in answered] + over
    yield _END, over
    yield _FORGET, over


def _turns(events: Sequence[Envelope[Any]]) -> Iterable[list[Envelope[Any]]]:
    """The first fact of each case, then the second of each, and so on: what goes together in a statement keeps its order."""
    by_case: dict[str, list[Envelope[Any]]] = {}
    for event in events:
        by_case.setdefault(event.data.case_no, []).append(event)
    return ([event for event in turn if event is not None] for turn in zip_longest(*by_case.values()))


def _is_from_afar(fact: ApplicationSubmitted) -> bool:
    return is_from_afar(fact.receiving_region, fact.handling_region, fact.handling_level)


def _row(event: Envelope[Any], fact: CustodyOffered) -> tuple[Any, ...]:
    case = (fact.case_no, UUID(event.key), fact.handover_no, item_of_case(fact.case_no))
    return (*case, fact.from_body, fact.from_region, fact.to_body, fact.medium, fact.due, event.time)


async def for_body(tx: Tx, body: str | None, today: date, calendars: Calendars) -> list[dict[str, Any]]:
    """What is offered to a body (or to anybody), then what it took, then what waits for the applicant; the earliest due first.

    Each says whose time runs, until when it is to be answered, and how many working days are left; no day where nobody's runs; and
    whether intake lets the body accept it by now.
    """
    told = [_told(row, today, calendars) for row in await tx.fetch(_LISTED, body, LIST_MAX)]
    return sorted(told, key=_urgency)


def _told(row: Row, today: date, calendars: Calendars) -> dict[str, Any]:
    clock, due = _clock(row, calendars)
    told: dict[str, Any] = {name: value for name, value in dict(row).items() if name not in _OF_ARRIVAL}
    told |= {"clock": clock, "answer_by": due, "working_days_left": None, "provisional": None}
    told["may_accept"] = _may_accept(row, clock)
    if due is not None:
        told["working_days_left"] = calendars.working_days_left(today, due)
    if due is not None and clock == "acceptance":
        # What was told with an offer or a notice stays; only what is counted here may move.
        told["provisional"] = calendars.provisional_year(local_date(row["complete_since"]), due)
    return told


def _clock(row: Row, calendars: Calendars) -> tuple[Clock, date | None]:
    if row["taken_at"] is None:
        return "offer", row["due"]
    if row["correction_due"] is not None:
        return "correction", row["correction_due"]
    if row["handling_body"] is None:
        return "unknown", None
    if row["complete_since"] is None:
        return "unreceived", None
    is_handler = row["to_body"] == row["handling_body"]
    start = notice_clock(row["complete_since"], row["taken_at"], from_afar=row["from_afar"], at_handler=is_handler)
    if start is None:
        return "elsewhere", None
    return "acceptance", correction_notice_due(local_date(start), calendars)


def _may_accept(row: Row, clock: Clock) -> bool:
    # A body may hold what another one decides. Which one that is, of what came before an upgrade, only intake knows.
    return clock == "unknown" or (clock == "acceptance" and row["to_body"] == row["handling_body"])


def _urgency(told: dict[str, Any]) -> tuple[bool, bool, date, str]:
    return told["taken_at"] is not None, told["clock"] == "correction", told["answer_by"] or date.max, told["case_no"]
