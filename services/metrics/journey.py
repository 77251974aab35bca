"""The journey row: the facts of one journey by the service that recorded them, each in its own order.

Topics have no order among each other, so nothing here depends on it: any interleaving of the three streams that keeps each
stream's own order gives the same row. The n-th fact of a service is its event of sequence n.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import orjson

from services.metrics.fact_makers import fact_of
from services.metrics.facts import Fact, pack, unpack
from services.metrics.view import Unknown, View

Source = Literal["intake", "approval", "notify"]
SOURCES: tuple[Source, ...] = ("intake", "approval", "notify")
Placing = Literal["next", "duplicate", "gap"]


class Row(NamedTuple):
    """What is known of one journey."""

    journey: str
    intake: tuple[Fact, ...] = ()
    approval: tuple[Fact, ...] = ()
    notify: tuple[Fact, ...] = ()

    def of(self, source: str) -> tuple[Fact, ...]:
        """The facts recorded by `source`; none for a service that records no journeys."""
        return getattr(self, source, ()) if source in SOURCES else ()

    @property
    def events(self) -> int:
        """How many events the row rests on."""
        return len(self.intake) + len(self.approval) + len(self.notify)


def placing(row: Row, source: str, sequence: int) -> Placing:
    """Whether an event is the next of its stream, was applied before, or comes too early."""
    head = len(row.of(source))
    if sequence == head + 1:
        return "next"
    return "duplicate" if sequence <= head else "gap"


def fold(row: Row, event: View | Unknown, offset: int) -> Row:
    """The row after `event`, which stands at `offset`. Total: an event that is not the next of its stream moves no figure.

    One that was applied before only says where it stands now: after Kafka was replaced, the old offsets name nothing.
    """
    source, sequence = event["source"], event["sequence"]
    found = placing(row, source, sequence)
    if source not in SOURCES or found == "gap" or sequence < 1:
        return row
    facts = row.of(source)
    if found == "next":
        return _with(row, source, (*facts, fact_of(event, offset)))
    known = facts[sequence - 1]
    if known.offset == offset:
        return row
    return _with(row, source, (*facts[: sequence - 1], known._replace(offset=offset), *facts[sequence:]))


def _with(row: Row, source: str, facts: tuple[Fact, ...]) -> Row:
    journey, intake, approval, notify = row
    if source == "intake":
        return Row(journey, facts, approval, notify)
    return Row(journey, intake, facts, notify) if source == "approval" else Row(journey, intake, approval, facts)


def store(row: Row) -> bytes:
    """The row's facts as compact JSON."""
    return orjson.dumps((pack(row.intake), pack(row.approval), pack(row.notify)))


def load(journey: str, stored: bytes) -> Row:
    """The row as it was stored."""
    intake, approval, notify = orjson.loads(stored)
    return Row(journey, unpack(intake), unpack(approval), unpack(notify))
