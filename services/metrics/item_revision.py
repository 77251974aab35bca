"""The facts that moved F1 between two moments: an item's versions and retirements that became known, or took effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from services.metrics.catalogue import CatalogueRow, Published, Retired, Which, adds

Why = Literal["late", "begun"]
"""A fact that became known after the day on which it took effect; or one that was known by then, and took effect in between."""
Turn: TypeAlias = Published | Retired
"""A fact that changes which version of its item is in force."""


class Moment(NamedTuple):
    """What is said of `day` by what was known up to the end of the day `known`; both are ordinals."""

    day: int
    known: int

    def sees(self, fact: Turn) -> bool:
        """Whether the fact is known and in effect."""
        return fact.known <= self.known and fact.effective <= self.day


class Step(NamedTuple):
    """One fact that moved the reading: the version in force before and after it, and by how much."""

    sequence: int
    fact: Turn
    why: Why
    before: Published | None
    after: Published | None
    numerator: int
    denominator: int


def steps(row: CatalogueRow, reading: str, which: Which, then: Moment, now: Moment) -> Iterator[Step]:
    """Every fact of the item that moved the reading in between. Neither day of `now` is earlier than its one of `then`."""
    turns = [(sequence, fact) for sequence, fact in enumerate(row.facts, 1) if isinstance(fact, Published | Retired)]
    seen = [(sequence, fact) for sequence, fact in turns if then.sees(fact)]
    fresh = [(sequence, fact) for sequence, fact in turns if now.sees(fact) and not then.sees(fact)]
    last, before = (seen[-1][0], _version(seen[-1][1])) if seen else (0, None)
    for sequence, fact in sorted(fresh, key=lambda one: (_arrived(one[1], then), one[0])):
        # An earlier fact that comes in late changes nothing: a later one was in force already.
        if sequence < last:
            continue
        after = _version(fact)
        numerator, denominator = (a - b for a, b in zip(adds(after, reading, which), adds(before, reading, which), strict=True))
        if numerator or denominator:
            yield Step(sequence, fact, why(fact), before, after, numerator, denominator)
        last, before = sequence, after


def _version(fact: Turn) -> Published | None:
    return fact if isinstance(fact, Published) else None


def _arrived(fact: Turn, then: Moment) -> int:
    """The day on which the fact began to tell: when it was known, and in effect unless it was before."""
    return max(fact.known, fact.effective) if fact.effective > then.day else fact.known


def why(fact: Turn) -> Why:
    """What kind of addition a fact is."""
    return "late" if fact.known > fact.effective else "begun"
