"""The difference report: two builds at the same checkpoints, sum by sum and row by row of every table that figures are read from.

Every statement compares one stretch, so that none takes longer the more there is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from services.metrics.contributions import MEASURES_MAX
from services.metrics.store import room_of
from shared.postgres.event_log import Tx
from shared.postgres.pool import Row

SAMPLE_MAX = 20
STRETCH_CELLS = 50_000
STRETCH_ROWS = 10_000


class _Sums(NamedTuple):
    """A table of sums by group, and the column by whose stretches it is compared."""

    name: str
    column: str
    keys: tuple[str, ...]


class _Rows(NamedTuple):
    """A table of rows with what each says; it is compared by stretches of the first key."""

    name: str
    keys: tuple[str, ...]
    says: tuple[str, ...]


_CELLS = _Sums("cell", "day", ("grp", "day", "region", "other", "item", "basic", "channel", "tag", "known", "partition"))
_SPANS = _Sums("span", "starts", ("grp", "starts", "region", "other", "basic", "tag"))
_ROWS = (
    _Rows(
        "journey", ("journey",),
        ("opened_on", "open", "anonymous", "holder", "holder_region", "last_visit_at", "first_day", "last_day", "touches", "body"),
    ),
    _Rows(
        "wait", ("journey", "case_no", "handover_no"),
        (
            "from_region", "to_region", "item", "basic", "channel", "layer", "offered_on", "offered_at", "offered_known", "due",
            "how", "ended_at", "ended_known",
        ),
    ),
    _Rows("catalogue", ("key",), ("body",)),
)  # fmt: skip


class _Stretch(NamedTuple):
    """The condition that names a part of both tables, and its arguments."""

    words: str
    args: tuple[Any, ...]


@dataclass(slots=True)
class _Found:
    """What was found of a table of sums so far."""

    compared: int = 0
    different: int = 0
    sample: list[Row] = field(default_factory=list)


async def compare(tx: Tx, before: int, after: int) -> dict[str, Any]:
    """How many cells and other rows of the builds differ, with a sample of the cells. `tx` must see one moment of both."""
    old, new = room_of(before), room_of(after)
    cells, spans = [await _summed(tx, old, new, table) for table in (_CELLS, _SPANS)]
    rows = {table.name: await _rows_different(tx, old, new, table) for table in _ROWS} | {"span": spans.different}
    return {
        "compared_with": before,
        "cells_compared": cells.compared,
        "cells_different": cells.different,
        "rows_different": sum(rows.values()),
        "rows_different_in": rows,
        "sample": [{key: str(row[key]) for key in _CELLS.keys} for row in cells.sample],
    }


async def _summed(tx: Tx, old: str, new: str, table: _Sums) -> _Found:
    found = _Found()
    async for group in _groups(tx, old, new, table):
        among = _Stretch("grp = $1", (group,))
        async for stretch in _stretches(tx, f"{new}.{table.name}", table.column, STRETCH_CELLS, among):
            await _compare_sums(tx, old, new, table, stretch, found)
    return found


async def _groups(tx: Tx, old: str, new: str, table: _Sums) -> AsyncIterator[str]:
    both = f"SELECT grp FROM {old}.{table.name} UNION ALL SELECT grp FROM {new}.{table.name}"
    group: str | None = ""
    while (group := await tx.fetchval(f"SELECT min(grp) FROM ({both}) c WHERE grp > $1", group)) is not None:
        yield group


async def _stretches(tx: Tx, table: str, column: str, size: int, among: _Stretch) -> AsyncIterator[_Stretch]:
    """Parts of `table` by its `column`, of about `size` rows each, that cover every value there can be."""
    words, args = among
    while True:
        last = await tx.fetchval(f"SELECT {column} FROM {table} WHERE {words} ORDER BY {column} OFFSET {size} LIMIT 1", *args)
        if last is None:
            yield _Stretch(words, args)
            return
        yield _Stretch(f"{words} AND {column} <= ${len(args) + 1}", (*args, last))
        at = len(among.args) + 1
        words, args = f"{among.words} AND {column} > ${at}", (*among.args, last)


def _both(old: str, new: str, table: _Sums | _Rows, stretch: _Stretch) -> str:
    """A stretch of both tables side by side."""
    sides = [f"(SELECT * FROM {room}.{table.name} WHERE {stretch.words})" for room in (old, new)]
    return f"{sides[0]} o FULL JOIN {sides[1]} n USING ({', '.join(table.keys)})"


async def _compare_sums(tx: Tx, old: str, new: str, table: _Sums, stretch: _Stretch, found: _Found) -> None:
    # Sums that cancelled out say nothing, whether they are still there or not.
    differ = " OR ".join(f"coalesce(o.n{n}, 0) <> coalesce(n.n{n}, 0)" for n in range(1, MEASURES_MAX + 1))
    says = " OR ".join(f"n.n{n} <> 0" for n in range(1, MEASURES_MAX + 1))
    both, keys = _both(old, new, table, stretch), ", ".join(table.keys)
    counted = await tx.fetchrow(
        f"SELECT count(*) FILTER (WHERE {says}) AS compared, count(*) FILTER (WHERE {differ}) AS different FROM {both}",
        *stretch.args,
    )
    assert counted is not None
    found.compared += counted["compared"]
    found.different += counted["different"]
    lacking = SAMPLE_MAX - len(found.sample)
    if counted["different"] and lacking:
        found.sample += await tx.fetch(f"SELECT {keys} FROM {both} WHERE {differ} ORDER BY {keys} LIMIT {lacking}", *stretch.args)


async def _rows_different(tx: Tx, old: str, new: str, table: _Rows) -> int:
    before, after = (", ".join(f"{side}.{name}" for name in table.says) for side in ("o", "n"))
    different = 0
    async for stretch in _stretches(tx, f"{new}.{table.name}", table.keys[0], STRETCH_ROWS, _Stretch("true", ())):
        different += await tx.fetchval(
            f"SELECT count(*) FROM {_both(old, new, table, stretch)} WHERE ROW({before}) IS DISTINCT FROM ROW({after})",
            *stretch.args,
        )
    return different
