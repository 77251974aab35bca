"""The CloudEvents 1.0 envelope in structured mode: one JSON document, whose exact bytes are stored, sent, hashed and served.

`subject` is the stream, `sequence` its version (an integer attribute), `time` when it occurred, `recordedtime` when it was
committed by the database's clock, `knowntime` when government knew (equal to `recordedtime` but for imported history).
`journey` repeats the Kafka key; for catalogue events it is the key of the item, venue, body, partner or year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar
from uuid import UUID

Role = Literal[
    "citizen",
    "portal",
    "clerk",
    "officer",
    "department",
    "operator",
    "auditor",
    "importer",
    "service",
    "timekeeper",
]


F_co = TypeVar("F_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted: always from a checked token or a topic's principal, never from a request body. `id` is pseudonymous."""

    role: Role
    id: str
    body: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Envelope(Generic[F_co]):
    """One recorded event of a stream together with who, when and why."""

    id: UUID
    source: str
    type: str
    stream: str
    sequence: int
    time: datetime
    recorded: datetime
    known: datetime
    key: str
    correlation: UUID
    causation: UUID
    actor: Actor
    data: F_co
