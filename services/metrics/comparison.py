"""The difference report: two builds at the same checkpoints, cell by cell and row by row."""

from __future__ import annotations

from typing import Any

from services.metrics.contributions import MEASURES_MAX
from services.metrics.store import room_of
from shared.postgres.event_log import Tx

SAMPLE_MAX = 20
_KEYS = ("grp", "region", "other", "item", "basic", "channel", "tag", "day", "known")


def _cells(room: str) -> str:
    keys = ", ".join(_KEYS)
    amounts = ", ".join(f"sum(n{n})::bigint AS n{n}" for n in range(1, MEASURES_MAX + 1))
    nothing = " AND ".join(f"sum(n{n}) = 0" for n in range(1, MEASURES_MAX + 1))
    return f"SELECT {keys}, {amounts} FROM {room}.cell GROUP BY {keys} HAVING NOT ({nothing})"


async def compare(tx: Tx, before: int, after: int) -> dict[str, Any]:
    """How many cells and rows of the builds differ, with a sample of the cells."""
    old, new = room_of(before), room_of(after)
    keys = ", ".join(_KEYS)
    sample = await tx.fetch(
        f"SELECT {keys}, count(*) OVER () AS total FROM ({_cells(old)}) o FULL JOIN ({_cells(new)}) n USING ({keys}) "
        f"WHERE ROW({_of('o')}) IS DISTINCT FROM ROW({_of('n')}) ORDER BY {keys} LIMIT {SAMPLE_MAX}"
    )
    compared = await tx.fetchval(f"SELECT count(*) FROM ({_cells(new)}) c")
    rows = await tx.fetchval(
        f"SELECT count(*) FROM {old}.journey o FULL JOIN {new}.journey n USING (journey) "
        "WHERE o.body IS DISTINCT FROM n.body OR o.touches IS DISTINCT FROM n.touches OR o.open IS DISTINCT FROM n.open"
    )
    return {
        "compared_with": before,
        "cells_compared": compared,
        "cells_different": sample[0]["total"] if sample else 0,
        "rows_different": rows,
        "sample": [{key: str(row[key]) for key in _KEYS} for row in sample],
    }


def _of(table: str) -> str:
    return ", ".join(f"{table}.n{n}" for n in range(1, MEASURES_MAX + 1))
