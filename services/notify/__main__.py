"""Run notify: `python -m services.notify` with RUNONCE_* in the environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from services.notify import consumer, http
from services.notify.providers import FileOutbox, Provider, Smtp
from services.notify.sender import Sender
from shared.runtime.http import make_app
from shared.runtime.lifecycle import Health, Parts, Runtime, run
from shared.runtime.settings import Settings


def provider_of(settings: Settings) -> Provider:
    """The mail server that the settings name, else files."""
    if settings.smtp_url is not None:
        return Smtp(settings.smtp_url.get_secret_value())
    return FileOutbox(settings.data_dir / "outbox")


async def build(runtime: Runtime, health: Health) -> Parts:
    """Put the parts together."""
    heard = consumer.facts(runtime.log)
    app = http.mount(make_app("notify", "runonce notify", runtime.keys, health, about=runtime.settings.about()), runtime.log, heard)
    sender = Sender(runtime.log, runtime.client, provider_of(runtime.settings), demo=runtime.settings.demo)
    return Parts(app, consumer.loops(runtime.settings.kafka, heard, runtime.settings.instance), [sender.run])


if __name__ == "__main__":
    sys.exit(run(os.environ, "notify", Path(__file__).parent / "migrations", build, asks_others=True))
