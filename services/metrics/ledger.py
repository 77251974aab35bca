"""Two axes of time: every cell has its own day, and every movement of a cell the day on which government knew its cause.

Today's figure sums all known days, the figure as it was known at the end of day K sums those up to K. What a row adds on
each known day follows from its facts alone, so the cells do not depend on the order in which events arrived.
"""

from __future__ import annotations

from typing import NamedTuple

from services.metrics.contributions import Amounts, Cell, Cells, Parts, contributions, minus, parts, parts_after, plus
from services.metrics.facts import Fact, Noted
from services.metrics.journey import Row
from services.metrics.story import Story, tell


class Entry(NamedTuple):
    """A cell and the known day on which it moved."""

    cell: Cell
    known: int


Ledger = dict[Entry, Amounts]


class Known(NamedTuple):
    """A row with what its next movement starts from: all that it adds today, and the newest day on which it learnt something."""

    row: Row
    parts: Parts
    newest: int


def known(row: Row) -> Known:
    """Derive what the next movement of `row` starts from."""
    return Known(row, parts(tell(row)), max(_days(row), default=0))


def ledger(row: Row) -> Ledger:
    """What `row` adds on each known day: the slow and plain way, from all its facts."""
    made: Ledger = {}
    before: Cells = {}
    for day in sorted(_days(row)):
        after = contributions(tell(row, day))
        made.update({Entry(cell, day): amounts for cell, amounts in minus(after, before).items()})
        before = after
    return made


class Moved(NamedTuple):
    """A row after new facts, what they moved, and the story it tells now; no story if they move no figure."""

    known: Known
    movement: Ledger
    story: Story | None


def moved(before: Known, row: Row) -> Moved:
    """The movement from `before` to `row`, which has more facts: equal to the difference of their ledgers.

    Facts known today and later only append. A fact known earlier than the newest rewrites what the row adds from its
    own known day on.
    """
    fresh = _fresh(before.row, row)
    if not fresh:
        return Moved(Known(row, before.parts, before.newest), {}, None)
    days = {fact.known for fact in fresh}
    first = min(days)
    story = tell(row)
    after = parts_after(before.parts, story, {type(fact) for fact in fresh})
    if len(days) == 1 and first >= before.newest:
        # Almost always: what is new is known on one day, and on no earlier one than the rest.
        movement = {
            Entry(cell, first): amounts
            for now, then in zip(after, before.parts, strict=True)
            if now is not then
            for cell, amounts in minus(now, then).items()
        }
        return Moved(Known(row, after, first), movement, story)
    return _rewritten(before, row, after, story, first)


def _rewritten(before: Known, row: Row, after: Parts, story: Story, first: int) -> Moved:
    """The same where facts of several days are new, or of a day before the newest."""
    days = sorted({day for day in _days(row) if day >= first})
    newest = days[-1]
    made: Ledger = {}
    shift: Cells = {}
    for day in days:
        cells = after.together() if day == newest else contributions(tell(row, day))
        then = before.parts.together() if day >= before.newest else contributions(tell(before.row, day))
        new_shift = minus(cells, then)
        made.update({Entry(cell, day): amounts for cell, amounts in minus(new_shift, shift).items()})
        shift = new_shift
    return Moved(Known(row, after, newest), made, story)


def _days(row: Row) -> set[int]:
    return {fact.known for facts in (row.intake, row.approval) for fact in facts if type(fact) is not Noted}


def _fresh(before: Row, after: Row) -> list[Fact]:
    added = after.intake[len(before.intake) :] + after.approval[len(before.approval) :]
    return [fact for fact in added if type(fact) is not Noted]


def add(total: Ledger, more: Ledger) -> None:
    """Add `more` to `total` in place."""
    for entry, amounts in more.items():
        known = total.get(entry)
        total[entry] = amounts if known is None else plus(known, amounts)


def as_known(entries: Ledger, known_to: int | None = None) -> Cells:
    """The cells by what was known up to the end of day `known_to`, without those that come to nothing."""
    cells: Cells = {}
    for (cell, known), amounts in entries.items():
        if known_to is None or known <= known_to:
            old = cells.get(cell)
            cells[cell] = amounts if old is None else plus(old, amounts)
    return {cell: amounts for cell, amounts in cells.items() if any(amounts)}
