"""Facts of notify: a message was asked for, sent, or failed. Never an address, never a text. Topic `gov.notify.events.v1`."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Code, Fact

Template = Literal["receipt", "correction", "acceptance", "not_accepted", "result"]
RecipientRole = Literal["applicant", "agent"]
MessageChannel = Literal["email", "sms"]
UNCONFIRMED = "unconfirmed"
"""Why a message failed that may have arrived: whether the provider took it is not known, and it is not sent again."""


class NotificationRequested(Fact):
    """One message is owed for one cause; history is owed none and is marked suppressed."""

    type: ClassVar[Literal["gov.notify.notification-requested.v1"]] = "gov.notify.notification-requested.v1"
    intent_id: UUID
    cause_event: UUID
    template: Template
    recipient_role: RecipientRole
    channel: MessageChannel
    suppressed: bool


class NotificationSent(Fact):
    """The provider took the message; `repeated` says that an unknown earlier attempt was made good under the same key."""

    type: ClassVar[Literal["gov.notify.notification-sent.v1"]] = "gov.notify.notification-sent.v1"
    intent_id: UUID
    attempt: int = Field(ge=1, le=100)
    provider_ref: Code
    repeated: bool


class NotificationFailed(Fact):
    """An attempt failed; `final` says that no further one follows."""

    type: ClassVar[Literal["gov.notify.notification-failed.v1"]] = "gov.notify.notification-failed.v1"
    intent_id: UUID
    attempt: int = Field(ge=1, le=100)
    reason_code: Code
    final: bool


NotifyEvent = NotificationRequested | NotificationSent | NotificationFailed
