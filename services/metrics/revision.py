"""Why a figure says something else about the same days later: the facts that became known in between, and what each moved.

Facts are taken in one by one, in the order of the days on which they became known. What a fact moved is the difference it
made on top of those before it, so that over all facts the differences add up to that of the figure, exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from services.metrics.contributions import Amounts, Cell, Cells, contributions, minus
from services.metrics.facts import Fact, Noted, Visited, Voided, day_of_ms
from services.metrics.figures import total
from services.metrics.journey import Row, Source
from services.metrics.ledger import Entry
from services.metrics.shares import Asked, measured
from services.metrics.slices import covers
from services.metrics.story import tell

Why = Literal["corrected", "late", "followed"]
"""A withdrawn fact; one that became known after its day; or one that came afterwards and moved what earlier days count."""
_SOURCES: tuple[Source, ...] = ("intake", "approval")
"""The services whose facts move figures, in the order in which facts of one day are taken in."""


class Span(NamedTuple):
    """Two days of knowledge as ordinals: after the end of the first, up to the end of the second."""

    after: int
    to: int

    def holds(self, fact: Fact) -> bool:
        """Whether the fact became known in between."""
        return self.after < fact.known <= self.to and type(fact) is not Noted


class Step(NamedTuple):
    """One fact that moved the reading, and by how much."""

    source: Source
    sequence: int
    fact: Fact
    why: Why
    numerator: int
    denominator: int
    cells: tuple[tuple[Cell, Amounts], ...]


class Placed(NamedTuple):
    """A fact and where it stands in its service's stream."""

    source: Source
    sequence: int
    fact: Fact


def is_touched(row: Row, span: Span) -> bool:
    """Whether anything became known of the journey in between."""
    return any(span.holds(fact) for facts in (row.intake, row.approval) for fact in facts)


def steps(row: Row, asked: Asked, span: Span) -> Iterator[Step]:
    """Every fact of the journey that moved the reading in between. The slice of `asked` names no known day."""
    known: set[tuple[Source, int]] = {
        (placed.source, placed.sequence) for placed in _placed(row) if placed.fact.known <= span.after
    }
    before = _cells(row, known)
    for placed in _in_order(row, span):
        known.add((placed.source, placed.sequence))
        after = _cells(row, known)
        step = _step(placed, minus(after, before), asked)
        if step is not None:
            yield step
        before = after


def _placed(row: Row) -> Iterator[Placed]:
    for source, facts in zip(_SOURCES, (row.intake, row.approval), strict=True):
        for sequence, fact in enumerate(facts, 1):
            yield Placed(source, sequence, fact)


def _in_order(row: Row, span: Span) -> list[Placed]:
    fresh = [placed for placed in _placed(row) if span.holds(placed.fact)]
    return sorted(fresh, key=lambda placed: (placed.fact.known, _SOURCES.index(placed.source), placed.sequence))


def _cells(row: Row, known: set[tuple[Source, int]]) -> Cells:
    """What the journey adds by these facts alone."""
    intake, approval = (
        tuple([fact for sequence, fact in enumerate(facts, 1) if (source, sequence) in known])
        for source, facts in zip(_SOURCES, (row.intake, row.approval), strict=True)
    )
    return contributions(tell(Row(row.journey, intake, approval)))


def _step(placed: Placed, moved: Cells, asked: Asked) -> Step | None:
    entries = [(Entry(cell, placed.fact.known), amounts) for cell, amounts in moved.items()]
    within = [(entry, amounts) for entry, amounts in entries if covers(asked.slice, entry) and _is_asked(entry.cell, asked)]
    found = measured(within, asked.slice)
    numerator, denominator = total(asked.reading.numerator, found), total(asked.reading.denominator or {}, found)
    if not numerator and not denominator:
        return None
    cells = tuple([(entry.cell, amounts) for entry, amounts in within])
    return Step(placed.source, placed.sequence, placed.fact, why(placed.fact), numerator, denominator, cells)


def _is_asked(cell: Cell, asked: Asked) -> bool:
    return cell.group in asked.groups


def why(fact: Fact) -> Why:
    """What kind of addition to the past a fact is."""
    if type(fact) is Voided:
        return "corrected"
    # A visit counts on its own day, also if somebody writes it down a day later.
    occurred = fact.day if type(fact) is Visited else day_of_ms(fact.at)
    return "late" if fact.known > occurred else "followed"


def summed(found: Iterable[Step]) -> tuple[int, int]:
    """By how much the steps moved numerator and denominator together."""
    numerator = denominator = 0
    for step in found:
        numerator += step.numerator
        denominator += step.denominator
    return numerator, denominator
