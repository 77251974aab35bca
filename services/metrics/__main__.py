"""`python -m services.metrics`: the composition root."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from services.metrics import http
from services.metrics.app import make_faust, run_faust
from services.metrics.builds import Builds, retired_groups
from services.metrics.figure_doors import Answers
from services.metrics.logs import LogFacts
from services.metrics.shelf import Shelf
from services.metrics.snapshots import publish_snapshots
from services.metrics.stream import Hub
from services.metrics.watermarks import Watermarks
from shared.runtime.http import make_app
from shared.runtime.lifecycle import Health, Parts, Runtime, run

MIGRATIONS = Path(__file__).parent / "migrations"


async def build(runtime: Runtime, health: Health) -> Parts:
    """Put metrics together."""
    log, bootstrap = runtime.log, runtime.settings.kafka
    history = LogFacts()
    answers = Answers(log, Shelf(), demo=runtime.settings.demo)
    hub, watermarks = Hub(answers), Watermarks(log, bootstrap)
    builds = Builds(log, bootstrap, history, runtime.settings.instance)
    faust_app = make_faust(bootstrap, builds, log, runtime.settings.data_dir / "faust")
    app = make_app("metrics", "runonce metrics", runtime.keys, health, about=runtime.settings.about())
    http.mount(app, answers, hub, watermarks, runtime.client, bootstrap, history)

    async def projection(stop: asyncio.Event) -> None:
        await run_faust(faust_app, bootstrap, stop)

    async def snapshots(stop: asyncio.Event) -> None:
        await publish_snapshots(log, stop)

    return Parts(app, (), (hub.run, watermarks.run, snapshots), (projection,), retired_groups)


if __name__ == "__main__":
    sys.exit(run(os.environ, "metrics", MIGRATIONS, build, asks_others=True))
