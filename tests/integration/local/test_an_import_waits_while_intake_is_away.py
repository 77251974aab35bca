"""A batch of an import that meets a service which is starting again is sent again, until its patience is over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from deploy.local import log_import
from deploy.local.children import free_port
from deploy.local.doors import DoorError
from deploy.local.log_import import import_log
from deploy.local.log_reader import LogReader

MAPPING = """
origin = "made-up"
zone = "Europe/Paris"
region = "r1"
[events]
files = ["events.csv"]
case = "id"
time = "at"
[[rules]]
rule = "submitted"
field = "what"
values = ["begin"]
phase = "submitted"
"""


class Intake:
    """Answers a batch, after it was away for so many of them."""

    def __init__(self) -> None:
        self.is_away_for = 0
        self.asked = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.asked <= self.is_away_for:
            return web.Response(status=503)
        return web.json_response([{"status": "applied"} for _ in await request.json()])


@pytest.fixture
def intake() -> Intake:
    return Intake()


@pytest.fixture
async def url(intake: Intake) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/commands", intake.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


@pytest.fixture
def reader(tmp_path: Path) -> LogReader:
    (tmp_path / "events.csv").write_text("id,what,at\nc-1,begin,2020-01-01T10:00:00\n")
    (tmp_path / "mapping.toml").write_text(MAPPING)
    return LogReader.open(tmp_path / "mapping.toml", tmp_path)


async def test_a_batch_is_sent_again(intake: Intake, url: str, reader: LogReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_import, "RETRY_S", 0.01)
    intake.is_away_for = 2

    result = await import_log(reader, url, "token", lambda _: None)

    assert (result.applied, intake.asked) == (1, 3)


async def test_whoever_stays_away_is_named(intake: Intake, url: str, reader: LogReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_import, "RETRY_S", 0.01)
    monkeypatch.setattr(log_import, "PATIENCE_S", 0.1)
    intake.is_away_for = 1_000

    with pytest.raises(ExceptionGroup) as failed:
        await import_log(reader, url, "token", lambda _: None)

    assert failed.value.subgroup(DoorError) is not None
