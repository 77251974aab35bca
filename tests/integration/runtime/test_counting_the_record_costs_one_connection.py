"""Whoever may ask, and however many ask at once: the whole record is counted for one of them at a time, and in stretches."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from shared.contracts.envelope import Role
from shared.postgres import conservation
from shared.postgres.conservation import Count, Written
from shared.postgres.event_log import EventLog
from shared.runtime.auth import Keys
from shared.runtime.http import make_app
from shared.runtime.operator_doors import operator_doors
from tests.conftest import MakeLog

CROWD = 20
SOON_S = 10.0
RECORDED = """
INSERT INTO event
SELECT 'long', n, gen_random_uuid(), 'type', 'gov.a.events.v1', n % 3, 'key', now(), convert_to(repeat('x', 900), 'UTF8'), ''
FROM generate_series(1, $1::int) AS n
"""
COUNTED = Written(topic="gov.a.events.v1", partition=0, appended=1, published=1, waiting=0)


async def test_no_stretch_is_forgotten_or_counted_twice(make_log: MakeLog, monkeypatch: pytest.MonkeyPatch) -> None:
    log = await make_log("notify")
    await log.pool.execute(RECORDED, 100)
    await log.pool.execute("INSERT INTO published VALUES ('gov.a.events.v1', 1, 30, 30), ('gov.partner.receipts.v1', 0, 9, 9)")
    await log.pool.execute(
        "INSERT INTO outbox (topic, partition, key, kind, ref, recorded) "
        "VALUES ('gov.a.events.v1', 2, 'key', 'event', gen_random_uuid(), now()), "
        "('gov.a.events.v1', 2, 'key', 'message', gen_random_uuid(), now())"
    )
    monkeypatch.setattr(conservation, "STRETCH_BLOCKS", 1)

    assert [tuple(row.values())[1:] for row in await conservation.written(log)] == [(0, 33, 0, 0), (1, 34, 30, 0), (2, 33, 0, 1)]


class Counted:
    """Stands in for the count, and tells how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.is_asked = asyncio.Event()
        self.may_end = asyncio.Event()
        self.fails = False

    async def __call__(self, _: EventLog) -> list[Written]:
        self.begun += 1
        self.is_asked.set()
        await self.may_end.wait()
        if self.fails:
            raise TimeoutError
        return [COUNTED]


async def test_a_crowd_is_told_one_count(make_log: MakeLog, monkeypatch: pytest.MonkeyPatch) -> None:
    counted, count = Counted(), Count(await make_log("notify"))
    monkeypatch.setattr(conservation, "written", counted)
    crowd = [asyncio.create_task(count.written()) for _ in range(CROWD)]
    await asyncio.wait_for(counted.is_asked.wait(), SOON_S)
    crowd[0].cancel()
    counted.may_end.set()

    assert await asyncio.gather(*crowd[1:]) == [[COUNTED]] * (CROWD - 1)
    assert await count.written() == [COUNTED]
    assert counted.begun == 1


async def test_a_count_that_failed_is_told_to_nobody_who_comes_later(make_log: MakeLog, monkeypatch: pytest.MonkeyPatch) -> None:
    counted, count = Counted(), Count(await make_log("notify"))
    monkeypatch.setattr(conservation, "written", counted)
    counted.may_end.set()
    counted.fails = True
    with pytest.raises(TimeoutError):
        await count.written()
    counted.fails = False

    assert await count.written() == [COUNTED]
    assert await count.written() == [COUNTED]
    assert counted.begun >= 2


@pytest.mark.parametrize(
    ("role", "status"), [(None, 401), ("citizen", 403), ("clerk", 403), ("auditor", 200), ("operator", 200), ("service", 200)]
)
async def test_only_whoever_looks_after_the_record_has_it_counted(
    make_log: MakeLog, tmp_path: Path, role: Role | None, status: int
) -> None:
    keys = Keys(tmp_path / "keys")
    keys.ensure()
    app = make_app("notify", "notify", keys, lambda: True)
    operator_doors(app, await make_log("notify"))
    headers = {"authorization": f"Bearer {keys.issue(role, 'somebody')}"} if role else {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notify", headers=headers) as client:
        assert (await client.get("/v1/conservation")).status_code == status
