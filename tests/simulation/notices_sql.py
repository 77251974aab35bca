"""What the statements about owed messages mean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.simulation.database import Row, Transaction
from tests.simulation.sql import means

_INTENT = ("intent_id", "journey", "case_no", "cause", "template", "recipient_role", "channel", "suppressed", "requested_at")


@means("INSERT INTO intent")
async def owe(tx: Transaction, *columns: Sequence[Any]) -> list[Row]:
    names = (
        "intent_id",
        "journey",
        "case_no",
        "cause_event",
        "template",
        "recipient_role",
        "channel",
        "suppressed",
        "requested_at",
    )
    for values in zip(*columns, strict=True):
        row = dict(zip(names, values, strict=True))
        if tx.get("intent", row["intent_id"]) is None and await tx.lock("intent", row["intent_id"]) is None:
            state = "suppressed" if row["suppressed"] else "waiting"
            more = {"state": state, "attempt": 0, "next_attempt_at": tx.database.world.now(), "sending_since": None}
            tx.put("intent", (row["intent_id"],), {**row, **more, "reason_code": None})
    return []


@means("UPDATE intent SET state = 'sending'")
async def take(tx: Transaction, limit: int, unknown_after_s: float) -> list[Row]:
    now, found = tx.database.world.now(), list[Row]()
    for row in sorted(tx.view("intent").values(), key=lambda row: row["next_attempt_at"] or now):
        free = tx.database.holder(("intent", (row["intent_id"],))) in (None, tx)
        due = row["state"] == "waiting" and row["next_attempt_at"] <= now
        lost = row["state"] == "sending" and row["sending_since"] < now - timedelta(seconds=unknown_after_s)
        if free and (due or lost) and len(found) < limit:
            await tx.lock("intent", row["intent_id"])
            taken = {**row, "state": "sending", "attempt": row["attempt"] + 1, "sending_since": now}
            tx.put("intent", (row["intent_id"],), taken)
            found.append({**taken, "unknown": lost})
    return found


@means("UPDATE intent SET state = 'sent'")
async def sent(tx: Transaction, intent: Any) -> list[Row]:
    row = await tx.lock("intent", intent)
    assert row is not None
    tx.put("intent", (intent,), {**row, "state": "sent", "next_attempt_at": None})
    return []


@means("UPDATE intent SET state = CASE WHEN $3::float8 IS NULL THEN 'failed' ELSE 'waiting' END")
async def failed(tx: Transaction, intent: Any, reason: str, retry_in_s: float | None, attempt: int) -> list[Row]:
    row = await tx.lock("intent", intent)
    assert row is not None
    if (row["state"], row["attempt"]) != ("sending", attempt):
        return []
    state = "failed" if retry_in_s is None else "waiting"
    at = None if retry_in_s is None else tx.database.world.now() + timedelta(seconds=retry_in_s)
    tx.put("intent", (intent,), {**row, "state": state, "reason_code": reason, "next_attempt_at": at})
    return []


@means("SELECT intent_id, journey, case_no, template, channel, state, attempt, reason_code, requested_at FROM intent")
async def newest(tx: Transaction, state: str | None, limit: int) -> list[Row]:
    rows = [row for row in tx.view("intent").values() if state is None or row["state"] == state]
    return sorted(rows, key=lambda row: row["requested_at"], reverse=True)[:limit]
