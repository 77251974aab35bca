"""Topics read in step: of partitions with the same number, no topic is handed on far ahead of the others in time.

Under a backlog the broker hands out bytes, not days: a topic with few records would be read to its end while another is
still at its beginning, and every journey would be touched again for each topic. Only timing is at stake here, never
correctness: who reads must not depend on an order between topics.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from shared.eventsourcing.records import Delivery, Place

PATIENCE_S = 1.0
"""How long the others of a number wait for a partition that has more to give but does not give it."""


class InStep:
    """Records in hand, by partition, until their time has come."""

    def __init__(self) -> None:
        self._held: dict[Place, Sequence[Delivery]] = {}
        self._newest: dict[Place, int] = {}
        self._waiting_since: dict[int, float] = {}
        self._turn = 0

    def __bool__(self) -> bool:
        return bool(self._held)

    def forget(self) -> None:
        """Drop everything in hand."""
        self._held.clear()
        self._newest.clear()
        self._waiting_since.clear()

    def held(self, place: Place) -> int:
        """How many records of `place` are in hand."""
        return len(self._held.get(place, ()))

    def put(self, place: Place, records: Sequence[Delivery]) -> None:
        """Take the next records of a partition of which none are in hand."""
        self._held[place] = records
        self._newest[place] = max([record.timestamp for record in records])

    def take(self, records_max: int, more: Collection[Place], now: float) -> dict[Place, Sequence[Delivery]]:
        """Up to `records_max` records whose time has come; `more` are the partitions that have records at the broker too."""
        taken: dict[Place, Sequence[Delivery]] = {}
        # Each begins where the last one ended, so that nobody starves.
        for number in sorted({place.partition for place in self._held}, key=lambda number: (number < self._turn, number)):
            if records_max <= 0:
                break
            if self._waits(number, more, now):
                continue
            mine = sorted(place for place in self._held if place.partition == number)
            self._turn = number + 1
            horizon = min([self._newest[place] for place in mine if place in more], default=None)
            for place in mine:
                due = self._due(place, horizon, records_max)
                if due:
                    taken[place] = due
                    records_max -= len(due)
        return taken

    def take_of(self, place: Place, records_max: int) -> dict[Place, Sequence[Delivery]]:
        """Up to `records_max` records of one partition, however far the others are."""
        due = self._due(place, None, records_max) if place in self._held else ()
        return {place: due} if due else {}

    def _waits(self, number: int, more: Collection[Place], now: float) -> bool:
        if all(place in self._held for place in more if place.partition == number):
            self._waiting_since.pop(number, None)
            return False
        return now - self._waiting_since.setdefault(number, now) < PATIENCE_S

    def _due(self, place: Place, horizon: int | None, records_max: int) -> Sequence[Delivery]:
        records = self._held[place]
        due = len(records)
        if horizon is not None and self._newest[place] > horizon:
            # The newest may have gone already: a relay's clock may be behind that of the one before it.
            due = next((n for n, record in enumerate(records) if record.timestamp > horizon), due)
        due = min(due, max(records_max, 0))
        if due == len(records):
            del self._held[place], self._newest[place]
        elif due:
            self._held[place] = records[due:]
        return records[:due]
