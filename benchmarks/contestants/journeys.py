"""The common task in plain Python, for the frameworks that leave it to their users: a row, what it contributes, what moves.

A row is a plain dictionary, so that every framework can store it as it stores things.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

TOPICS = ("gov.intake.events.v1", "gov.approval.events.v1", "gov.notify.events.v1")
UNKNOWN = "unknown"
_CHINA = timedelta(hours=8)
_SEPARATOR = "\t"
Row = dict[str, Any]
Amounts = list[int]
Movement = tuple[str, Amounts]
"""A cell, its words joined by tabulators, and what is added to it."""


def fold(row: Row, event: dict[str, Any]) -> list[Movement]:
    """Put `event` into `row`, unless it was there before, and tell what that moves."""
    source, sequence = event["source"], event["sequence"]
    if sequence <= row.get(source, 0):
        return []
    row[source] = sequence
    learn = _LEARN.get(event["type"])
    if learn is None:
        return []
    before = contributions(row)
    learn(row, event["data"])
    return _moved(before, contributions(row))


def contributions(row: Row) -> dict[str, Amounts]:
    """What the row adds to the cells."""
    cells: dict[str, Amounts] = {}
    terms = row.get("terms")
    home, handling = (UNKNOWN, f"{UNKNOWN}\t{UNKNOWN}") if terms is None else terms
    home = row.get("home") or home
    for region, item, tag, day in row.get("visits", {}).values():
        cell = f"visits\t{region}\t{home}\t{item}\t{tag}\t{day}"
        cells[cell] = [cells[cell][0] + 1] if cell in cells else [1]
    if row.get("outcome") in ("granted", "refused") and "delivered" in row:
        cells[f"delivered\t{handling}\t{row['delivered']}"] = [1]
    if "decided" in row:
        day, on_time, used = row["decided"]
        cells[f"decided\t{handling}\t{day}"] = [1, on_time, used]
    return cells


def _moved(before: dict[str, Amounts], after: dict[str, Amounts]) -> list[Movement]:
    moved = [(cell, amounts if cell not in before else _minus(amounts, before[cell])) for cell, amounts in after.items()]
    moved += [(cell, [-n for n in amounts]) for cell, amounts in before.items() if cell not in after]
    return [(cell, amounts) for cell, amounts in moved if any(amounts)]


def _minus(left: Amounts, right: Amounts) -> Amounts:
    return [a - b for a, b in zip(left, right, strict=True)]


def plus(left: Amounts | None, right: Amounts) -> Amounts:
    """Amounts added one by one; None is nothing yet."""
    return right if left is None else [a + b for a, b in zip(left, right, strict=True)]


def _opened(row: Row, data: dict[str, Any]) -> None:
    row["home"] = data.get("applicant_region")


def _visited(row: Row, data: dict[str, Any]) -> None:
    tag = f"{data['cause']}|{data['responsible']}"
    row.setdefault("visits", {})[data["visit_id"]] = [data["venue_region"], data["item_code"], tag, data["local_date"]]


def _voided(row: Row, data: dict[str, Any]) -> None:
    row.get("visits", {}).pop(data["visit_id"], None)


def _submitted(row: Row, data: dict[str, Any]) -> None:
    row["terms"] = [data["applicant_region"], f"{data['handling_region']}\t{data['item_code']}"]


def _completed(row: Row, data: dict[str, Any]) -> None:
    row["outcome"] = data["outcome"]


def _delivered(row: Row, data: dict[str, Any]) -> None:
    row["delivered"] = _day(data["delivered_at"])


def _decided(row: Row, data: dict[str, Any]) -> None:
    row["decided"] = [_day(data["decided_at"]), int(data["on_time"]), data["net_wd_used"]]


def _day(instant: str) -> str:
    return (datetime.fromisoformat(instant) + _CHINA).date().isoformat()


_LEARN: dict[str, Callable[[Row, dict[str, Any]], None]] = {
    "gov.intake.journey-opened.v1": _opened,
    "gov.intake.visit-recorded.v1": _visited,
    "gov.intake.visit-voided.v1": _voided,
    "gov.intake.application-submitted.v1": _submitted,
    "gov.intake.journey-completed.v1": _completed,
    "gov.intake.result-delivered.v1": _delivered,
    "gov.approval.decision-made.v1": _decided,
}


def write_outcome(path: Path, rows: int, cells: Iterable[Movement]) -> None:
    """What the framework's store holds at the end, in the form that is compared with the right one."""
    kinds: dict[str, list[list[str | int]]] = {"visits": [], "delivered": [], "decided": []}
    for cell, amounts in cells:
        kind, *words = cell.split(_SEPARATOR)
        kinds[kind].append([*words, *amounts])
    path.write_text(json.dumps({"rows": rows, **kinds}))
