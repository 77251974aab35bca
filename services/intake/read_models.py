"""Every table that follows from a journey's events, brought in step within the transaction that appends them."""

from __future__ import annotations

from collections.abc import Sequence

from services.intake import cases, journeys, presence
from shared.contracts.base import Fact
from shared.contracts.envelope import Envelope
from shared.postgres.event_log import Tx


async def keep_in_step(tx: Tx, events: Sequence[Envelope[Fact]]) -> None:
    """Bring cases, journeys and who was where in step with `events`, which this transaction appended."""
    await cases.keep(tx, events)
    await journeys.keep(tx, events)
    await presence.keep(tx, events)
