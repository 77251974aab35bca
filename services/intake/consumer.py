"""Intake's Kafka doors: what approval and notify recorded, what portals submit, and what departments accept or hand over."""

from __future__ import annotations

from collections.abc import Sequence

from services.intake import register
from services.intake.heard import HEARD, hear
from services.intake.service import INTERESTED, Intake
from shared.contracts.commands import DEPARTMENT_APPROVAL_COMMANDS, DEPARTMENT_INTAKE_COMMANDS, PORTAL_COMMANDS
from shared.contracts.ids import ingress_id
from shared.contracts.ingress import Receipt
from shared.contracts.topics import APPROVAL_EVENTS, DECISIONS_PATTERN, NOTIFY_EVENTS, SUBMISSIONS_PATTERN
from shared.kafka.consumer import ConsumerLoop
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.inbound import Inbound
from shared.postgres.ingress_inbound import Delivered, IngressInbound
from shared.runtime.auth import Caller
from shared.runtime.requests import Asked
from shared.telemetry import clock

REACTIONS, SUBMISSIONS, DECISIONS = "intake.reactions.v1", "intake.submissions.v1", "intake.decisions.v1"
NEWS = "intake.heard.v1"
"""Consumer groups. Checkpoints hang on these names, so they never change."""


def reactions(log: EventLog, intake: Intake) -> Inbound:
    """Approval's facts, each noted once."""
    return Inbound(log, REACTIONS, INTERESTED, intake.react)


def news(log: EventLog) -> Inbound:
    """What applicants are told of the other services; a group of its own, so that an older installation hears all of it."""
    return Inbound(log, NEWS, HEARD, hear)


def submissions(log: EventLog, intake: Intake) -> IngressInbound:
    """Portals' requests. Intake is the only one who answers on their receipts topics, so it answers everything."""

    async def handle(tx: Tx, delivered: Sequence[Delivered]) -> Sequence[Receipt]:
        return await intake.handle(tx, [_asked(d, Caller("portal", d.partner)) for d in delivered])

    return IngressInbound(log, SUBMISSIONS, PORTAL_COMMANDS, (), handle, answers_unknown=True)


def decisions(log: EventLog, intake: Intake) -> IngressInbound:
    """Departments' acts before acceptance. Approval answers for the rest, and for what neither knows."""

    async def handle(tx: Tx, delivered: Sequence[Delivered]) -> Sequence[Receipt]:
        bodies = await register.bodies_of(tx, {one.partner for one in delivered})
        return await intake.handle(tx, [_asked(d, Caller("department", d.partner, bodies.get(d.partner))) for d in delivered])

    return IngressInbound(log, DECISIONS, DEPARTMENT_INTAKE_COMMANDS, DEPARTMENT_APPROVAL_COMMANDS, handle, answers_unknown=False)


def _asked(delivered: Delivered, caller: Caller) -> Asked:
    ingress = delivered.ingress
    # A partner's own clock is no evidence: what it asks happens when it arrives.
    command_id = ingress_id(delivered.partner, ingress.id)
    return Asked(caller, ingress.id, ingress.subject, command_id, ingress.command, clock.now())


def loops(
    bootstrap: str, facts: Inbound, told: Inbound, portal: IngressInbound, department: IngressInbound, instance: str
) -> list[ConsumerLoop]:
    """The consumer loops of a running service."""
    return [
        ConsumerLoop(bootstrap, facts, topics=[APPROVAL_EVENTS], instance=instance),
        ConsumerLoop(bootstrap, told, topics=[APPROVAL_EVENTS, NOTIFY_EVENTS], instance=instance),
        ConsumerLoop(bootstrap, portal, pattern=SUBMISSIONS_PATTERN, begin_again=portal.begin_again, instance=instance),
        ConsumerLoop(bootstrap, department, pattern=DECISIONS_PATTERN, begin_again=department.begin_again, instance=instance),
    ]
