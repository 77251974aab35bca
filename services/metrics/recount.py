"""The recount: everything again from the stored bytes, by the same pure rules and without the projection's tables.

`runonce verify` compares what comes out here with what the projection holds, cell by cell and journey by journey.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.metrics import catalogue
from services.metrics.catalogue import CatalogueRow
from services.metrics.journey import Row, fold
from services.metrics.ledger import Ledger, add, ledger
from services.metrics.view import HISTORY, read

CATALOGUE = "gov.catalogue."


@dataclass(slots=True)
class Recount:
    """Rows folded from the record. Offsets are unknown there and take no part in any figure."""

    journeys: dict[str, Row] = field(default_factory=dict)
    catalogue: dict[str, CatalogueRow] = field(default_factory=dict)
    events: int = 0
    histories: int = 0
    unplaced: int = 0

    def take(self, body: bytes, offset: int = 0) -> None:
        """Fold one stored event; each stream must come in its own order. Raises `UnreadableEventError` for foreign bytes."""
        event = read(body)
        self.events += 1
        key = event["journey"]
        if event["type"] == HISTORY:
            self.histories += 1
        elif event["type"].startswith(CATALOGUE):
            row = self.catalogue.get(key, CatalogueRow(key))
            folded = catalogue.fold(row, event, offset)
            self.catalogue[key] = folded
            self.unplaced += folded is row
        else:
            journey = self.journeys.get(key, Row(key))
            after = fold(journey, event, offset)
            self.journeys[key] = after
            self.unplaced += after is journey

    def share(self, journey: str) -> Ledger:
        """What one journey adds."""
        row = self.journeys.get(journey)
        return {} if row is None else ledger(row)

    def total(self, journeys: Iterable[str] | None = None) -> Ledger:
        """What the given journeys add together; all of them if none are named."""
        made: Ledger = {}
        for journey in self.journeys if journeys is None else journeys:
            add(made, self.share(journey))
        return {entry: amounts for entry, amounts in made.items() if any(amounts)}


def recount(bodies: Iterable[bytes]) -> Recount:
    """Fold every stored event."""
    made = Recount()
    for body in bodies:
        made.take(body)
    return made
