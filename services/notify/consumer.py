"""The Kafka door: what happened to cases."""

from __future__ import annotations

from services.notify.policy import CAUSES
from services.notify.service import react
from shared.contracts.topics import APPROVAL_EVENTS, INTAKE_EVENTS
from shared.kafka.consumer import ConsumerLoop
from shared.postgres.event_log import EventLog
from shared.postgres.inbound import Inbound


def facts(log: EventLog) -> Inbound:
    """The group that hears what the other services recorded."""
    return Inbound(log, "notify", CAUSES, react)


def loops(kafka: str, heard: Inbound, instance: str) -> list[ConsumerLoop]:
    """The consumer loops of this service."""
    return [ConsumerLoop(kafka, heard, topics=(INTAKE_EVENTS, APPROVAL_EVENTS), instance=instance)]
