"""A page of evidence gets on, however long the database takes to find its first rows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, cast

import pytest

from services.metrics import evidence
from services.metrics.cells import Snapshot
from services.metrics.evidence import Looked, leaf
from services.metrics.figures import BY_CODE
from services.metrics.journey import store
from services.metrics.shares import Asked
from services.metrics.slices import Slice
from shared.postgres.event_log import Tx
from tests.integration.metrics.house import some_tales

LOOK_S = 0.01
ASKED = Asked(BY_CODE["F4"], BY_CODE["F4"].readings[0], Slice())


@dataclass
class Slow:
    """A database that needs longer for a statement than an answer may take."""

    rows: list[dict[str, Any]]

    async def fetch(self, _: str, *args: Any) -> list[dict[str, Any]]:
        await asyncio.sleep(2 * LOOK_S)
        return [row for row in self.rows if row["journey"] > args[-1]]


async def test_pages_come_to_an_end_although_every_statement_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "LOOK_S", LOOK_S)
    told = sorted(some_tales(5), key=lambda one: one.journey)
    slow = Slow([{"journey": one.journey, "partition": 0, "body": store(one.row())} for one in told])
    snap = Snapshot(cast("Tx", slow), 1, None)
    found: list[str] = []

    def find(looked: Looked) -> list[str]:
        return [looked.row.journey]

    after: str | None = ""
    for _ in told:
        if after is not None:
            turned = await leaf(snap, ASKED, after, len(told), find)
            found += turned.found
            after = turned.next

    assert found == [one.journey for one in told]
    assert after is None
