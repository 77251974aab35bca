"""The clerk's desk as rows: who is in the hall today, what is to be done, and how to find a journey."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.intake.cases import Desk
from shared.postgres.event_log import Tx

TO_DO_MAX = 60
FOUND_MAX = 20
_SUBJECT = re.compile(r"^[0-9a-f]{8,32}$")
_ID_NO = re.compile(r"^[0-9A-Z]{6,18}$")
# A case is one body's to act on at a time: what is offered to us comes first, what we offered waits for the other. The day of an
# offer is its own, also where its applicant has a day to bring something by.
_TO_DO = """
WITH mine AS (
    SELECT case_no, journey, receipt_no, item_code, situation, changed_at, holder_body, receiving_body, offered_body,
           handling_body, handling_region, CASE WHEN offered_body IS NULL THEN due ELSE offered_due END AS due,
           CASE WHEN {offered} THEN 'offered' WHEN offered_body IS NOT NULL THEN 'waiting'
                WHEN situation = 'in-correction' THEN 'correction' WHEN situation = 'decided' THEN 'deliver'
                WHEN NOT {held} THEN NULL WHEN situation = 'submitted' THEN 'receive' ELSE 'check' END AS task
    FROM case_index
    WHERE situation IN ('submitted', 'received', 'in-correction', 'decided') AND ({offered} OR {held} OR {received})),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY task ORDER BY due NULLS LAST, changed_at) AS place,
           count(*) OVER (PARTITION BY task) AS of_task FROM mine WHERE task IS NOT NULL)
SELECT * FROM ranked WHERE place <= $2 ORDER BY task, place
"""


def _sql(desk: Desk) -> str:
    if desk.body is not None:
        test = "{} = $1"
        columns = {"offered": "offered_body", "held": "holder_body", "received": "receiving_body"}
    else:
        test = "starts_with({}, $1)"
        columns = {"offered": "offered_region", "held": "holder_region", "received": "receiving_region"}
    tests = {name: f"coalesce({test.format(column)}, false)" for name, column in columns.items()}
    where = {name: test.format(column) for name, column in columns.items()}
    head, tail = _TO_DO.split("WHERE situation IN", 1)
    # A test inside coalesce would keep the condition from its index.
    return head.format(**tests) + "WHERE situation IN" + tail.format(**where)


async def to_do(tx: Tx, desk: Desk) -> dict[str, dict[str, Any]]:
    """The open cases of a desk by task, each with its number and the most urgent first."""
    rows = await tx.fetch(_sql(desk), desk.body or desk.region_prefix or "nowhere", TO_DO_MAX)
    tasks: dict[str, dict[str, Any]] = {}
    for row in rows:
        task = tasks.setdefault(row["task"], {"count": row["of_task"], "cases": []})
        task["cases"].append({k: v for k, v in dict(row).items() if k not in ("task", "place", "of_task")})
    return tasks


_FIND_CASE = "SELECT DISTINCT journey FROM case_index WHERE receipt_no = $1 OR case_no = $2"
_FIND_PERSON = """
SELECT journey FROM journey_index WHERE subject_ref BETWEEN $1 AND $1 || 'g'
ORDER BY outcome IS NOT NULL, first_contact DESC LIMIT $2
"""


async def find(tx: Tx, text: str, pseudonym_of: Any) -> Sequence[UUID]:
    """The journeys that a receipt number, case number, pseudonym or ID number leads to; open ones and newer ones first.

    People type without minding capitals, so only a case number, which holds the code of an item, has to be spelled right.
    Of a pseudonym the first eight letters do, which is what a desk shows; an ID number may look like those and comes first.
    """
    rows = await tx.fetch(_FIND_CASE, text.upper(), text)
    if rows:
        return [row["journey"] for row in rows]
    subjects = [pseudonym_of(text.upper())] if _ID_NO.match(text.upper()) else []
    subjects += [text.lower()] if _SUBJECT.match(text.lower()) else []
    for subject in subjects:
        if rows := await tx.fetch(_FIND_PERSON, subject, FOUND_MAX):
            return [row["journey"] for row in rows]
    return []


async def heads(tx: Tx, journeys: Sequence[UUID]) -> list[dict[str, Any]]:
    """What a list shows of journeys, in the order given."""
    rows = await tx.fetch(
        "SELECT j.journey, j.item_code, j.first_contact, j.outcome, c.case_no, c.receipt_no, c.situation "
        "FROM unnest($1::uuid[]) WITH ORDINALITY AS w(journey, n) JOIN journey_index j USING (journey) "
        "LEFT JOIN LATERAL (SELECT case_no, receipt_no, situation FROM case_index WHERE journey = j.journey "
        "ORDER BY submitted_at DESC LIMIT 1) c ON true ORDER BY w.n",
        list(journeys),
    )
    return [dict(row) for row in rows]
