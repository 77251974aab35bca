"""Spans: cells added up over weeks or months without their item and channel, so that long slices are short to sum.

A slice is the whole spans within it and the cells of the days around them. The database's `add_spans` keeps them in the
transaction that moves the cells; here is which questions they answer.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import NamedTuple

from services.metrics.contributions import Group
from services.metrics.slices import Slice, Unit, first_day

_DAY = timedelta(days=1)
_LOST = frozenset({"item", "channel", "day", "known"})


class Days(NamedTuple):
    """From one day to another, both included; None is open."""

    first: date | None
    last: date | None


class Split(NamedTuple):
    """A slice in two: the spans that start on these days, if any, and the cells of these other days."""

    spans: Days | None
    cells: tuple[Days, ...]


def unit_of(group: Group) -> Unit:
    """How long the spans of a group are. Delivered journeys are told week by week."""
    return "week" if group == "delivered" else "month"


def split(group: Group, asked: Slice, columns: Collection[str]) -> Split:
    """The slice of a group in two, for an answer that looks at `columns`; spans that lack one of them are no help."""
    unit = unit_of(group)
    lost = _LOST | {"week", "month"} - {unit} | ({"tag"} if group == "visit" else set())
    days = Days(asked.from_day, asked.to_day)
    if asked.axis == "known" or not lost.isdisjoint(columns):
        return Split(None, (days,))
    first = None if days.first is None else _next_start(days.first, unit)
    last = None if days.last is None else first_day(days.last + _DAY, unit) - _DAY
    if first is not None and last is not None and first > last:
        return Split(None, (days,))
    around = []
    if days.first is not None and first is not None and days.first < first:
        around.append(Days(days.first, first - _DAY))
    if days.last is not None and last is not None and last < days.last:
        around.append(Days(last + _DAY, days.last))
    return Split(Days(first, last), tuple(around))


def _next_start(day: date, unit: Unit) -> date:
    start = first_day(day, unit)
    return start if start == day else first_day(start + timedelta(days=7 if unit == "week" else 31), unit)
