"""Sums over cells, spans and hand-overs, as SQL that says what `slices.py` says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from services.metrics.contributions import GROUPS, Cell, Group
from services.metrics.figures import FEW, Figure, Value, evaluate
from services.metrics.ledger import Entry
from services.metrics.slices import CAUSED, FROM_REGION, HOMED, LAYERED, PAIRED, By, Slice, key_of, prefix_of
from services.metrics.spans import Days, split
from services.metrics.store import group_of, room_of
from shared.contracts.topics import EVENT_TOPICS
from shared.eventsourcing.errors import UnavailableError
from shared.postgres.event_log import EventLog, Tx

OWNERS = ("intake", "approval", "notify")
"""The services whose facts the figures rest on."""
Sums = dict[str | None, dict[str, int]]
"""Group key → `group.measure` → sum; None is the total of groups that do not know the dimension."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One consistent view of the live build: every number of an answer is read within it."""

    tx: Tx
    generation: int
    as_of: datetime | None

    @property
    def room(self) -> str:
        return room_of(self.generation)


LIVE = """
SELECT p.generation, (SELECT min(w.complete_to) FROM watermark w WHERE w.generation = p.generation AND w.service = ANY($1)
                      HAVING count(*) = cardinality($1)) AS as_of
FROM projection p WHERE p.state = 'live'
"""
"""Which build is served, and as of when: the least of what is reached of the owners, since metrics itself records no facts."""


@asynccontextmanager
async def snapshot(log: EventLog) -> AsyncIterator[Snapshot]:
    """Read the live build. Raises `UnavailableError` when the database is away or a swap is just happening."""
    async with log.snapshot() as tx:
        row = await tx.fetchrow(LIVE, list(OWNERS))
        if row is None:
            raise UnavailableError("no-live-projection")
        yield Snapshot(tx, row["generation"], row["as_of"])


async def settled_to(snap: Snapshot) -> datetime | None:
    """Up to when nothing more can come; None while nobody knows, as long as an event is parked: it may be of any day."""
    is_waiting = await snap.tx.fetchval("SELECT EXISTS (SELECT FROM parked WHERE grp = $1)", group_of(snap.generation))
    return None if is_waiting else snap.as_of


@dataclass(slots=True)
class _Where:
    """Conditions with their arguments, numbered as they are added, and the columns that they look at."""

    words: list[str] = field(default_factory=list)
    args: list[Any] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)

    def put(self, condition: str, value: Any, *columns: str) -> None:
        self.words.append(condition.format(self.argument(value)))
        self.columns.update(columns)

    def argument(self, value: Any) -> str:
        """The place of `value` among the arguments."""
        self.args.append(value)
        return f"${len(self.args)}"

    @property
    def sql(self) -> str:
        return " AND ".join(self.words)


Column = Literal["region", "city", "home", "item", "basic", "channel", "tag", "day", "week", "month"]
"""What cells can be summed by. `city` is that of `region`, `home` that of `other`; a week or month is told by its first day."""
_COLUMNS: Mapping[By, tuple[Column, ...]] = {
    "city": ("city",),
    "county": ("region",),
    "home": ("home",),
    "item": ("item",),
    "basic": ("basic",),
    "channel": ("channel",),
    "day": ("day",),
    "week": ("week",),
    "month": ("month",),
    "cause": ("tag",),
    "pair": ("city", "home"),
    "scope": ("tag",),
}
"""What is asked of the database for each dimension; the key itself is made of it by `slices.key_of`."""
_FIELDS: Mapping[Column, str] = {"city": "region", "home": "other", "week": "day", "month": "day"}
"""The field of a cell that tells a column, where it is not the column's own."""
_EMPTY = Cell("ended", "", "", "", "", "", "", 0)


def _named(group: Group, asked: Slice) -> _Where:
    """The conditions of a slice but for its days."""
    where = _Where()
    where.put("grp = {}", group)
    if asked.region is not None:
        where.put("starts_with(region, {})", prefix_of(asked.region), "region")
    for column in ("item", "basic", "channel"):
        if getattr(asked, column) is not None:
            where.put(f"{column} = {{}}", getattr(asked, column), column)
    if asked.layer != "all" and group in LAYERED:
        where.put("tag LIKE {}", f"%{asked.layer}", "tag")
    if asked.cause is not None and group in CAUSED:
        where.put("starts_with(tag || '|', {})", f"{asked.cause}|", "tag")
    if asked.pair is not None and group in PAIRED:
        _put_pair(where, asked.pair, *(("region", "other") if group in FROM_REGION else ("other", "region")))
    if asked.home is not None and group in HOMED:
        where.put("left(other, 4) = {}", asked.home[:4], "other")
    if asked.known_at is not None:
        where.put("known <= {}", asked.known_at, "known")
    return where


