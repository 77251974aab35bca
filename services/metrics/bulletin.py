"""The revision bulletin: what was said of some days then, what is said of them later, and the facts that made the difference."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple, Protocol

from services.metrics.cells import Snapshot
from services.metrics.contributions import GROUPS, Amounts, Cell
from services.metrics.evidence import Looked, how_many, leaf, projected, situation
from services.metrics.facts import instant_of_ms
from services.metrics.figures import Value
from services.metrics.record import TOPIC_OF, id_of, stored_at
from services.metrics.revision import Span, Step, is_touched, steps, summed
from services.metrics.shares import Asked
from services.metrics.story import tell
from services.metrics.view import read
from shared.contracts.base import wire_time
from shared.eventsourcing.records import Place
from shared.kafka.fetch import Stored


class _Listed(NamedTuple):
    """A step with the journey it belongs to."""

    looked: Looked
    step: Step

    @property
    def at(self) -> tuple[Place, int]:
        return Place(TOPIC_OF[self.step.source], self.looked.partition), self.step.fact.offset


async def bulletin(snap: Snapshot, bootstrap: str, asked: Asked, then: date, now: date, after: str, limit: int) -> dict[str, Any]:
    """One page of the bulletin; over all pages the facts add up to the difference."""
    # With a known day named, every row is looked at: what a corrected fact took away shows in no column any more.
    pinned = as_known(asked, now)
    before, today = await projected(snap, as_known(asked, then)), await projected(snap, pinned)
    span = Span(then.toordinal(), now.toordinal())
    everything = as_known(asked, None)

    def find(looked: Looked) -> list[_Listed]:
        if not is_touched(looked.row, span):
            return []
        return [_Listed(looked, step) for step in steps(looked.row, everything, span)]

    turned = await leaf(snap, pinned, after, limit, find)
    listed: list[_Listed] = turned.found
    stored, reachable = await stored_at(bootstrap, [one.at for one in listed])
    numerator, denominator = summed(one.step for one in listed)
    return {
        **about(asked),
        "then": {"known_at": then, **before._asdict()},
        "now": {"known_at": now, **today._asdict()},
        "difference": difference(before, today),
        "listed": {"numerator": numerator, "denominator": denominator},
        "facts": [_told(one, stored) for one in listed],
        "record_reachable": reachable,
        "looked_at": turned.looked_at,
        "of": await how_many(snap, pinned),
        "next": turned.next,
    }


def as_known(asked: Asked, day: date | None) -> Asked:
    """The same question of what was known at the end of a day, or of what is known now."""
    return replace(asked, slice=replace(asked.slice, known_at=day))


def about(asked: Asked) -> dict[str, Any]:
    """What every bulletin says of the reading that it is about."""
    return {"figure": asked.figure.code, "reading": asked.reading.code, "unit": asked.reading.unit, "rule": asked.figure.rule}


def difference(before: Value, after: Value) -> dict[str, Any]:
    """By how much a reading moved."""
    value = None if before.value is None or after.value is None else after.value - before.value
    return {
        "numerator": after.numerator - before.numerator,
        "denominator": (after.denominator or 0) - (before.denominator or 0),
        "value": value,
    }


def _told(one: _Listed, stored: Stored) -> dict[str, Any]:
    (row, _), step = one.looked, one.step
    about = situation(tell(row))
    return {
        "journey": row.journey,
        "item": about["item"],
        "basic": about["basic"],
        **told_of(step, step.source, one.at, stored),
        "cells": [_cell(cell, amounts) for cell, amounts in step.cells],
    }


class Moved(Protocol):
    """A fact that moved a reading, as every kind of bulletin finds it."""

    @property
    def sequence(self) -> int: ...
    @property
    def fact(self) -> _Fact: ...
    @property
    def why(self) -> str: ...
    @property
    def numerator(self) -> int | None: ...
    @property
    def denominator(self) -> int: ...


class _Fact(Protocol):
    @property
    def at(self) -> int: ...
    @property
    def known(self) -> int: ...


def told_of(step: Moved, source: str, at: tuple[Place, int], stored: Stored) -> dict[str, Any]:
    """What every bulletin says of a fact: which it is, where it stands, why it counts only now, and how much it moves."""
    (place, offset), found = at, stored.get(at)
    return {
        "event": None if found is None else id_of(found.body),
        "type": None if found is None else read(found.body)["type"],
        "kind": type(step.fact).__name__.lower(),
        "why": step.why,
        "time": wire_time(instant_of_ms(step.fact.at)),
        "known_on": date.fromordinal(step.fact.known),
        "source": source,
        "sequence": step.sequence,
        "topic": place.topic,
        "partition": place.partition,
        "offset": offset,
        "numerator": step.numerator,
        "denominator": step.denominator,
    }


def _cell(cell: Cell, amounts: Amounts) -> dict[str, Any]:
    moved = {measure: n for measure, n in zip(GROUPS[cell.group], amounts, strict=True) if n}
    return {**cell._asdict(), "day": date.fromordinal(cell.day), "amounts": moved}
