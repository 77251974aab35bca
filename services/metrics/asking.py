"""How a question comes in over HTTP: the slice, the dimension, and refusals that name what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, get_args
from urllib.parse import urlencode

from fastapi import Depends, Query
from pydantic import Field

from services.metrics.contributions import GROUPS, Group
from services.metrics.figures import BY_CODE, COVERAGE, Figure
from services.metrics.shares import Asked
from services.metrics.slices import Axis, By, LayerChoice, Slice, query_of, unfit
from shared.contracts.envelope import Role
from shared.eventsourcing.errors import RefusedError, Rule
from shared.reference.deadlines import local_date

UNKNOWN_FIGURE = Rule("unknown-figure", "unknown", "没有这个指标；见 /v1/figures。", "There is no such figure; see /v1/figures.")
UNKNOWN_READING = Rule(
    "unknown-reading", "invalid", "该指标没有这个口径；见 /v1/figures。", "This figure has no such reading; see /v1/figures."
)
UNKNOWN_DIMENSION = Rule(
    "unknown-dimension",
    "invalid",
    "该指标不能按此维度分组；见 /v1/figures。",
    "This figure is not grouped by that; see /v1/figures.",
)
UNFIT_FILTER = Rule(
    "unfit-filter",
    "invalid",
    "该指标的数字并非都能按此条件筛选，筛选后的结果没有意义。请去掉该条件；见 /v1/figures。",
    "Not every number of this figure can be cut by that, so the answer would mean nothing. Leave it out; see /v1/figures.",
)
RULE_CHANGED = Rule(
    "rule-changed",
    "conflict",
    "该链接的数字按另一版规则计算；请用当前规则重新打开该指标。",
    "This link speaks of a figure under another version of its rule; open the figure again under today's.",
)
KNOWN_REVERSED = Rule(
    "known-reversed",
    "invalid",
    "较早的知悉日必须早于较晚的知悉日；请改正。",
    "The earlier known day must come before the later one.",
)
DAYS_REVERSED = Rule("days-reversed", "invalid", "起始日晚于结束日；请改正。", "The first day is later than the last.")

READERS: frozenset[Role] = frozenset({"operator", "auditor", "service"})
"""Who may look behind a figure."""
JOURNEY = r"^[0-9a-zA-Z:_./-]{1,100}$"
CURSOR = r"^[0-9a-zA-Z:_./-]{0,100}$"
"""Where a page went to, as the page before said it; empty at first."""

_REGION = r"^([0-9]{6}|[0-9]{2}00|unknown)$"
"""Four digits name the bodies of a province itself, which are in no city of it."""
CODE = r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}$"
TEXT = r"^[^\x00-\x1f\x7f]{1,200}$"
"""A name that somebody else gave, in any script."""
_CITY = r"^([0-9]{4}00|unknown)$"
_PAIR = r"^([0-9]{4}00|unknown)>([0-9]{4}00|unknown)$"
_CAUSE = r"^[a-z_]{1,40}(\|[a-z_]{1,40})?$"
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]
"""What is computed from a day, such as the same time before it, has to be a day too."""


def _slice(
    region: Annotated[str | None, Query(pattern=_REGION)] = None,
    item: Annotated[str | None, Query(pattern=CODE)] = None,
    basic: Annotated[str | None, Query(pattern=CODE)] = None,
    channel: Annotated[str | None, Query(pattern=CODE)] = None,
    from_day: Annotated[Day | None, Query(alias="from")] = None,
    to_day: Annotated[Day | None, Query(alias="to")] = None,
    axis: Axis = "occurred",
    known_at: Day | None = None,
    layer: LayerChoice = "all",
    pair: Annotated[str | None, Query(pattern=_PAIR)] = None,
    cause: Annotated[str | None, Query(pattern=_CAUSE)] = None,
    home: Annotated[str | None, Query(pattern=_CITY)] = None,
) -> Slice:
    if from_day is not None and to_day is not None and from_day > to_day:
        raise RefusedError(DAYS_REVERSED, field="from")
    return Slice(region, item, basic, channel, from_day, to_day, axis, known_at, layer, pair, cause, home)


AskedSlice = Annotated[Slice, Depends(_slice)]


def require_fit(asked: Slice, groups: Collection[str]) -> None:
    """Raises `RefusedError` for a filter that not all of these groups know: only a part of the answer would be cut by it."""
    name = unfit(asked, groups)
    if name is not None:
        raise RefusedError(UNFIT_FILTER, field=name)


def _fitting(*groups: Group) -> Callable[[Slice], Slice]:
    def fitted(asked: AskedSlice) -> Slice:
        require_fit(asked, groups)
        return asked

    return fitted


OfDelivered = Annotated[Slice, Depends(_fitting("delivered"))]
OfExtra = Annotated[Slice, Depends(_fitting("extra"))]
OfAccepted = Annotated[Slice, Depends(_fitting("accepted"))]
OfEverything = Annotated[Slice, Depends(_fitting(*GROUPS))]
"""The slice of a table or of the whole board, by filters that all the groups it rests on know."""


def figure_of(code: str) -> Figure:
    """The figure of that code. Raises `RefusedError`."""
    figure = BY_CODE.get(code)
    if figure is None:
        raise RefusedError(UNKNOWN_FIGURE, field="figure")
    return figure


def figure_over(code: str, asked: Slice) -> Figure:
    """The figure of that code, if all of it can be cut so. Raises `RefusedError`."""
    figure = figure_of(code)
    require_fit(asked, figure.groups)
    return figure


def dimension_of(figure: Figure, by: str | None) -> By | None:
    """The dimension asked for, if the figure knows it. Raises `RefusedError`."""
    if by is None:
        return None
    if by not in get_args(By) or by not in figure.by:
        raise RefusedError(UNKNOWN_DIMENSION, field="by")
    return by


def asked_of(figure: str, reading: str | None, wanted: Slice, rule: str | None = None) -> Asked:
    """What evidence is asked for; the first reading where none is named. Raises `RefusedError`."""
    return _asked(figure_of(figure), reading, wanted, rule)


def of_items(wanted: Slice, day: date | None) -> Slice:
    """What F1 knows of a slice: it speaks of items on one day, whoever came and however."""
    return Slice(region=wanted.region, basic=wanted.basic, to_day=day, known_at=wanted.known_at)


def items_asked_of(reading: str | None, wanted: Slice, day: date | None, rule: str | None = None) -> Asked:
    """What evidence is asked for behind F1, which is a figure of a day. Raises `RefusedError`."""
    return _asked(COVERAGE, reading, of_items(wanted, day), rule)


def _asked(found: Figure, reading: str | None, wanted: Slice, rule: str | None) -> Asked:
    chosen = found.readings[0] if reading is None else found.reading(reading)
    if chosen is None:
        raise RefusedError(UNKNOWN_READING, field="reading")
    if rule is not None and rule != found.rule:
        raise RefusedError(RULE_CHANGED, field="rule")
    asked = Asked(found, chosen, wanted)
    require_fit(wanted, asked.groups)
    return asked


def permalink(asked: Asked, today: date, settled_to: datetime | None) -> dict[str, Any]:
    """The words that ask for the same again, whatever is recorded later; closed once everything of the days they name is in.

    That a day is over says nothing yet: its last facts may still be on their way, or wait with their journey. Only an import
    may bring more of a closed day; it says so in its origin.
    """
    pinned = asked.slice.known_at or today
    wanted = replace(asked.slice, known_at=pinned, to_day=asked.slice.to_day or pinned)
    words = {"figure": asked.figure.code, "reading": asked.reading.code, **query_of(wanted), "rule": asked.figure.rule}
    return {"query": urlencode(words), "closed": settled_to is not None and pinned < local_date(settled_to)}
