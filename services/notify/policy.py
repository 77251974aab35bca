"""Who hears about what. A pure answer; sending is somebody else's work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.contracts import intake as facts
from shared.contracts.envelope import Envelope
from shared.contracts.ids import intent_id
from shared.contracts.notify import MessageChannel, RecipientRole, Template

_TEMPLATES: dict[type[Any], Template] = {
    facts.ApplicationReceived: "receipt",
    facts.CorrectionNoticeIssued: "correction",
    facts.ApplicationAccepted: "acceptance",
    facts.ApplicationNotAccepted: "not_accepted",
    facts.ResultDelivered: "result",
}
CAUSES: frozenset[str] = frozenset(str(model.type) for model in _TEMPLATES)


@dataclass(frozen=True, slots=True)
class Notice:
    """One message owed. History is owed none: its notice is recorded as suppressed."""

    intent_id: UUID
    cause: UUID
    case_no: str
    template: Template
    recipient_role: RecipientRole
    channel: MessageChannel
    suppressed: bool


def notices_for(event: Envelope[Any]) -> list[Notice]:
    """The messages that `event` owes; hearing of it again gives the same ones."""
    template = _TEMPLATES.get(type(event.data))
    if template is None:
        return []
    history = event.known < event.recorded
    identity = intent_id(event.id, template, "applicant", "email")
    return [Notice(identity, event.id, event.data.case_no, template, "applicant", "email", history)]
