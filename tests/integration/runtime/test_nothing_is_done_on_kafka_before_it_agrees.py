"""What reads or writes Kafka begins once Kafka and the record were found to agree; everything else need not wait."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from deploy.local.children import free_port
from shared.runtime import lifecycle
from shared.runtime.lifecycle import Health, Parts
from shared.runtime.settings import Settings
from tests.conftest import MakeLog, within

DEADLINE_S = 20.0


class Part:
    """Says that it began, and ends when it is told to."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        self.begun.set()
        await stop.wait()


async def test_a_part_on_kafka_waits_and_the_others_do_not(
    make_log: MakeLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed, stop = asyncio.Event(), asyncio.Event()
    relay: Any = Part()
    plain, on_kafka = Part(), Part()

    async def agree(*_: object) -> None:
        await agreed.wait()

    monkeypatch.setattr(lifecycle, "_same_story", agree)
    monkeypatch.setattr(lifecycle, "collect_seldom", lambda: None)
    environ = {
        "RUNONCE_POSTGRES_DSN": "-",
        "RUNONCE_KAFKA": "localhost:1",
        "RUNONCE_HTTP_PORT": str(free_port(None)),
        "RUNONCE_KEYS_DIR": str(tmp_path),
        "RUNONCE_DATA_DIR": str(tmp_path),
    }
    settings = Settings.from_environ(environ, "metrics")
    parts = Parts(FastAPI(), (), [plain.run], [on_kafka.run])
    living = asyncio.create_task(lifecycle._live(settings, await make_log("metrics"), parts, relay, Health(), stop))

    async with within(DEADLINE_S):
        await plain.begun.wait()
        assert not on_kafka.begun.is_set()
        agreed.set()
        await on_kafka.begun.wait()
        await relay.begun.wait()
        stop.set()
        assert await living == 0
