"""Bars from zero as a small SVG: one group for each size, one bar for each contestant, whiskers from least to most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, log10

_LEFT, _RIGHT, _BAR, _GAP, _TOP = 190, 110, 16, 26, 44
_PLOT = 520
_MARKS_MAX = 6
_COLOURS = ("#1f5fa8", "#b5541c", "#3b7d3b", "#7a4d9f", "#8a6d1b", "#5a5a5a", "#a8324a")


@dataclass(frozen=True, slots=True)
class Bar:
    """One value with its spread."""

    group: str
    name: str
    value: float
    least: float
    most: float


def chart(title: str, bars: Sequence[Bar]) -> str:
    """The drawing as text. `bars` is not empty, and of one group after the other."""
    names = list(dict.fromkeys(bar.name for bar in bars))
    high = max(bar.most for bar in bars)
    rows, y = [], _TOP
    group = ""
    for bar in bars:
        if bar.group != group:
            group, y = bar.group, y + _GAP
            rows.append(f'<text x="8" y="{y - 6}" font-weight="bold">{escape(group)}</text>')
        rows.append(_bar(bar, y, _COLOURS[names.index(bar.name) % len(_COLOURS)], high))
        y += _BAR + 4
    return _page(title, rows, y, _scale(high, y))


def _x(value: float, high: float) -> float:
    return _LEFT + _PLOT * value / high


def _bar(bar: Bar, y: int, colour: str, high: float) -> str:
    end, least, most = (_x(value, high) for value in (bar.value, bar.least, bar.most))
    middle = y + _BAR / 2
    return (
        f'<text x="{_LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(bar.name)}</text>'
        f'<rect x="{_LEFT}" y="{y}" width="{end - _LEFT:.1f}" height="{_BAR}" fill="{colour}"/>'
        f'<path d="M{least:.1f} {middle}H{most:.1f}" stroke="#111" stroke-width="2"/>'
        f'<text x="{max(end, most) + 6:.1f}" y="{y + 12}">{_number(bar.value)}</text>'
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.4g}"


def _scale(high: float, bottom: int) -> list[str]:
    decade = 10.0 ** (ceil(log10(high)) - 1)
    step = next(step for step in (decade / 5, decade / 2, decade, 2 * decade) if high / step <= _MARKS_MAX)
    marks = []
    for n in range(int(high / step) + 1):
        x = _x(n * step, high)
        marks.append(f'<path d="M{x:.1f} {_TOP}V{bottom}" stroke="#ccc"/>')
        marks.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{_number(n * step)}</text>')
    return marks


def _page(title: str, rows: Sequence[str], bottom: int, scale: Sequence[str]) -> str:
    width, height = _LEFT + _PLOT + _RIGHT, bottom + 26
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
            ' font-family="sans-serif" font-size="12" role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            f'<text x="8" y="24" font-size="15">{escape(title)}</text>',
            *scale,
            *rows,
            "</svg>\n",
        )
    )
