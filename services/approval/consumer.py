"""The Kafka door: facts from intake and the catalogue, and requests from departments."""

from __future__ import annotations

from services.approval import incoming, names
from services.approval.service import Approval, react
from shared.contracts.catalogue import PartnerRegistered, WorkingCalendarPublished
from shared.contracts.commands import DEPARTMENT_APPROVAL_COMMANDS, DEPARTMENT_INTAKE_COMMANDS
from shared.contracts.intake import ApplicationAccepted
from shared.contracts.topics import CATALOGUE_EVENTS, DECISIONS_PATTERN, INTAKE_EVENTS
from shared.kafka.consumer import ConsumerLoop
from shared.postgres.event_log import EventLog
from shared.postgres.inbound import Inbound
from shared.postgres.ingress_inbound import IngressInbound

INTERESTED = frozenset(
    str(model.type) for model in (ApplicationAccepted, WorkingCalendarPublished, PartnerRegistered, *incoming.HEARD, *names.HEARD)
)


def facts(log: EventLog) -> Inbound:
    """The group that hears what the other services recorded."""
    return Inbound(log, "approval", INTERESTED, react)


def loops(log: EventLog, kafka: str, heard: Inbound, approval: Approval, instance: str) -> list[ConsumerLoop]:
    """The consumer loops of this service. Unknown requests on departments' topics are answered here."""
    asked = IngressInbound(
        log,
        "approval-ingress",
        DEPARTMENT_APPROVAL_COMMANDS,
        DEPARTMENT_INTAKE_COMMANDS,
        approval.handle_delivered,
        answers_unknown=True,
    )
    return [
        ConsumerLoop(kafka, heard, topics=(CATALOGUE_EVENTS, INTAKE_EVENTS), instance=instance),
        ConsumerLoop(kafka, asked, pattern=DECISIONS_PATTERN, begin_again=asked.begin_again, instance=instance),
    ]
