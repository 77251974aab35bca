"""The hand-overs behind a reading of single waits.

A median adds up from no journeys, yet every wait it is read from can be shown, and counted again from its bytes. The
projection reads it from its table of hand-overs, evidence from the rows of journeys; that both say the same is tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any, NamedTuple

from services.metrics.cells import NO_WAITS, Snapshot, Waits, waits
from services.metrics.contributions import Cell
from services.metrics.evidence import Looked, leaf, told
from services.metrics.figures import Reading, Value
from services.metrics.ledger import Entry
from services.metrics.shares import Asked
from services.metrics.slices import Slice, covers
from services.metrics.story import tell
from services.metrics.summary import Wait
from services.metrics.summary import waits as offers_of
from shared.contracts.base import wire_time

_SECOND, _HALF = timedelta(seconds=1), timedelta(milliseconds=500)


class Handover(NamedTuple):
    """One hand-over as a slice sees it.

    `how` it ended, None if that is not yet known; `seconds` from the offer until the papers were taken over, None if they
    were not or nobody passes any on; `is_overdue` if it still waits past its day.
    """

    wait: Wait
    how: str | None
    seconds: int | None
    is_overdue: bool

    def counts_in(self, reading: Reading) -> bool:
        """Whether it is one of those that the reading is read from."""
        return self.is_overdue if reading.code == "overdue" else self.seconds is not None


def handovers(looked: Looked, asked: Slice, today: date) -> list[Handover]:
    """Those of one journey that the slice covers. As known on a day, what was overdue then counts."""
    now_on = today if asked.known_at is None else min(today, asked.known_at)
    return [_seen(wait, asked, now_on) for wait in offers_of(tell(looked.row), looked.partition) if covers(asked, _entry(wait))]


def _entry(wait: Wait) -> Entry:
    """Where the offer itself is counted."""
    day = wait.offered_on.toordinal()
    cell = Cell("custody", wait.from_region, wait.to_region, wait.item, wait.basic, wait.channel, wait.layer, day)
    return Entry(cell, wait.offered_known.toordinal())


def _seen(wait: Wait, asked: Slice, now_on: date) -> Handover:
    known = asked.known_at is None or (wait.ended_known is not None and wait.ended_known <= asked.known_at)
    how, ended = (wait.how, wait.ended_at) if known else (None, None)
    taken = ended if how == "accepted" and wait.layer == "physical" else None
    return Handover(wait, how, None if taken is None else _seconds(taken - wait.offered_at), how is None and wait.due < now_on)


def _seconds(took: timedelta) -> int:
    """In whole seconds, halves away from zero, as the database rounds."""
    return (took + _HALF) // _SECOND if took >= timedelta() else -((_HALF - took) // _SECOND)


def waits_of(found: Iterable[Handover]) -> Waits:
    """The readings over these hand-overs."""
    every = list(found)
    seconds = sorted(one.seconds for one in every if one.seconds is not None)
    return Waits(len(seconds), _percentile(seconds, 0.5), _percentile(seconds, 0.9), sum(one.is_overdue for one in every))


def _percentile(ascending: Sequence[int], share: float) -> int | None:
    """The first value that such a share of all does not exceed, as `percentile_disc` has it; None of nothing."""
    return ascending[ceil(share * len(ascending)) - 1] if ascending else None


async def said(snap: Snapshot, asked: Asked, today: date) -> Value:
    """The reading as the table of hand-overs has it."""
    return (await waits(snap, asked.slice, today)).get(None, NO_WAITS).values()[asked.reading.code]


async def page(snap: Snapshot, asked: Asked, after: str, limit: int, today: date) -> dict[str, Any]:
    """One page of the hand-overs behind a reading of waits; over all pages the reading can be read from them."""

    def find(looked: Looked) -> list[dict[str, Any]]:
        return [_shown(one) for one in handovers(looked, asked.slice, today) if one.counts_in(asked.reading)]

    return told(asked, await said(snap, asked, today), await leaf(snap, asked, after, limit, find))


def _shown(one: Handover) -> dict[str, Any]:
    wait = one.wait
    return {
        "journey": wait.journey,
        "item": wait.item,
        "from_region": wait.from_region,
        "to_region": wait.to_region,
        "layer": wait.layer,
        "offered_at": wire_time(wait.offered_at),
        "due": wait.due.isoformat(),
        "taken_at": None if one.seconds is None else _told(wait.ended_at),
        "seconds": one.seconds,
    }


def _told(instant: datetime | None) -> str | None:
    return None if instant is None else wire_time(instant)


@dataclass(slots=True)
class Waited:
    """A reading of waits that is counted again."""

    asked: Asked
    today: date
    found: list[Handover] = field(default_factory=list)

    async def said(self, snap: Snapshot) -> Value:
        """What the projection says."""
        return await said(snap, self.asked, self.today)

    def rests_on(self, looked: Looked) -> bool:
        """Whether a row has to be counted again."""
        return any(one.counts_in(self.asked.reading) for one in handovers(looked, self.asked.slice, self.today))

    def add(self, again: Looked) -> None:
        """Count a row that was folded again."""
        self.found += handovers(again, self.asked.slice, self.today)

    def value(self) -> Value:
        """What was counted."""
        return waits_of(self.found).values()[self.asked.reading.code]
