"""The journey row: the facts of one journey by the service that recorded them, each in its own order.

Topics have no order among each other, so nothing here depends on it: any interleaving of the three streams that keeps each
stream's own order gives the same row. The n-th fact of a service is its event of sequence n.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import orjson

from services.metrics.fact_makers import fact_of
from services.metrics.facts import Fact, Opened, pack, unpack
from services.metrics.view import Unknown, View

Source = Literal["intake", "approval", "notify"]
SOURCES: tuple[Source, ...] = ("intake", "approval", "notify")
Placing = Literal["next", "duplicate", "gap", "conflict"]


class Row(NamedTuple):
    """What is known of one journey."""

    journey: str
    intake: tuple[Fact, ...] = ()
    approval: tuple[Fact, ...] = ()
    notify: tuple[Fact, ...] = ()

    @property
    def events(self) -> int:
        """How many events the row rests on."""
        return len(self.intake) + len(self.approval) + len(self.notify)


class Draft:
    """A row while events are added to it. Total: an event that is not the next of its stream moves no figure."""

    __slots__ = ("_facts", "_journey", "changed")

    def __init__(self, row: Row) -> None:
        self.changed = False
        self._journey = row.journey
        self._facts: dict[str, list[Fact]] = {
            "intake": list(row.intake),
            "approval": list(row.approval),
            "notify": list(row.notify),
        }

    def head(self, source: str) -> int:
        """The sequence of the newest event of `source`; 0 for a service that records no journeys."""
        return len(self._facts.get(source, ()))

    def add(self, event: View | Unknown, offset: int) -> Placing:
        """Add `event`, which stands at `offset`, if it is the next of its stream.

        One that was added before only says where it stands now: after Kafka was replaced, the old offsets name nothing.
        Another fact under a number that is taken is a conflict and changes nothing.
        """
        facts, sequence = self._facts[event["source"]], event["sequence"]
        head = len(facts)
        if sequence == head + 1:
            facts.append(fact_of(event, offset))
            self.changed = True
            return "next"
        if sequence > head:
            return "gap"
        if sequence < 1:
            return "conflict"
        known, told = facts[sequence - 1], fact_of(event, offset)
        if not _is_same(known, told):
            return "conflict"
        if known.offset != offset:
            # Only the place is new: what this release might read anew in an old fact would move the row, and no cell.
            facts[sequence - 1] = known._replace(offset=offset)
            self.changed = True
        return "duplicate"

    def row(self) -> Row:
        """The row as it is now."""
        return Row(self._journey, *map(tuple, self._facts.values()))


def _is_same(known: Fact, told: Fact) -> bool:
    """Whether both come of one event. An older release may have known less of it than its time, or kept less."""
    if isinstance(known, Opened) and isinstance(told, Opened) and known.contact is None:
        told = told._replace(contact=None)
    if type(known) is type(told):
        return known._replace(offset=told.offset) == told
    return (known.known, known.at) == (told.known, told.at)


def fold(row: Row, event: View | Unknown, offset: int) -> Row:
    """The row after one event; see `Draft.add`."""
    draft = Draft(row)
    draft.add(event, offset)
    return draft.row() if draft.changed else row


def store(row: Row) -> bytes:
    """The row's facts as compact JSON."""
    return orjson.dumps((pack(row.intake), pack(row.approval), pack(row.notify)))


def load(journey: str, stored: bytes) -> Row:
    """The row as it was stored."""
    intake, approval, notify = orjson.loads(stored)
    return Row(journey, unpack(intake), unpack(approval), unpack(notify))
