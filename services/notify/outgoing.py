"""The table of messages owed: what is next, what is on its way, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.notify.policy import Notice
from shared.contracts.envelope import Envelope
from shared.postgres.event_log import Tx

_OWE = """
INSERT INTO intent (intent_id, journey, case_no, cause_event, template, recipient_role, channel, state, next_attempt_at,
                    requested_at)
SELECT intent_id, journey, case_no, cause, template, role, channel,
       CASE WHEN suppressed THEN 'suppressed' ELSE 'waiting' END, clock_timestamp(), at
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::bool[],
            $9::timestamptz[]) AS n(intent_id, journey, case_no, cause, template, role, channel, suppressed, at)
ON CONFLICT DO NOTHING
"""
# An attempt whose end nobody recorded may have reached its person: it is taken up again under its own key.
# The subquery reads the statement's snapshot, so it tells the state before this update.
_TAKE = """
UPDATE intent SET state = 'sending', attempt = attempt + 1, sending_since = clock_timestamp()
WHERE intent_id IN (
    SELECT intent_id FROM intent
    WHERE (state = 'waiting' AND next_attempt_at <= clock_timestamp())
       OR (state = 'sending' AND sending_since < clock_timestamp() - $2 * interval '1 second')
    ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING intent_id, journey, case_no, template, channel, attempt,
          (SELECT o.state FROM intent o WHERE o.intent_id = intent.intent_id) = 'sending' AS unknown
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that is committed before the provider is called. `unknown`: an earlier attempt's end is not known."""

    intent_id: UUID
    journey: UUID
    case_no: str
    template: str
    channel: str
    number: int
    unknown: bool


async def owe(tx: Tx, notices: Sequence[tuple[Envelope[Any], Notice]]) -> None:
    """Write down messages owed; one that is written already stays as it is."""
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
            event.time,
        )
        for event, notice in notices
    ]
    await tx.execute(_OWE, *(list(column) for column in zip(*rows, strict=True)))


async def take(tx: Tx, limit: int, unknown_after_s: float) -> list[Attempt]:
    """Up to `limit` attempts to make now, marked as on their way."""
    rows = await tx.fetch(_TAKE, limit, unknown_after_s)
    return [
        Attempt(r["intent_id"], r["journey"], r["case_no"], r["template"], r["channel"], r["attempt"], r["unknown"]) for r in rows
    ]


async def sent(tx: Tx, attempt: Attempt) -> None:
    """The provider has the message."""
    await tx.execute("UPDATE intent SET state = 'sent', next_attempt_at = NULL WHERE intent_id = $1", attempt.intent_id)


async def failed(tx: Tx, attempt: Attempt, reason_code: str, retry_in_s: float | None) -> None:
    """The attempt failed; another follows in `retry_in_s` seconds, or none. An attempt that was taken up again has no say."""
    await tx.execute(
        "UPDATE intent SET state = CASE WHEN $3::float8 IS NULL THEN 'failed' ELSE 'waiting' END, reason_code = $2, "
        "next_attempt_at = clock_timestamp() + $3::float8 * interval '1 second' "
        "WHERE intent_id = $1 AND state = 'sending' AND attempt = $4",
        attempt.intent_id,
        reason_code,
        retry_in_s,
        attempt.number,
    )


async def newest(tx: Tx, state: str | None, limit: int) -> list[dict[str, Any]]:
    """The newest messages, without anybody's address."""
    rows = await tx.fetch(
        "SELECT intent_id, journey, case_no, template, channel, state, attempt, reason_code, requested_at FROM intent "
        "WHERE $1::text IS NULL OR state = $1 ORDER BY requested_at DESC LIMIT $2",
        state,
        limit,
    )
    return [dict(row) for row in rows]
