"""What is going on right now: open journeys, who holds them, how old they are, and where people came in vain today."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from services.metrics.cells import Snapshot, grouped
from services.metrics.slices import Slice, city

MINUTES = 30
_AGES = ((1, "0-1"), (7, "2-7"), (30, "8-30"), (90, "31-90"))
_OLDEST = "91+"
NOBODY = "none"


def age_of(days: int) -> str:
    """The age group of a journey opened that many days ago."""
    return next((name for limit, name in _AGES if days <= limit), _OLDEST)


async def live(snap: Snapshot, now: datetime, today: date) -> dict[str, Any]:
    """The live figures."""
    return {
        **await _open(snap, today),
        "visited_per_minute": await _visited(snap, now),
        "failed_today": await _failed(snap, today),
        "day": today.isoformat(),
    }


async def _open(snap: Snapshot, today: date) -> dict[str, Any]:
    rows = await snap.tx.fetch(
        f"SELECT anonymous, holder_region, opened_on, count(*)::int AS n FROM {snap.room}.journey WHERE open GROUP BY 1, 2, 3"
    )
    holders: dict[str, dict[str, int]] = defaultdict(lambda: {"open": 0, "anonymous": 0})
    ages = dict.fromkeys([name for _, name in _AGES] + [_OLDEST], 0)
    anonymous = 0
    for row in rows:
        entry = holders[NOBODY if row["holder_region"] is None else city(row["holder_region"])]
        entry["open"] += row["n"]
        ages[age_of((today - (row["opened_on"] or today)).days)] += row["n"]
        if row["anonymous"]:
            entry["anonymous"] += row["n"]
            anonymous += row["n"]
    total = sum(entry["open"] for entry in holders.values())
    return {
        "open": {"total": total, "anonymous": anonymous, "identified": total - anonymous},
        "by_holder": [{"region": region, **entry} for region, entry in sorted(holders.items())],
        "by_age": [{"days": name, "open": count} for name, count in ages.items()],
    }


async def _visited(snap: Snapshot, now: datetime) -> list[dict[str, Any]]:
    start = now.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1)
    rows = await snap.tx.fetch(
        f"SELECT date_trunc('minute', last_visit_at) AS minute, count(*)::int AS n FROM {snap.room}.journey "
        "WHERE last_visit_at >= $1 AND last_visit_at <= $2 GROUP BY 1",
        start,
        now,
    )
    counted = {row["minute"]: row["n"] for row in rows}
    minutes = [start + timedelta(minutes=n) for n in range(MINUTES)]
    return [{"minute": minute, "journeys": counted.get(minute, 0)} for minute in minutes]


async def _failed(snap: Snapshot, today: date) -> list[dict[str, Any]]:
    causes: dict[str, int] = defaultdict(int)
    for cell, amounts in await grouped(snap, "visit", Slice(from_day=today, to_day=today), ("tag",)):
        causes[cell.tag.partition("|")[0]] += amounts["visit.failed"]
    worst = sorted(causes.items(), key=lambda entry: (-entry[1], entry[0]))
    return [{"cause": cause, "attempts": count} for cause, count in worst if count]
