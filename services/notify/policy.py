"""Who hears about what. A pure answer; sending is somebody else's work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.contracts import intake as facts
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.ids import intent_id
from shared.contracts.notify import MessageChannel, RecipientRole, Template
from shared.reference.divisions import PROVINCE
from shared.reference.regions import city_of

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
    """One message owed. History is owed none: its notice is recorded as suppressed. `city`: in whose turn it is sent."""

    intent_id: UUID
    cause: UUID
    case_no: str
    template: Template
    recipient_role: RecipientRole
    channel: MessageChannel
    suppressed: bool
    city: str


def notices_for(event: Envelope[Any]) -> list[Notice]:
    """The messages that `event` owes; hearing of it again gives the same ones."""
    template = _TEMPLATES.get(type(event.data))
    if template is None:
        return []
    history = event.known < event.recorded
    identity = intent_id(event.id, template, "applicant", "email")
    city = _city_of(event.actor)
    return [Notice(identity, event.id, event.data.case_no, template, "applicant", "email", history, city)]


def _city_of(actor: Actor) -> str:
    """Where whoever acted belongs: by the token, else by the division in the body's USCC (GB 32100, digits 3 to 8)."""
    return city_of(actor.region or (actor.body or "")[2:8] or PROVINCE)
