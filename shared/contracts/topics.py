"""Topics as data: name, owner, readers, retention. A service that starts makes what is missing of this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Service = Literal["intake", "approval", "notify", "metrics"]
SERVICES: tuple[Service, ...] = ("intake", "approval", "notify", "metrics")

PARTITIONS = 12
"""Fixed at creation and never changed: another count would send a journey to another partition and break its order."""
INGRESS_PARTITIONS = 3
DAY_MS = 86_400_000
FOREVER_MS = -1
BODY_MAX_BYTES = 65_536
"""An event larger than this is refused when it is appended, so nothing unsendable can wait in an outbox."""
INGRESS_MAX_BYTES = 262_144

CATALOGUE_EVENTS = "gov.catalogue.events.v1"
INTAKE_EVENTS = "gov.intake.events.v1"
APPROVAL_EVENTS = "gov.approval.events.v1"
NOTIFY_EVENTS = "gov.notify.events.v1"
METRICS_SNAPSHOTS = "gov.metrics.snapshots.v1"
WATERMARKS = "gov.watermarks.v1"

EVENT_TOPICS: tuple[str, ...] = (CATALOGUE_EVENTS, INTAKE_EVENTS, APPROVAL_EVENTS, NOTIFY_EVENTS)

SUBMISSIONS_PATTERN = r"^gov\.portal\.[a-z][a-z0-9-]{1,40}\.submissions\.v1$"
DECISIONS_PATTERN = r"^gov\.department\.[a-z][a-z0-9-]{1,40}\.decisions\.v1$"


@dataclass(frozen=True, slots=True)
class Topic:
    """One Kafka topic: who writes it, who reads it, and how long it keeps what it holds."""

    name: str
    owner: str
    readers: tuple[str, ...]
    partitions: int = PARTITIONS
    retention_ms: int = FOREVER_MS
    cleanup_policy: Literal["delete", "compact"] = "delete"
    max_message_bytes: int = 1_048_576
    compression: Literal["producer", "uncompressed"] = "producer"
    """`uncompressed`: the broker unpacks what it takes, so every reader can read it and its size is what it seems."""


def dead_letters(service: str) -> str:
    """The topic on which a service tells operators what it could not read."""
    return f"gov.{service}.dlq.v1"


TOPICS: tuple[Topic, ...] = (
    Topic(CATALOGUE_EVENTS, "intake", ("intake", "approval", "notify", "metrics", "public")),
    Topic(INTAKE_EVENTS, "intake", ("approval", "notify", "metrics", "departments", "auditors")),
    Topic(APPROVAL_EVENTS, "approval", ("intake", "notify", "metrics", "departments", "auditors")),
    Topic(NOTIFY_EVENTS, "notify", ("intake", "metrics", "auditors")),
    Topic(METRICS_SNAPSHOTS, "metrics", ("metrics", "cockpits"), partitions=1, retention_ms=90 * DAY_MS),
    Topic(WATERMARKS, "relays", ("metrics",), partitions=1, cleanup_policy="compact"),
    *(Topic(dead_letters(service), service, ("operators",), partitions=1, retention_ms=90 * DAY_MS) for service in SERVICES),
)


def submissions(portal: str) -> str:
    """The topic on which one portal submits; nobody else may write it."""
    return f"gov.portal.{portal}.submissions.v1"


def decisions(department: str) -> str:
    """The topic on which one department answers; nobody else may write it."""
    return f"gov.department.{department}.decisions.v1"


def partner_of(topic: str) -> str:
    """The partner whose own topic this is: the topic is the principal."""
    return topic.split(".")[2]


def receipts_for(ingress_topic: str) -> str:
    """The topic that carries the one answer to each message of an ingress topic."""
    kind, partner = ingress_topic.split(".")[1:3]
    return f"gov.{kind}.{partner}.receipts.v1"


def partner_topics(kind: Literal["portal", "department"], partner: str) -> tuple[Topic, Topic]:
    """The pair of topics that a registered partner gets: what it writes, and what it is answered."""
    name = submissions(partner) if kind == "portal" else decisions(partner)
    readers = ("intake",) if kind == "portal" else ("approval", "intake")
    week = 7 * DAY_MS
    return (
        Topic(
            name,
            f"{kind}-{partner}",
            readers,
            INGRESS_PARTITIONS,
            week,
            max_message_bytes=INGRESS_MAX_BYTES,
            compression="uncompressed",
        ),
        Topic(
            receipts_for(name),
            "intake" if kind == "portal" else "intake, approval",
            (partner,),
            INGRESS_PARTITIONS,
            week,
        ),
    )
