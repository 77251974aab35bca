"""The table of messages owed: what is next, what is on its way, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notify.policy import Notice
from shared.contracts.envelope import Envelope
from shared.postgres.event_log import Tx

WAIT_MAX_S = 900.0
"""The longest pause between two attempts."""
_OWE = """
INSERT INTO intent (intent_id, journey, case_no, cause_event, template, recipient_role, channel, state, next_attempt_at,
                    requested_at, city)
SELECT intent_id, journey, case_no, cause, template, role, channel,
       CASE WHEN suppressed THEN 'suppressed' ELSE 'waiting' END, clock_timestamp(), at, city
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::bool[],
            $9::timestamptz[], $10::text[])
    AS n(intent_id, journey, case_no, cause, template, role, channel, suppressed, at, city)
ON CONFLICT DO NOTHING
"""
# Whoever takes a message has it until its time is over. `sending`: it was handed over, and nobody recorded the end, so it may
# have reached its person.
# One that waits longer than any has to was put off before the clock was set back. If it was handed over then, its hand-over
# may still be under way.
# Cities take turns, each with its oldest message: a city that owes ten thousand delays its own and nobody else's.
_TAKE = """
WITH RECURSIVE put_off AS (
    UPDATE intent SET next_attempt_at = clock_timestamp() + CASE state WHEN 'sending' THEN $2 ELSE 0 END * interval '1 second'
    WHERE state IN ('waiting', 'sending') AND next_attempt_at > statement_timestamp() + $3 * interval '1 second'
), owing AS (
    SELECT min(city) AS city FROM intent WHERE state IN ('waiting', 'sending')
    UNION ALL
    SELECT (SELECT min(city) FROM intent i WHERE i.state IN ('waiting', 'sending') AND i.city > owing.city)
    FROM owing WHERE owing.city IS NOT NULL
), due AS (
    SELECT intent_id, next_attempt_at, row_number() OVER (PARTITION BY city ORDER BY next_attempt_at) AS turn
    FROM owing CROSS JOIN LATERAL (
        SELECT intent_id, next_attempt_at FROM intent i
        WHERE i.state IN ('waiting', 'sending') AND i.city = owing.city AND next_attempt_at <= statement_timestamp()
        ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS oldest
)
UPDATE intent SET next_attempt_at = clock_timestamp() + $2 * interval '1 second'
WHERE intent_id IN (SELECT intent_id FROM due ORDER BY turn, next_attempt_at LIMIT $1)
RETURNING intent_id, journey, case_no, template, channel, requested_at, attempt, state = 'sending' AS unknown, repeated,
    next_attempt_at
"""
_BEGIN = """
UPDATE intent SET state = 'sending', attempt = attempt + 1, repeated = state = 'sending',
    next_attempt_at = clock_timestamp() + $3 * interval '1 second'
WHERE intent_id = $1 AND next_attempt_at = $2 RETURNING attempt, next_attempt_at
"""
_SHOWN = "SELECT intent_id, journey, case_no, template, channel, state, attempt, reason_code, requested_at FROM intent"
_NEWEST = f"{_SHOWN} ORDER BY requested_at DESC LIMIT $1"
# A statement of its own: where no state may be meant as well, a plan for both walks every message to find a rare one.
_NEWEST_OF_STATE = f"{_SHOWN} WHERE state = $2 ORDER BY requested_at DESC LIMIT $1"
_STILL_MINE = "WHERE intent_id = $1 AND next_attempt_at = $4"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A message that somebody has until `until`, and the number of its newest attempt.

    `unknown`: an earlier attempt's end is not known. `repeated`: one was made since, and its end is not known either.
    """

    intent_id: UUID
    journey: UUID
    case_no: str
    template: str
    channel: str
    requested_at: datetime
    number: int
    unknown: bool
    repeated: bool
    until: datetime


async def owe(tx: Tx, notices: Sequence[tuple[Envelope[Any], Notice]]) -> None:
    """Write down messages owed; one that is written already stays as it is.

    It is owed since government knew of its cause, which may have happened long before.
    """
    if not notices:
        return
    rows = [
        (
            notice.intent_id,
            UUID(event.key),
            notice.case_no,
            notice.cause,
            notice.template,
            notice.recipient_role,
            notice.channel,
            notice.suppressed,
            event.known,
            notice.city,
        )
        for event, notice in notices
    ]
    await tx.execute(_OWE, *(list(column) for column in zip(*rows, strict=True)))


async def take(tx: Tx, limit: int, unknown_after_s: float) -> list[Attempt]:
    """Up to `limit` messages that are due, of each city in turn; nobody else gets them within `unknown_after_s` seconds."""
    rows = await tx.fetch(_TAKE, limit, unknown_after_s, WAIT_MAX_S)
    return [
        Attempt(
            r["intent_id"],
            r["journey"],
            r["case_no"],
            r["template"],
            r["channel"],
            r["requested_at"],
            r["attempt"],
            r["unknown"],
            r["repeated"],
            r["next_attempt_at"],
        )
        for r in rows
    ]


async def begin(tx: Tx, attempt: Attempt, unknown_after_s: float) -> Attempt | None:
    """Count one more attempt, before the provider is called. None if somebody else has the message by now."""
    row = await tx.fetchrow(_BEGIN, attempt.intent_id, attempt.until, unknown_after_s)
    return None if row is None else replace(attempt, number=row["attempt"], until=row["next_attempt_at"])


async def postpone(tx: Tx, attempt: Attempt, reason_code: str, seconds: float) -> None:
    """Leave a message as it is, to be taken again in `seconds`. Who has it no more has no say."""
    await tx.execute(
        f"UPDATE intent SET reason_code = $2, next_attempt_at = clock_timestamp() + $3 * interval '1 second' {_STILL_MINE}",
        attempt.intent_id,
        reason_code,
        seconds,
        attempt.until,
    )


async def sent(tx: Tx, attempt: Attempt) -> None:
    """The provider has the message."""
    await tx.execute("UPDATE intent SET state = 'sent', next_attempt_at = NULL WHERE intent_id = $1", attempt.intent_id)


async def failed(tx: Tx, attempt: Attempt, reason_code: str, retry_in_s: float | None) -> None:
    """The attempt failed; another follows in `retry_in_s` seconds, or none. Who has the message no more has no say."""
    await tx.execute(
        "UPDATE intent SET state = CASE WHEN $3::float8 IS NULL THEN 'failed' WHEN $5 THEN 'sending' ELSE 'waiting' END, "
        f"repeated = false, reason_code = $2, next_attempt_at = clock_timestamp() + $3::float8 * interval '1 second' {_STILL_MINE}",
        attempt.intent_id,
        reason_code,
        retry_in_s,
        attempt.until,
        attempt.unknown,
    )


async def newest(tx: Tx, state: str | None, limit: int) -> list[dict[str, Any]]:
    """The newest messages, without anybody's address."""
    if state is None:
        return [dict(row) for row in await tx.fetch(_NEWEST, limit)]
    return [dict(row) for row in await tx.fetch(_NEWEST_OF_STATE, limit, state)]
