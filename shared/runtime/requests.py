"""What a service is asked, whichever door it came through, and how it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.base import Command
from shared.contracts.ingress import Receipt
from shared.eventsourcing.errors import RefusedError
from shared.eventsourcing.plan import Applied, Context, Outcome
from shared.postgres.event_log import Tx
from shared.runtime.auth import Caller, Staff


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: who asks, what, under which identity, and when it happened (`now` unless the importer says earlier)."""

    caller: Caller
    id: str
    subject: str
    command_id: UUID
    command: Command
    now: datetime
    known: datetime | None = None

    def context(self, staff: Staff) -> Context:
        """The context of what this request decides; it is its own cause."""
        return Context(self.command_id, self.caller.actor(staff), self.command_id, self.command_id, known=self.known)


Handle = Callable[[Tx, Sequence[Asked]], Awaitable[Sequence[Receipt]]]
"""A service's command handler: does what is asked inside the transaction, one answer each, in order."""


def refusal(asked: Asked, error: RefusedError) -> Receipt:
    """The answer to a request that breaks a rule."""
    return Receipt(
        id=asked.id,
        subject=asked.subject,
        status="refused",
        rule=error.rule.code,
        kind=error.rule.kind,
        field=error.field,
        state=error.state,
        sentence_zh=error.rule.zh,
        sentence_en=error.rule.en,
    )


def receipt(asked: Asked, outcome: Outcome, *, case_no: str | None, journey: str | None) -> Receipt:
    """The answer to a request that was decided. Already in effect is `duplicate`, with no events of its own."""
    if not isinstance(outcome, Applied):
        return refusal(asked, outcome.error)
    return Receipt(
        id=asked.id,
        subject=asked.subject,
        status="applied" if outcome.events else "duplicate",
        events=tuple(event.id for event in outcome.events),
        case_no=case_no,
        journey=journey,
    )
