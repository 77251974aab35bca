"""What one journey adds to one reading of one figure over one slice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.metrics.contributions import GROUPS, Amounts, contributions
from services.metrics.figures import Figure, Reading, total
from services.metrics.journey import Row
from services.metrics.ledger import Entry, Ledger, ledger
from services.metrics.slices import Slice, covers
from services.metrics.story import tell


@dataclass(frozen=True, slots=True)
class Asked:
    """Evidence is asked for one reading of one figure over one slice."""

    figure: Figure
    reading: Reading
    slice: Slice

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of cells that the reading rests on, or beside which the single waits lie that it is read from."""
        if self.reading.from_waits:
            return self.figure.groups
        return tuple(sorted({measure.partition(".")[0] for measure in self.reading.measures}))


@dataclass(frozen=True, slots=True)
class Share:
    """What one journey adds to a reading."""

    row: Row
    partition: int
    numerator: int
    denominator: int


def measured(entries: Iterable[tuple[Entry, Amounts]], asked: Slice) -> dict[str, int]:
    """The measures of those entries that the slice covers."""
    made: dict[str, int] = {}
    for entry, amounts in entries:
        if covers(asked, entry):
            group = entry.cell.group
            for measure, amount in zip(GROUPS[group], amounts, strict=True):
                name = f"{group}.{measure}"
                made[name] = made.get(name, 0) + amount
    return made


def entries_of(row: Row, asked: Slice) -> Ledger:
    """What `row` adds, with known days only where they are what the slice is cut by."""
    if asked.axis == "known":
        return ledger(row)
    known_to = None if asked.known_at is None else asked.known_at.toordinal()
    return {Entry(cell, 0): amounts for cell, amounts in contributions(tell(row, known_to)).items()}


def sums_of(row: Row, asked: Slice) -> dict[str, int]:
    """The measures of what `row` adds to the slice."""
    return measured(entries_of(row, asked).items(), asked)


def share_of(row: Row, partition: int, asked: Asked) -> Share:
    """What `row` adds to the reading."""
    found = sums_of(row, asked.slice)
    return Share(row, partition, total(asked.reading.numerator, found), total(asked.reading.denominator or {}, found))
