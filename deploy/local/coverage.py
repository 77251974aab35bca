"""F1 three times: by the board, from the recorded catalogue, and from the documents that the generator published."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from deploy.local.catalogue import catalogue
from deploy.local.doors import Doors
from deploy.local.tables import Compared, Difference, Reading
from deploy.local.witness import on
from services.metrics.catalogue import CatalogueRow, coverage
from services.metrics.recount import Recount

_ITEM = "item:"
_READINGS = ("once", "once_less_exceptions", "zero")
Levels = dict[int, dict[str, Reading]]


async def compare_coverage(doors: Doors, recount: Recount, as_of: datetime) -> tuple[list[dict[str, Any]], Compared]:
    """Each level's readings from all three sources, and their differences. Truth speaks of the generator's items alone."""
    today = on(as_of)
    told = await doors.get("metrics", "/v1/figures/F1", day=today.isoformat())
    projected = {level["level"]: {code: _pair(level["readings"][code]) for code in _READINGS} for level in told["levels"]}
    published = [d["data"] for d in catalogue(as_of) if d["type"] == "gov.command.publish-item.v1"]
    own = {f"{_ITEM}{item['item_code']}" for item in published}
    recounted = _recounted(recount.catalogue.values(), today.toordinal())
    of_own = _recounted((row for key, row in recount.catalogue.items() if key in own), today.toordinal())
    truth = _truth(published)
    compared = Compared(0, [])
    _compare(compared, projected, recounted, "projected and recounted")
    _compare(compared, of_own, truth, "recounted and truth")
    sources = {"projected": projected, "recounted": recounted, "truth": truth}
    rows = [
        {"level": level, "reading": code, **{name: levels.get(level, {}).get(code) for name, levels in sources.items()}}
        for level in sorted({*projected, *recounted, *truth})
        for code in _READINGS
    ]
    return rows, compared


def _pair(reading: dict[str, Any]) -> Reading:
    return reading["numerator"], reading["denominator"]


def _recounted(rows: Any, day: int) -> Levels:
    items: list[CatalogueRow] = [row for row in rows if row.key.startswith(_ITEM)]
    return {
        level.level: {
            "once": (level.once, level.items),
            "once_less_exceptions": (level.once - level.exceptions_once, level.items - level.exceptions),
            "zero": (level.zero, level.items),
        }
        for level in coverage(items, day)
    }


def _truth(published: list[dict[str, Any]]) -> Levels:
    items = Counter(item["level"] for item in published)
    levels: Levels = {}
    for level, total in items.items():
        declared = [item["declared_visits"] for item in published if item["level"] == level]
        once = (sum(visits <= 1 for visits in declared), total)
        # None of the generator's items claims an exception.
        levels[level] = {"once": once, "once_less_exceptions": once, "zero": (declared.count(0), total)}
    return levels


def _compare(compared: Compared, left: Levels, right: Levels, between: str) -> None:
    for level in sorted({*left, *right}):
        for code in _READINGS:
            compared.readings += 1
            one, other = left.get(level, {}).get(code), right.get(level, {}).get(code)
            if one != other:
                compared.differences.append(Difference("F1", f"level={level}", code, str(one), str(other), between))
