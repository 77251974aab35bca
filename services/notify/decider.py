"""What notify records about a journey's messages: asked for once, and what became of each attempt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from services.notify.policy import Notice
from shared.contracts.notify import NotificationFailed, NotificationRequested, NotificationSent, NotifyEvent
from shared.eventsourcing.decider import Decider


@dataclass(frozen=True, slots=True)
class Request:
    now: datetime
    notice: Notice


@dataclass(frozen=True, slots=True)
class RecordSent:
    now: datetime
    intent_id: UUID
    attempt: int
    provider_ref: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class RecordFailed:
    now: datetime
    intent_id: UUID
    attempt: int
    reason_code: str
    final: bool


Command: TypeAlias = Request | RecordSent | RecordFailed
Status: TypeAlias = Literal["owed", "done"]
Intents: TypeAlias = Mapping[UUID, Status]


def decide(command: Command, intents: Intents) -> list[NotifyEvent]:
    """The facts that follow: `[]` if the message was asked for, or its end recorded, before."""
    match command:
        case Request(notice=notice):
            if notice.intent_id in intents:
                return []
            return [
                NotificationRequested(
                    intent_id=notice.intent_id,
                    cause_event=notice.cause,
                    template=notice.template,
                    recipient_role=notice.recipient_role,
                    channel=notice.channel,
                    suppressed=notice.suppressed,
                )
            ]
        case RecordSent():
            if intents.get(command.intent_id) != "owed":
                return []
            sent = NotificationSent(
                intent_id=command.intent_id,
                attempt=command.attempt,
                provider_ref=command.provider_ref,
                repeated=command.repeated,
            )
            return [sent]
        case RecordFailed():
            if intents.get(command.intent_id) != "owed":
                return []
            failed = NotificationFailed(
                intent_id=command.intent_id,
                attempt=command.attempt,
                reason_code=command.reason_code,
                final=command.final,
            )
            return [failed]
        case _:
            assert_never(command)


def evolve(intents: Intents, event: NotifyEvent, _: datetime) -> Intents:
    """The messages after one more fact."""
    match event:
        case NotificationRequested():
            status: Status = "done" if event.suppressed else "owed"
        case NotificationSent():
            status = "done"
        case NotificationFailed():
            status = "done" if event.final else "owed"
        case _:
            assert_never(event)
    return MappingProxyType({**intents, event.intent_id: status})


DECIDER: Decider[Command, Intents] = Decider(MappingProxyType({}), decide, evolve)