def _put_pair(where: _Where, pair: str, first: str, second: str) -> None:
    for column, wanted in zip((first, second), pair.split(">"), strict=True):
        where.put(f"left({column}, 4) = {{}}", wanted[:4], column)


def _expression(column: Column, day: str) -> str:
    match column:
        case "city" | "home":
            return city_in(_FIELDS[column])
        case "week":
            return f"({day} + 1 - extract(isodow FROM {day})::integer)"
        case "month":
            return f"({day} + 1 - extract(day FROM {day})::integer)"
        case _:
            return day if column == "day" else column


async def grouped(
    snap: Snapshot, group: Group, asked: Slice, columns: Sequence[Column], wanted: frozenset[str] | None = None
) -> list[tuple[Cell, dict[str, int]]]:
    """The measures of one group summed over the slice, by some columns of its cells; the other columns are left empty.

    `wanted` names the measures (`group.measure`) that are needed; each one costs. On the known axis `day` is the known day.
    """
    columns_of = {f"{group}.{measure}": f"n{n}" for n, measure in enumerate(GROUPS[group], 1)}
    measures = [name for name in columns_of if wanted is None or name in wanted]
    sql, args = _summed(snap.room, group, asked, columns, [columns_of[name] for name in measures])
    fields = [_FIELDS.get(column, column) for column in columns]
    found: list[tuple[Cell, dict[str, int]]] = []
    for row in await snap.tx.fetch(sql, *args):
        named = {name: value.toordinal() if name == "day" else value for name, value in zip(fields, row, strict=False)}
        amounts = {name: row[len(fields) + n] or 0 for n, name in enumerate(measures)}
        found.append((_EMPTY._replace(group=group, **named), amounts))
    return found


def _summed(room: str, group: Group, asked: Slice, columns: Sequence[Column], amounts: Sequence[str]) -> tuple[str, list[Any]]:
    """The statement and its arguments: whole spans and the cells of the days around them, or cells alone."""
    where = _named(group, asked)
    parts = split(group, asked, {*columns, *where.columns})
    made = []
    if parts.spans is not None:
        made.append(_part(f"{room}.span", "starts", columns, amounts, where, (parts.spans,)))
    if parts.cells:
        day = "day" if asked.axis == "occurred" else "known"
        made.append(_part(f"{room}.cell", day, columns, amounts, where, parts.cells))
    keys = ", ".join(f"k{n}" for n in range(len(columns)))
    told = ", ".join([keys] * bool(keys) + [f"sum({name})::bigint" for name in amounts])
    return f"SELECT {told} FROM ({' UNION ALL '.join(made)}) x" + f" GROUP BY {keys}" * bool(keys), where.args


def _part(table: str, day: str, columns: Sequence[Column], amounts: Sequence[str], where: _Where, days: Sequence[Days]) -> str:
    told = ", ".join([*(f"{_expression(column, day)} AS k{n}" for n, column in enumerate(columns)), *amounts])
    within = " OR ".join(_within(where, day, one) for one in days)
    return f"SELECT {told} FROM {table} WHERE {where.sql} AND ({within})"


def _within(where: _Where, day: str, days: Days) -> str:
    ends = [(">=", days.first), ("<=", days.last)]
    return " AND ".join(f"{day} {than} {where.argument(end)}" for than, end in ends if end is not None) or "true"


async def sums(
    snap: Snapshot, groups: Iterable[Group], asked: Slice, by: By | None = None, wanted: frozenset[str] | None = None
) -> Sums:
    """The measures of `groups` over the slice, by the dimension if one is given."""
    found: Sums = {}
    for group in groups:
        for cell, amounts in await grouped(snap, group, asked, () if by is None else _COLUMNS[by], wanted):
            key = None if by is None else key_of(Entry(cell, cell.day), by)
            _add(found.setdefault(key, {}), amounts)
    return found


def _add(into: dict[str, int], amounts: Mapping[str, int]) -> None:
    for measure, amount in amounts.items():
        into[measure] = into.get(measure, 0) + amount


def keyed(found: Sums) -> dict[str, dict[str, int]]:
    """The sums by key; what groups without the dimension hold belongs to every key."""
    shared = found.get(None, {})
    return {key: {**shared, **entry} for key, entry in sorted(found.items(), key=lambda i: i[0] or "") if key is not None}


