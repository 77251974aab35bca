"""How a question comes in over HTTP: the slice, the dimension, and refusals that name what is wrong with them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, get_args

from fastapi import Depends, Query

from services.metrics.figures import BY_CODE, Figure
from services.metrics.slices import Axis, By, LayerChoice, Slice
from shared.eventsourcing.errors import RefusedError, Rule

UNKNOWN_FIGURE = Rule("unknown-figure", "unknown", "没有这个指标；见 /v1/figures。", "There is no such figure; see /v1/figures.")
UNKNOWN_READING = Rule(
    "unknown-reading", "invalid", "该指标没有这个读数；见 /v1/figures。", "This figure has no such reading; see /v1/figures."
)
UNKNOWN_DIMENSION = Rule(
    "unknown-dimension",
    "invalid",
    "该指标不能按此维度分组；见 /v1/figures。",
    "This figure is not grouped by that; see /v1/figures.",
)
DAYS_REVERSED = Rule("days-reversed", "invalid", "起始日晚于结束日；请改正。", "`from` is later than `to`; mend them.")

_REGION = r"^([0-9]{6}|unknown)$"
_CODE = r"^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}$"
_PAIR = r"^([0-9]{6}|unknown)>([0-9]{6}|unknown)$"
_CAUSE = r"^[a-z_]{1,40}\|[a-z_]{1,40}$"


def _slice(
    region: Annotated[str | None, Query(pattern=_REGION)] = None,
    item: Annotated[str | None, Query(pattern=_CODE)] = None,
    basic: Annotated[str | None, Query(pattern=_CODE)] = None,
    channel: Annotated[str | None, Query(pattern=_CODE)] = None,
    from_day: Annotated[date | None, Query(alias="from")] = None,
    to_day: Annotated[date | None, Query(alias="to")] = None,
    axis: Axis = "occurred",
    known_at: date | None = None,
    layer: LayerChoice = "all",
    pair: Annotated[str | None, Query(pattern=_PAIR)] = None,
    cause: Annotated[str | None, Query(pattern=_CAUSE)] = None,
) -> Slice:
    if from_day is not None and to_day is not None and from_day > to_day:
        raise RefusedError(DAYS_REVERSED, field="from")
    return Slice(region, item, basic, channel, from_day, to_day, axis, known_at, layer, pair, cause)


AskedSlice = Annotated[Slice, Depends(_slice)]


def figure_of(code: str) -> Figure:
    """The figure of that code. Raises `RefusedError`."""
    figure = BY_CODE.get(code)
    if figure is None:
        raise RefusedError(UNKNOWN_FIGURE, field="figure")
    return figure


def dimension_of(figure: Figure, by: str | None) -> By | None:
    """The dimension asked for, if the figure knows it. Raises `RefusedError`."""
    if by is None:
        return None
    if by not in get_args(By) or by not in figure.by:
        raise RefusedError(UNKNOWN_DIMENSION, field="by")
    return by


def query_of(asked: Slice) -> dict[str, str]:
    """The parameters that ask for this slice again."""
    words: dict[str, str | None] = {
        "region": asked.region,
        "item": asked.item,
        "basic": asked.basic,
        "channel": asked.channel,
        "from": _day(asked.from_day),
        "to": _day(asked.to_day),
        "axis": None if asked.axis == "occurred" else asked.axis,
        "known_at": _day(asked.known_at),
        "layer": None if asked.layer == "all" else asked.layer,
        "pair": asked.pair,
        "cause": asked.cause,
    }
    return {name: word for name, word in words.items() if word is not None}


def told(asked: Slice) -> dict[str, str | None]:
    """The slice as an answer repeats it."""
    return {
        "region": asked.region,
        "item": asked.item,
        "basic": asked.basic,
        "channel": asked.channel,
        "from": _day(asked.from_day),
        "to": _day(asked.to_day),
        "axis": asked.axis,
        "known_at": _day(asked.known_at),
        "layer": asked.layer,
        "pair": asked.pair,
        "cause": asked.cause,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
