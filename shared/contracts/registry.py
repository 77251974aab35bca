"""Every event type ever released and the model that reads it; every command type and the model that takes it."""

from __future__ import annotations

from typing import Any, get_args

from shared.contracts.approval import ApprovalEvent
from shared.contracts.base import Command, Fact
from shared.contracts.catalogue import CatalogueEvent
from shared.contracts.commands import (
    ApprovalCommand,
    CatalogueCommand,
    IntakeCaseCommand,
    JourneyCommand,
    ReportHistory,
)
from shared.contracts.intake import IntakeEvent
from shared.contracts.notify import NotifyEvent
from shared.contracts.topics import APPROVAL_EVENTS, CATALOGUE_EVENTS, INTAKE_EVENTS, NOTIFY_EVENTS


def _members(union: Any) -> tuple[Any, ...]:
    return get_args(union)


_BY_TOPIC: dict[str, tuple[type[Fact], ...]] = {
    CATALOGUE_EVENTS: _members(CatalogueEvent),
    INTAKE_EVENTS: _members(IntakeEvent),
    APPROVAL_EVENTS: _members(ApprovalEvent),
    NOTIFY_EVENTS: _members(NotifyEvent),
}

EVENT_MODELS: dict[str, type[Fact]] = {str(m.type): m for models in _BY_TOPIC.values() for m in models}  # type: ignore[attr-defined]
"""Event type name → model."""
TOPIC_OF_EVENT: dict[str, str] = {str(m.type): topic for topic, models in _BY_TOPIC.items() for m in models}  # type: ignore[attr-defined]
"""Event type name → the topic that carries it."""
COMMAND_MODELS: dict[str, type[Command]] = {
    str(m.type): m for union in (CatalogueCommand, JourneyCommand, IntakeCaseCommand, ApprovalCommand) for m in _members(union)
} | {str(ReportHistory.type): ReportHistory}
"""Command type name → model."""