class Waits(NamedTuple):
    """How long hand-overs waited, in seconds, and how many still do past their day."""

    taken: int
    p50: int | None
    p90: int | None
    overdue: int

    def values(self) -> dict[str, Value]:
        """The readings of F8 that rest on single waits."""
        few = self.taken < FEW
        return {
            "overdue": Value(self.overdue, self.overdue, None, few=False),
            "wait_p50": Value(self.p50, self.p50 or 0, self.taken, few),
            "wait_p90": Value(self.p90, self.p90 or 0, self.taken, few),
        }


NO_WAITS = Waits(0, None, None, 0)


async def waits(snap: Snapshot, asked: Slice, today: date, by: By | None = None) -> dict[str | None, Waits]:
    """Hand-over times by the dimension. Online cases pass no papers on and stay out of the times.

    As known on a day, what was overdue then counts, and not what became so since.
    """
    now_on = today if asked.known_at is None else min(today, asked.known_at)
    where = _Where()
    day = "offered_on" if asked.axis == "occurred" else "offered_known"
    where.words.append(_within(where, day, Days(asked.from_day, asked.to_day)))
    if asked.region is not None:
        where.put("starts_with(from_region, {})", prefix_of(asked.region))
    for column in ("item", "basic", "channel"):
        if getattr(asked, column) is not None:
            where.put(f"{column} = {{}}", getattr(asked, column))
    if asked.layer != "all":
        where.put("layer = {}", asked.layer)
    if asked.pair is not None:
        _put_pair(where, asked.pair, "from_region", "to_region")
    ended, seconds = "how", "seconds"
    if asked.known_at is not None:
        where.put("offered_known <= {}", asked.known_at)
        ended, seconds = (f"(CASE WHEN ended_known <= ${len(where.args)} THEN {column} END)" for column in (ended, seconds))
    now = where.argument(now_on)
    sql = (
        f"SELECT {_wait_key(by, day)} AS key, count({seconds}) AS taken, "
        f"percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY {seconds}) AS parts, "
        f"count(*) FILTER (WHERE {ended} IS NULL AND due < {now}::date) AS overdue "
        f"FROM {snap.room}.wait WHERE {where.sql} GROUP BY 1"
    )
    found: dict[str | None, Waits] = {}
    for row in await snap.tx.fetch(sql, *where.args):
        parts = row["parts"] or [None, None]
        found[row["key"]] = Waits(row["taken"], parts[0], parts[1], row["overdue"])
    return found


def city_in(column: str) -> str:
    """The city of what a column holds, as `slices.city` has it."""
    return f"(CASE WHEN {column} = 'unknown' THEN {column} ELSE left({column}, 4) || '00' END)"


def _wait_key(by: By | None, day: str) -> str:
    match by:
        case "city":
            return city_in("from_region")
        case "county":
            return "from_region"
        case "item" | "basic" | "channel":
            return by
        case "day" | "week":
            return f"{_expression(by, day)}::text"
        case "month":
            return f"to_char({day}, 'YYYY-MM')"
        case "pair":
            return f"({city_in('from_region')} || '>' || {city_in('to_region')})"
        case _:
            return "NULL::text"


class Answered(NamedTuple):
    """A figure over a slice: its readings, and the same by a dimension."""

    readings: dict[str, Value]
    groups: dict[str, dict[str, Value]]


async def answer(snap: Snapshot, figure: Figure, asked: Slice, today: date, by: By | None = None) -> Answered:
    """The figure over the slice."""
    total = (await sums(snap, figure.groups, asked, None, figure.measures)).get(None, {})
    readings = evaluate(figure, total)
    groups: dict[str, dict[str, Value]] = {}
    if by is not None:
        by_key = keyed(await sums(snap, figure.groups, asked, by, figure.measures))
        groups = {key: evaluate(figure, entry) for key, entry in by_key.items()}
    if any(reading.from_waits for reading in figure.readings):
        readings |= (await waits(snap, asked, today)).get(None, NO_WAITS).values()
        if by is not None:
            waited = await waits(snap, asked, today, by)
            groups = {key: entry | waited.get(key, NO_WAITS).values() for key, entry in groups.items()}
    return Answered(readings, groups)


async def version(snap: Snapshot, topics: Iterable[str] = EVENT_TOPICS) -> int:
    """A number that grows with every record of these topics that is applied: as it comes, or later when it is redriven."""
    grown: int = await snap.tx.fetchval(
        "SELECT coalesce(sum(next_offset + applied), 0)::bigint FROM checkpoint WHERE grp = $1 AND topic = ANY($2)",
        group_of(snap.generation),
        list(topics),
    )
    return grown
