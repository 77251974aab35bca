"""`python -m services.intake`: the composition root."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from services.intake import consumer, http
from services.intake.partners import keep_topics
from services.intake.people import Pseudonyms
from services.intake.service import CLOCKWORK, Intake
from shared.contracts.topics import Topic
from shared.kafka.admin import ensure_topics
from shared.runtime.http import make_app
from shared.runtime.lifecycle import Health, Parts, Runtime, run
from shared.runtime.timekeeper import keep_time

MIGRATIONS = Path(__file__).parent / "migrations"


async def build(runtime: Runtime, health: Health) -> Parts:
    """Put intake together."""
    log, bootstrap = runtime.log, runtime.settings.kafka
    pseudonyms = Pseudonyms(runtime.keys.pseudonym_key())
    intake = Intake(pseudonyms)
    facts, news = consumer.reactions(log, intake), consumer.news(log)
    app = make_app("intake", "runonce intake", runtime.keys, health, about=runtime.settings.about())
    http.mount(app, log, intake, pseudonyms, [facts, news])

    async def timekeeper(stop: asyncio.Event) -> None:
        await keep_time(log, CLOCKWORK, stop)

    async def make(topics: Sequence[Topic]) -> None:
        await ensure_topics(bootstrap, topics)

    async def partners(stop: asyncio.Event) -> None:
        await keep_topics(log, make, stop)

    portals, departments = consumer.submissions(log, intake), consumer.decisions(log, intake)
    loops = consumer.loops(bootstrap, facts, news, portals, departments, runtime.settings.instance)
    return Parts(app, loops, [timekeeper], [partners])


if __name__ == "__main__":
    sys.exit(run(os.environ, "intake", MIGRATIONS, build))
