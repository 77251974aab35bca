"""What is going on right now: open journeys, who holds them, how old they are, and where people came in vain today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple

from services.metrics.cells import Snapshot, city_in, grouped
from services.metrics.evidence import situation
from services.metrics.journey import load
from services.metrics.slices import Slice, city
from services.metrics.story import tell

MINUTES = 30
Age = Literal["0-1", "2-7", "8-30", "31-90", "91+"]
_LAST_DAY: Mapping[Age, int | None] = {"0-1": 1, "2-7": 7, "8-30": 30, "31-90": 90, "91+": None}
"""How many days ago the oldest journeys of an age group were opened."""
NOBODY = "none"
_OPENED = "coalesce(opened_on, 'infinity')"


def age_of(days: int) -> Age:
    """The age group of a journey opened that many days ago."""
    return next(age for age, last in _LAST_DAY.items() if last is None or days <= last)


@dataclass(frozen=True, slots=True)
class Which:
    """Journeys of this moment: all that are open, or those that somebody came for of late; of one holder or age, or anonymous.

    `holder` is a city, or `NOBODY` of what was not handed in yet.
    """

    holder: str | None = None
    age: Age | None = None
    anonymous: bool = False
    visited: bool = False


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
    ages = dict.fromkeys(_LAST_DAY, 0)
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
    start = _of_late(now)
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


def _of_late(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1)


class Place(NamedTuple):
    """Where a page of journeys ended: they are listed by the day of their first contact, oldest first."""

    day: date
    journey: str


async def journeys(snap: Snapshot, which: Which, now: datetime, today: date, after: Place | None, limit: int) -> dict[str, Any]:
    """One page of the journeys behind the live figures."""
    where, args = _those(which, now, today)
    total = await snap.tx.fetchval(f"SELECT count(*) FROM {snap.room}.journey WHERE {where}", *args)
    first, second, third = (f"${len(args) + n}" for n in (1, 2, 3))
    rows = await snap.tx.fetch(
        f"SELECT journey, body, holder_region, last_visit_at, {_OPENED} AS day FROM {snap.room}.journey "
        f"WHERE {where} AND ({_OPENED}, journey) > ({first}, {second}) ORDER BY {_OPENED}, journey LIMIT {third}",
        *args,
        *(after or Place(date.min, "")),
        limit,
    )
    shown = [
        {
            "journey": row["journey"],
            **situation(tell(load(row["journey"], row["body"]))),
            "holder_region": row["holder_region"],
            "last_visit_at": row["last_visit_at"],
        }
        for row in rows
    ]
    end = Place(rows[-1]["day"], rows[-1]["journey"]) if len(rows) == limit else None
    return {"total": total, "rows": shown, "next": None if end is None else {"after_day": end.day, "after": end.journey}}


def _those(which: Which, now: datetime, today: date) -> tuple[str, list[Any]]:
    """The condition on the rows with its arguments; it says what `_open` and `_visited` count."""
    words, args = list[str](), list[Any]()

    def put(condition: str, *values: Any) -> None:
        args.extend(values)
        words.append(condition.format(*(f"${len(args) - len(values) + n}" for n in range(1, len(values) + 1))))

    if which.visited:
        put("last_visit_at >= {} AND last_visit_at <= {}", _of_late(now), now)
    else:
        put("open")
    if which.anonymous:
        put("anonymous")
    if which.holder == NOBODY:
        put("holder_region IS NULL")
    elif which.holder is not None:
        put(f"{city_in('holder_region')} = {{}}", which.holder)
    if which.age is not None:
        put("coalesce(opened_on, {}) BETWEEN {} AND {}", today, *_days_of(which.age, today))
    return " AND ".join(words), args


def _days_of(age: Age, today: date) -> tuple[date, date]:
    """The first and the last day on which journeys of an age were opened. Whatever bears a later day than today is new."""
    ages = list(_LAST_DAY)
    younger = _LAST_DAY[ages[ages.index(age) - 1]] if age != ages[0] else None
    last = _LAST_DAY[age]
    newest = date.max if younger is None else today - timedelta(days=younger + 1)
    return date.min if last is None else today - timedelta(days=last), newest
