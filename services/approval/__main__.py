"""Run approval: `python -m services.approval` with RUNONCE_* in the environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from services.approval import consumer, http
from services.approval.service import CLOCKWORK, Approval
from shared.runtime.auth import Staff
from shared.runtime.http import make_app
from shared.runtime.lifecycle import Health, Parts, Runtime, run
from shared.runtime.timekeeper import keep_time


async def build(runtime: Runtime, health: Health) -> Parts:
    """Put the parts together."""
    log = runtime.log
    heard = consumer.facts(log)
    approval = Approval(Staff(runtime.keys.staff_key()))

    async def forward(path: str, token: str, key: str, body: bytes) -> tuple[int, bytes, str]:
        return await runtime.client.forward("intake", path, token, key, body)

    app = make_app("approval", "runonce approval", runtime.keys, health, about=runtime.settings.about())
    http.mount(app, log, heard, approval, forward)
    loops = consumer.loops(log, runtime.settings.kafka, heard, approval, runtime.settings.instance)
    return Parts(app, loops, [lambda stop: keep_time(log, CLOCKWORK, stop)])


if __name__ == "__main__":
    sys.exit(run(os.environ, "approval", Path(__file__).parent / "migrations", build))
