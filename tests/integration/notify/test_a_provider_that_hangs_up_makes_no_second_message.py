"""Promise: though the provider takes a message and hangs up, and notify dies at any moment, a message has one key and an end."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from random import Random
from typing import Any
from uuid import uuid4

import orjson
from aiosmtpd.controller import Controller

from deploy.local.children import free_port
from services.notify.providers import Smtp
from services.notify.sender import ATTEMPTS_MAX, Sender
from tests.conftest import MakeLog, within
from tests.integration.notify.test_a_person_gets_each_message_once import MIGRATIONS, Contacts, cause, hear

MESSAGES = 60
HANGS_UP = 0.1
DIES = 0.3
END_S = 60.0
SENT = "gov.notify.notification-sent.v1"
_KEY = re.compile(rb"Message-ID: <([0-9a-f-]{36})@runonce>")


class HangsUp:
    """A mail server that takes every letter and sometimes hangs up before it says so."""

    def __init__(self, dice: Random) -> None:
        self.taken: Counter[str] = Counter()
        self._dice = dice

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        found = _KEY.search(envelope.content)
        assert found is not None
        self.taken[found[1].decode()] += 1
        if self._dice.random() < HANGS_UP:
            server.transport.abort()
        return "250 OK"


async def test_every_message_has_one_key_and_an_end(make_log: MakeLog) -> None:
    log, dice = await make_log("notify", MIGRATIONS), Random(7)
    for _ in range(MESSAGES):
        await hear(log, cause(uuid4()))
    server = HangsUp(dice)
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    sender = Sender(log, Contacts(), Smtp(f"smtp://127.0.0.1:{controller.port}"), demo=True, unknown_after_s=0.0)
    try:
        async with within(END_S):
            while await log.pool.fetchval("SELECT count(*) FROM intent WHERE state IN ('waiting', 'sending')"):
                await log.pool.execute("UPDATE intent SET next_attempt_at = now() WHERE state = 'waiting'")
                # A death of the process, as far as the record and the provider can see it.
                life = dice.random() / 10 if dice.random() < DIES else END_S
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(sender.run_once(), life)
    finally:
        controller.stop()

    intents = {str(row["intent_id"]): row["state"] for row in await log.pool.fetch("SELECT intent_id, state FROM intent")}
    assert len(intents) == MESSAGES
    assert set(server.taken) <= set(intents)
    assert max(server.taken.values()) <= ATTEMPTS_MAX
    assert all(server.taken[key] for key, state in intents.items() if state == "sent")
    events = [orjson.loads(row["body"]) for row in await log.pool.fetch("SELECT body FROM event")]
    ends = [event["data"]["intent_id"] for event in events if event["type"] == SENT or event["data"].get("final")]
    assert sorted(ends) == sorted(intents)
