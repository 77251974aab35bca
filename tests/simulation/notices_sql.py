"""What the statements about owed messages mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.simulation.database import Row, Transaction
from tests.simulation.sql import means


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
        "city",
    )
    for values in zip(*columns, strict=True):
        row = dict(zip(names, values, strict=True))
        if tx.get("intent", row["intent_id"]) is None and await tx.lock("intent", row["intent_id"]) is None:
            state = "suppressed" if row["suppressed"] else "waiting"
            more = {"state": state, "attempt": 0, "repeated": False, "next_attempt_at": tx.database.world.now()}
            tx.put("intent", (row["intent_id"],), {**row, **more, "reason_code": None})
    return []


@means("WITH RECURSIVE put_off AS ( UPDATE intent SET next_attempt_at")
async def take(tx: Transaction, limit: int, unknown_after_s: float, wait_max_s: float) -> list[Row]:
    now, found = tx.database.world.now(), list[Row]()
    for row in tx.view("intent").values():
        if row["state"] in ("waiting", "sending") and row["next_attempt_at"] > now + timedelta(seconds=wait_max_s):
            raise AssertionError("the clock of the simulation is never set back")
    due = [
        row
        for row in sorted(tx.view("intent").values(), key=lambda row: row["next_attempt_at"] or now)
        if row["state"] in ("waiting", "sending")
        and row["next_attempt_at"] <= now
        and tx.database.holder(("intent", (row["intent_id"],))) in (None, tx)
    ]
    turn: dict[str, count[int]] = defaultdict(count)
    for row in sorted(due, key=lambda row: next(turn[row["city"]]))[:limit]:
        await tx.lock("intent", row["intent_id"])
        taken = {**row, "next_attempt_at": now + timedelta(seconds=unknown_after_s)}
        tx.put("intent", (row["intent_id"],), taken)
        found.append({**taken, "unknown": row["state"] == "sending"})
    return found


@means("UPDATE intent SET state = 'sending', attempt = attempt + 1")
async def begin(tx: Transaction, intent: Any, until: datetime, unknown_after_s: float) -> list[Row]:
    row = await tx.lock("intent", intent)
    assert row is not None
    if row["next_attempt_at"] != until:
        return []
    at = tx.database.world.now() + timedelta(seconds=unknown_after_s)
    begun = {"state": "sending", "attempt": row["attempt"] + 1, "repeated": row["state"] == "sending", "next_attempt_at": at}
    tx.put("intent", (intent,), {**row, **begun})
    return [begun]


@means("UPDATE intent SET reason_code = $2, next_attempt_at")
async def postpone(tx: Transaction, intent: Any, reason: str, seconds: float, until: datetime) -> list[Row]:
    row = await tx.lock("intent", intent)
    assert row is not None
    if row["next_attempt_at"] == until:
        at = tx.database.world.now() + timedelta(seconds=seconds)
        tx.put("intent", (intent,), {**row, "reason_code": reason, "next_attempt_at": at})
    return []


@means("UPDATE intent SET state = 'sent'")
async def sent(tx: Transaction, intent: Any) -> list[Row]:
    row = await tx.lock("intent", intent)
    assert row is not None
    tx.put("intent", (intent,), {**row, "state": "sent", "next_attempt_at": None})
    return []


@means("UPDATE intent SET state = CASE WHEN $3::float8 IS NULL THEN 'failed' WHEN $5 THEN 'sending' ELSE 'waiting' END")
async def failed(
    tx: Transaction, intent: Any, reason: str, retry_in_s: float | None, until: datetime, is_in_doubt: bool
) -> list[Row]:
    row = await tx.lock("intent", intent)
    assert row is not None
    if row["next_attempt_at"] != until:
        return []
    state = "failed" if retry_in_s is None else "sending" if is_in_doubt else "waiting"
    at = None if retry_in_s is None else tx.database.world.now() + timedelta(seconds=retry_in_s)
    tx.put("intent", (intent,), {**row, "state": state, "repeated": False, "reason_code": reason, "next_attempt_at": at})
    return []


@means("SELECT intent_id, journey, case_no, template, channel, state, attempt, reason_code, requested_at FROM intent")
async def newest(tx: Transaction, limit: int, state: str | None = None) -> list[Row]:
    rows = [row for row in tx.view("intent").values() if state is None or row["state"] == state]
    return sorted(rows, key=lambda row: row["requested_at"], reverse=True)[:limit]
