"""The facts that moved F1 between two moments: an item's versions and retirements that became known, or took effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Literal, NamedTuple

from services.metrics.catalogue import CatalogueRow, Published, Turn, Which, adds, in_force

Why = Literal["late", "begun"]
"""A fact that became known after a day of which it speaks; or one that was known by then, and took effect in between."""


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
    turns = row.turns
    known = {n for n, turn in turns.items() if turn.known <= then.known}
    begun = {n for n, turn in turns.items() if then.sees(turn)}
    # One that is not in effect yet tells too: it may move an older retirement that was.
    fresh = [n for n, turn in turns.items() if turn.known <= now.known and (n not in known or (now.sees(turn) and n not in begun))]
    before = _in_force(turns, known, begun)
    for n in sorted(fresh, key=lambda n: (_arrived(turns[n], then, now), n)):
        turn = turns[n]
        known.add(n)
        if now.sees(turn):
            begun.add(n)
        after = _in_force(turns, known, begun)
        numerator, denominator = (a - b for a, b in zip(adds(after, reading, which), adds(before, reading, which), strict=True))
        if numerator or denominator:
            why = _why(turn, turn if n in begun else turns.get(n - 1, turn))
            yield Step(n, turn, why, before, after, numerator, denominator)
        before = after


def _in_force(turns: Mapping[int, Turn], known: Set[int], begun: Set[int]) -> Published | None:
    return in_force((turn, n in begun) for n, turn in turns.items() if n in known)


def _arrived(turn: Turn, then: Moment, now: Moment) -> int:
    """The day on which the fact began to tell: when it was known, and in effect unless it was before or is not yet."""
    return max(turn.known, turn.effective) if then.day < turn.effective <= now.day else turn.known


def _why(fact: Turn, tells_of: Turn) -> Why:
    """What kind of addition a fact is. One that is not in effect yet tells of the retirement that it moves."""
    return "late" if fact.known > tells_of.effective else "begun"
