"""What notify does when it hears of a cause: write the message down as owed, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.notify import outgoing
from services.notify.decider import DECIDER, Command, Request
from services.notify.policy import notices_for
from services.notify.sender import SENDER
from shared.contracts.envelope import Envelope
from shared.eventsourcing.plan import Context, Order
from shared.postgres.event_log import Tx


async def react(tx: Tx, events: Sequence[Envelope[Any]]) -> None:
    """Record the intents that `events` owe, and queue those that are not suppressed."""
    owed = [(event, notice) for event in events for notice in notices_for(event)]
    orders: list[Order[Command]] = [
        Order(
            event.stream,
            event.key,
            Request(event.time, notice),
            Context.following(event, SENDER, f"{notice.template}/{notice.recipient_role}/{notice.channel}"),
        )
        for event, notice in owed
    ]
    await tx.act(DECIDER, orders)
    await outgoing.owe(tx, owed)
