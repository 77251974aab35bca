"""Every number of an answer is of one moment, whatever is committed while it is read."""

from __future__ import annotations

from tests.conftest import MakeLog

_COUNT = "SELECT count(*) FROM cluster"


async def test_what_is_committed_meanwhile_is_not_seen(make_log: MakeLog) -> None:
    log = await make_log("metrics")

    async with log.snapshot() as tx:
        before = await tx.fetchval(_COUNT)
        await log.pool.execute("INSERT INTO cluster (cluster_id) VALUES ('here')")
        meanwhile = await tx.fetchval(_COUNT)
    async with log.snapshot() as tx:
        afterwards = await tx.fetchval(_COUNT)

    assert (before, meanwhile, afterwards) == (0, 0, 1)
