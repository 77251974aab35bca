"""The first screen as one answer: each group of cells is read once, and everything on the screen is made of that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from services.metrics.cells import NO_WAITS, Snapshot, answer, grouped, waits
from services.metrics.contributions import Cell
from services.metrics.figures import BY_CODE, Sum, evaluate, value_of
from services.metrics.shelf import shown
from services.metrics.slices import Slice, city, column, ends_on, first_day, prefix_of, query_of
from shared.reference.divisions import CITY_CODES

MOVERS_MAX = 6
LAYERS = ("physical", "virtual")
Rows = Iterable[tuple[Cell, Mapping[str, int]]]
_PROMISE = BY_CODE["F2"].measures | BY_CODE["F3"].measures | BY_CODE["F4"].measures
_TREND = frozenset({"delivered.journeys", "delivered.statutory_once", "delivered.experienced_once", "delivered.kept"})
_VISITS = BY_CODE["F7"].measures | BY_CODE["F10"].measures


def added(rows: Rows) -> dict[str, int]:
    """The measures of all rows together."""
    total: dict[str, int] = defaultdict(int)
    for _, amounts in rows:
        for measure, amount in amounts.items():
            total[measure] += amount
    return dict(total)


def _reading(figure: str, code: str, sums: Sum) -> dict[str, Any]:
    reading = BY_CODE[figure].reading(code)
    assert reading is not None
    return value_of(reading, sums)._asdict()


async def gap(snap: Snapshot, asked: Slice) -> dict[str, Any]:
    """F4 by basic item and city, worst item first."""
    return gap_of(asked, await grouped(snap, "delivered", asked, ("city", "basic"), BY_CODE["F4"].measures))


def _behind(figure: str, reading: str, asked: Slice, **cell: str) -> str:
    """The address of the evidence behind a cell of a table over the slice. What stands in braces is the cell's own."""
    return "/v1/evidence?" + urlencode({"figure": figure, "reading": reading, **query_of(asked), **cell}, safe="{}")


def gap_of(asked: Slice, rows: Rows) -> dict[str, Any]:
    """The gap table of delivered journeys by region and basic item."""
    parts: dict[str, dict[str, list[tuple[Cell, Mapping[str, int]]]]] = defaultdict(lambda: defaultdict(list))
    for cell, amounts in rows:
        parts[cell.basic][column(cell.region)].append((cell, amounts))
    totals = {basic: added(row for rows in by_city.values() for row in rows) for basic, by_city in parts.items()}

    def badness(basic: str) -> tuple[float, str]:
        value = evaluate(BY_CODE["F4"], totals[basic])["gap"].value
        return (-(value or 0.0), basic)

    cells = {
        basic: {
            code: {name: value._asdict() for name, value in evaluate(BY_CODE["F4"], added(rows)).items()}
            for code, rows in sorted(by_city.items())
        }
        for basic, by_city in parts.items()
    }
    others = sorted({code for by_city in parts.values() for code in by_city} - set(CITY_CODES))
    # A county is narrower than the cities of the table.
    place = asked.region if asked.region is not None and prefix_of(asked.region) == asked.region else "{region}"
    return {
        "items": sorted(parts, key=badness),
        "cities": [*CITY_CODES, *others],
        "cells": cells,
        "evidence": _behind("F4", "gap", asked, basic="{basic}", region=place),
    }


async def causes(snap: Snapshot, asked: Slice) -> dict[str, Any]:
    """F5 by cause and who answers for it, most frequent first."""
    return causes_of(asked, await grouped(snap, "extra", asked, ("tag",)))


def before(asked: Slice, today: date) -> Slice | None:
    """As many days as the slice has, right before it; None where it has no first day."""
    if asked.from_day is None or asked.axis != "occurred":
        return None
    length = ends_on(asked, today) - asked.from_day
    return replace(asked, from_day=asked.from_day - length - timedelta(days=1), to_day=asked.from_day - timedelta(days=1))


async def movers(snap: Snapshot, asked: Slice, today: date) -> dict[str, Any]:
    """Where the gap grew most since as many days before the slice; None where that is not asked for by its days."""
    found = await grouped(snap, "delivered", asked, ("city", "basic"), BY_CODE["F4"].measures)
    return {"movers": await _moved(snap, asked, today, found)}


async def _moved(snap: Snapshot, asked: Slice, today: date, now: Rows) -> list[dict[str, Any]] | None:
    earlier = before(asked, today)
    if earlier is None:
        return None
    return movers_of(now, await grouped(snap, "delivered", earlier, ("city", "basic"), BY_CODE["F4"].measures))


def movers_of(now: Rows, then: Rows) -> list[dict[str, Any]]:
    """Where the gap grew most since the days before, of the items and cities with enough journeys in both."""
    found, old = _gaps(now), _gaps(then)
    moved = [
        {
            "basic": basic,
            "city": place,
            "gap": gap,
            "before": old[basic, place],
            "change": gap["value"] - old[basic, place]["value"],
        }
        for (basic, place), gap in found.items()
        if (basic, place) in old and not gap["few"] and not old[basic, place]["few"]
    ]
    worse = [mover for mover in moved if mover["change"] > 0]
    return sorted(worse, key=lambda mover: (-mover["change"], mover["basic"], mover["city"]))[:MOVERS_MAX]


