"""What doors hand to each other about partitions: who may advance a checkpoint, and what waits to be published."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


class FencedError(Exception):
    """Another owner raised the epoch, or the checkpoint moved: nothing of this slice was applied."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to apply the records of one partition from `next_offset` on, until somebody raises the epoch."""

    next_offset: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record that waits in an outbox, with its exact bytes."""

    position: int
    topic: str
    partition: int
    key: str
    value: bytes
    hash: bytes | None


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish that is no event: a receipt, a snapshot, a dead letter."""

    id: UUID
    topic: str
    key: str
    body: bytes
    partitions: int
