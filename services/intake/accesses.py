"""Who looked at somebody's matters: every look at a desk, and every request for contact details. Written, never changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from shared.postgres.event_log import Tx
from shared.runtime.auth import Caller

SHOWN_MAX = 500


async def note(tx: Tx, caller: Caller, journey: UUID, *, found: bool) -> None:
    """Write down that a clerk or officer looked at a journey."""
    await tx.execute(
        "INSERT INTO desk_access (caller, body, journey, found) VALUES ($1, $2, $3, $4)", caller.id, caller.body, journey, found
    )


async def of_journey(tx: Tx, journey: UUID) -> list[dict[str, Any]]:
    """Everybody who looked at a journey, newest first."""
    rows = await tx.fetch(
        "SELECT at, 'desk' AS what, caller, body FROM desk_access WHERE journey = $1 "
        "UNION ALL SELECT at, 'contact', caller, NULL FROM contact_access WHERE journey = $1 ORDER BY at DESC LIMIT $2",
        journey,
        SHOWN_MAX,
    )
    return [dict(row) for row in rows]
