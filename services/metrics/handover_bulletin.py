"""The revision bulletin of single waits: the hand-overs that a reading rests on later and did not then, or no more.

A wait begins to count when its end becomes known. A hand-over is overdue once its day has passed or, if it was due already,
once it becomes known; it is so no more once its end is. A percentile adds up from nothing: what the facts make is of how many
hand-overs it is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal, NamedTuple, TypeAlias

from services.metrics.bulletin import about, as_known, difference, told_of
from services.metrics.cells import Snapshot
from services.metrics.evidence import Looked, how_many, leaf
from services.metrics.facts import Offered, OfferEnded
from services.metrics.handovers import Handover, handovers, said
from services.metrics.record import TOPIC_OF, stored_at
from services.metrics.revision import Why as FactWhy
from services.metrics.revision import why
from services.metrics.shares import Asked
from shared.eventsourcing.records import Place
from shared.kafka.fetch import Stored

Passed = Literal["passed"]
"""No fact came; the day on which a hand-over had to be answered went by."""
Why: TypeAlias = FactWhy | Passed


class Step(NamedTuple):
    """One hand-over that counts now and did not then, or the other way about, with the fact that it came by or was made by.

    `numerator` is None for a percentile, which has none that would add up.
    """

    handover: Handover
    sequence: int
    fact: Offered | OfferEnded
    why: Why
    numerator: int | None
    denominator: int


class _Listed(NamedTuple):
    """A step with the journey it belongs to."""

    looked: Looked
    step: Step

    @property
    def at(self) -> tuple[Place, int]:
        return Place(TOPIC_OF["intake"], self.looked.partition), self.step.fact.offset


def steps(looked: Looked, asked: Asked, then: date, now: date) -> Iterator[Step]:
    """Every hand-over of the journey that moved the reading between the ends of two days."""
    before, after = (_counted(looked, asked, day) for day in (then, now))
    for key in sorted(before.keys() ^ after.keys()):
        yield _step(looked, asked, then, after.get(key) or before[key], is_new=key in after)


def _counted(looked: Looked, asked: Asked, day: date) -> Mapping[tuple[str, str], Handover]:
    found = handovers(looked, as_known(asked, day).slice, day)
    return {(one.wait.case_no, one.wait.handover_no): one for one in found if one.counts_in(asked.reading)}


def _step(looked: Looked, asked: Asked, then: date, handover: Handover, *, is_new: bool) -> Step:
    wait, is_overdue = handover.wait, asked.reading.code == "overdue"
    ended = wait.ended_known is not None and wait.ended_known > then
    sequence, fact = _fact(looked, handover, of_end=ended and not (is_overdue and is_new))
    by_day = is_overdue and is_new and wait.offered_known <= then
    moved = 1 if is_new else -1
    return Step(handover, sequence, fact, "passed" if by_day else why(fact), *((moved, 0) if is_overdue else (None, moved)))


def _fact(looked: Looked, handover: Handover, *, of_end: bool) -> tuple[int, Offered | OfferEnded]:
    wanted = (handover.wait.case_no, handover.wait.handover_no)
    # What is told again counts as it was told last.
    for sequence, fact in reversed([*enumerate(looked.row.intake, 1)]):
        if isinstance(fact, OfferEnded if of_end else Offered) and (fact.case, fact.handover) == wanted:
            return sequence, fact
    raise AssertionError("a hand-over comes of its facts")


async def bulletin(snap: Snapshot, bootstrap: str, asked: Asked, then: date, now: date, after: str, limit: int) -> dict[str, Any]:
    """One page of the bulletin; over all pages the hand-overs make the difference between how many counted then and later."""
    pinned = as_known(asked, now)
    before, later = await said(snap, as_known(asked, then), then), await said(snap, pinned, now)

    def find(looked: Looked) -> list[_Listed]:
        return [_Listed(looked, step) for step in steps(looked, asked, then, now)]

    turned = await leaf(snap, pinned, after, limit, find)
    listed: list[_Listed] = turned.found
    stored, reachable = await stored_at(bootstrap, [one.at for one in listed])
    adds_up = later.denominator is None
    moved = difference(before, later)
    return {
        **about(asked),
        "then": {"known_at": then, **before._asdict()},
        "now": {"known_at": now, **later._asdict()},
        "difference": moved if adds_up else {**moved, "numerator": None},
        "listed": {
            "numerator": sum(one.step.numerator or 0 for one in listed) if adds_up else None,
            "denominator": sum(one.step.denominator for one in listed),
        },
        "facts": [_told(one, stored) for one in listed],
        "record_reachable": reachable,
        "looked_at": turned.looked_at,
        "of": await how_many(snap, pinned),
        "next": turned.next,
    }


def _told(one: _Listed, stored: Stored) -> dict[str, Any]:
    wait = one.step.handover.wait
    return {
        "journey": wait.journey,
        "item": wait.item,
        "basic": wait.basic,
        **told_of(one.step, "intake", one.at, stored),
        "from_region": wait.from_region,
        "to_region": wait.to_region,
        "due": wait.due,
        "seconds": one.step.handover.seconds,
    }
