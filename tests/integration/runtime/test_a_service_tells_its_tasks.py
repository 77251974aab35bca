"""A service tells how many tasks it has, where whoever watches it looks for them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import uvicorn

from benchmarks.processes import tasks_of
from deploy.local.children import free_port
from shared.runtime.auth import Keys
from shared.runtime.http import make_app
from tests.conftest import within


async def test_a_task_more_is_told_as_one_more(tmp_path: Path) -> None:
    port, app = free_port(None), make_app("intake", "intake", Keys(tmp_path), lambda: True)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    async with within(10):
        while not server.started:
            await asyncio.sleep(0.01)
    url = f"http://127.0.0.1:{port}"
    before = await asyncio.to_thread(tasks_of, url)
    idle = [asyncio.create_task(asyncio.Event().wait()) for _ in range(50)]
    after = await asyncio.to_thread(tasks_of, url)
    for one in idle:
        one.cancel()
    await asyncio.gather(*idle, return_exceptions=True)
    server.should_exit = True
    await serving

    assert before is not None
    assert after is not None
    # A connection of the one who asks may have come or gone.
    assert 45 <= after - before <= 55
    assert await asyncio.to_thread(tasks_of, url) is None
