"""A service's commits wait for the disk, also where its server is set to answer sooner."""

from __future__ import annotations

from tests.conftest import MakeLog


async def test_a_commit_waits_for_the_disk_whatever_its_server_says(make_log: MakeLog) -> None:
    log = await make_log("intake")

    async with log.transaction() as tx:
        assert await tx.fetchval("SHOW synchronous_commit") == "on"