def _gaps(rows: Rows) -> dict[tuple[str, str], dict[str, Any]]:
    parts: dict[tuple[str, str], list[tuple[Cell, Mapping[str, int]]]] = defaultdict(list)
    for cell, amounts in rows:
        parts[cell.basic, column(cell.region)].append((cell, amounts))
    return {key: _reading("F4", "gap", added(part)) for key, part in parts.items()}


def causes_of(asked: Slice, rows: Rows) -> dict[str, Any]:
    """The bars of extra runs by cause."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: {"government": 0, "applicant": 0, "unknown": 0})
    for cell, amounts in rows:
        cause, _, responsible = cell.tag.partition("|")
        entry = found[cause]
        entry[responsible] = entry.get(responsible, 0) + amounts["extra.runs"]
    bars = [{"cause": cause, **parts, "total": sum(parts.values())} for cause, parts in found.items() if any(parts.values())]
    bars.sort(key=lambda bar: (-int(str(bar["total"])), str(bar["cause"])))
    total = sum(int(str(bar["total"])) for bar in bars)
    return {
        "total": {"value": total, "numerator": total, "denominator": None, "few": False},
        "causes": bars,
        "evidence": _behind("F5", "extra", asked, cause="{cause}|{responsible}"),
    }


async def matrix(snap: Snapshot, asked: Slice) -> dict[str, Any]:
    """F6 as a table: row = received in, column = handled in."""
    return matrix_of(asked, await grouped(snap, "accepted", asked, ("city", "home", "tag")))


def matrix_of(asked: Slice, rows: Rows) -> dict[str, Any]:
    """The matrix of accepted cases, each layer that is asked for apart; nothing is counted in two places."""
    rows = list(rows)
    pairs: dict[tuple[str, str, str], int] = defaultdict(int)
    for cell, amounts in rows:
        layer = cell.tag.partition("|")[2]
        pairs[layer, city(cell.other), city(cell.region)] += amounts["accepted.cases"]
    others = sorted({code for _, received, handled in pairs for code in (received, handled)} - set(CITY_CODES))
    codes = [*CITY_CODES, *others]
    layers = LAYERS if asked.layer == "all" else (asked.layer,)
    return {
        "codes": codes,
        "layers": {layer: [[pairs.get((layer, r, h), 0) for h in codes] for r in codes] for layer in layers},
        "readings": shown(evaluate(BY_CODE["F6"], added(rows))),
        "evidence": _behind("F6", "accepted", asked, pair="{receiving}>{handling}", layer="{layer}"),
    }


async def weeks(snap: Snapshot, asked: Slice) -> dict[str, Any]:
    """F2, F3 and F4 week by week."""
    return {"weeks": trend_of(await grouped(snap, "delivered", asked, ("week",), _TREND))}


def trend_of(rows: Rows) -> list[dict[str, Any]]:
    """Kept promises week by week, from delivered journeys by day."""
    weeks: dict[date, list[tuple[Cell, Mapping[str, int]]]] = defaultdict(list)
    for cell, amounts in rows:
        day = date.fromordinal(cell.day)
        weeks[first_day(day, "week")].append((cell, amounts))
    return [
        {
            "week": week.isoformat(),
            "once": _reading("F2", "once", sums),
            "experienced_once": _reading("F3", "once", sums),
            "kept": _reading("F4", "kept", sums),
        }
        for week, sums in sorted((week, added(part)) for week, part in weeks.items())
    ]


def travel_of(rows: Rows) -> list[dict[str, Any]]:
    """Who had to leave their city, by the city in which they live."""
    homes: dict[str, list[tuple[Cell, Mapping[str, int]]]] = defaultdict(list)
    for cell, amounts in rows:
        homes[city(cell.other)].append((cell, amounts))
    return [{"region": home, "away": _reading("F7", "away", added(part))} for home, part in sorted(homes.items())]


async def board(snap: Snapshot, asked: Slice, today: date) -> dict[str, Any]:
    """Everything of the first screen but the coverage, the live part and the alerts."""
    delivered = await grouped(snap, "delivered", asked, ("city", "basic"), _PROMISE)
    moved = await _moved(snap, asked, today, delivered)
    by_week = await grouped(snap, "delivered", asked, ("week",), _TREND)
    extra = await grouped(snap, "extra", asked, ("tag",))
    visits = await grouped(snap, "visit", asked, ("home",), _VISITS)
    accepted = await grouped(snap, "accepted", asked, ("city", "home", "tag"))
    custody = await grouped(snap, "custody", asked, ())
    duty = await grouped(snap, "duty", asked, ())
    ended = await grouped(snap, "ended", asked, ())
    sums = added(row for rows in (delivered, extra, visits, accepted, custody, duty, ended) for row in rows)
    waited = (await waits(snap, asked, today)).get(None, NO_WAITS)
    on_time = await answer(snap, BY_CODE["F9"], asked, today)
    unattributed = evaluate(BY_CODE["F10"], sums)
    return {
        "promise": {code: shown(evaluate(BY_CODE[code], sums)) for code in ("F2", "F3", "F4", "F0")},
        "trend": trend_of(by_week),
        "gap": gap_of(asked, delivered),
        "movers": moved,
        "causes": causes_of(asked, extra),
        "matrix": matrix_of(asked, accepted),
        "travel": travel_of(visits),
        "custody": shown(evaluate(BY_CODE["F8"], sums) | waited.values()),
        "on_time": shown(on_time.readings),
        "duty": shown(evaluate(BY_CODE["F12"], sums)),
        "trust": {"unattributed": unattributed["unattributed"]._asdict(), "visits": unattributed["visits"].value},
    }
