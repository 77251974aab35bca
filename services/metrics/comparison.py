"""The difference report: two builds at the same checkpoints, cell by cell and row by row.

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
_KEYS = ("grp", "day", "region", "other", "item", "basic", "channel", "tag", "known", "partition")
_ROWS_DIFFER = "o.body IS DISTINCT FROM n.body OR o.touches IS DISTINCT FROM n.touches OR o.open IS DISTINCT FROM n.open"


class _Stretch(NamedTuple):
    """The condition that names a part of both tables, and its arguments."""

    words: str
    args: tuple[Any, ...]


@dataclass(slots=True)
class _Cells:
    """What was found of the cells so far."""

    compared: int = 0
    different: int = 0
    sample: list[Row] = field(default_factory=list)


async def compare(tx: Tx, before: int, after: int) -> dict[str, Any]:
    """How many cells and rows of the builds differ, with a sample of the cells. `tx` must see one moment of both."""
    old, new = room_of(before), room_of(after)
    cells = _Cells()
    async for group in _groups(tx, old, new):
        async for stretch in _stretches(tx, f"{new}.cell", "day", STRETCH_CELLS, _Stretch("grp = $1", (group,))):
            await _compare_cells(tx, old, new, stretch, cells)
    return {
        "compared_with": before,
        "cells_compared": cells.compared,
        "cells_different": cells.different,
        "rows_different": await _rows_different(tx, old, new),
        "sample": [{key: str(row[key]) for key in _KEYS} for row in cells.sample],
    }


async def _groups(tx: Tx, old: str, new: str) -> AsyncIterator[str]:
    sql = f"SELECT min(grp) FROM (SELECT grp FROM {old}.cell UNION ALL SELECT grp FROM {new}.cell) c WHERE grp > $1"
    group: str | None = ""
    while (group := await tx.fetchval(sql, group)) is not None:
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


async def _compare_cells(tx: Tx, old: str, new: str, stretch: _Stretch, found: _Cells) -> None:
    keys = ", ".join(_KEYS)
    # Cells whose amounts cancelled out say nothing, whether they are still there or not.
    differ = " OR ".join(f"coalesce(o.n{n}, 0) <> coalesce(n.n{n}, 0)" for n in range(1, MEASURES_MAX + 1))
    says = " OR ".join(f"n.n{n} <> 0" for n in range(1, MEASURES_MAX + 1))
    both = (
        f"(SELECT * FROM {old}.cell WHERE {stretch.words}) o FULL JOIN (SELECT * FROM {new}.cell WHERE {stretch.words}) n "
        f"USING ({keys})"
    )
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


async def _rows_different(tx: Tx, old: str, new: str) -> int:
    different = 0
    async for words, args in _stretches(tx, f"{new}.journey", "journey", STRETCH_ROWS, _Stretch("true", ())):
        different += await tx.fetchval(
            f"SELECT count(*) FROM (SELECT * FROM {old}.journey WHERE {words}) o "
            f"FULL JOIN (SELECT * FROM {new}.journey WHERE {words}) n USING (journey) WHERE {_ROWS_DIFFER}",
            *args,
        )
    return different
