"""Calls to every service while a fault lasts: each of them ends, with an answer or without one, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from uuid import uuid4

import aiohttp

from benchmarks.processes import tasks_of
from tests.faults.living import Living, until

BUDGET_S = 30.0
"""Two waits for a connection, a command's time, the look for its answer, and some for the machine."""
PAUSE_S = 0.25
CALLERS = 3
Ask = Callable[[], AbstractAsyncContextManager[aiohttp.ClientResponse]]
READS = {"intake": "/v1/partners", "approval": "/v1/worklist", "notify": "/v1/messages", "metrics": "/v1/figures/F3"}
TASKS_MAX = 40
"""More tasks than before a fault that a service under load may happen to have after it."""


async def asked_meanwhile(living: Living, seconds: float) -> Mapping[str, float]:
    """Ask every service again and again for so many seconds; the longest that a call to each took, and a command at intake.

    A call that takes longer than `BUDGET_S` fails the test; one that is refused, or broken off, has ended.
    """
    longest: dict[str, float] = defaultdict(float)
    ends_at = time.monotonic() + seconds
    token = living.installation.keys.issue("operator", "o", ttl_s=3_600)

    async def ask(what: str, call: Ask) -> None:
        while time.monotonic() < ends_at:
            begun = time.monotonic()
            try:
                async with asyncio.timeout(BUDGET_S), call() as answer:
                    await answer.read()
            except aiohttp.ClientError:
                pass
            except TimeoutError:
                raise AssertionError(f"{what} answered nothing within {BUDGET_S:.0f} s") from None
            longest[what] = max(longest[what], time.monotonic() - begun)
            await asyncio.sleep(PAUSE_S)

    headers, endless = {"authorization": f"Bearer {token}"}, aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(headers=headers, timeout=endless) as session, asyncio.TaskGroup() as group:
        urls = living.found.urls
        calls: dict[str, Ask] = {service: partial(session.get, urls[service] + path) for service, path in READS.items()}
        calls["a command"] = partial(_command, session, urls["intake"])
        for what, call in calls.items():
            for _ in range(CALLERS):
                group.create_task(ask(what, call))
    return longest


def _command(session: aiohttp.ClientSession, url: str) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
    partner = {"partner": f"p-{uuid4().hex[:8]}", "kind": "portal", "region": "330000"}
    return session.post(f"{url}/v1/commands/register-partner", json=partner, headers={"idempotency-key": str(uuid4())})


def tasks_now(living: Living) -> dict[str, int]:
    """How many tasks each service has."""
    told = {service: tasks_of(url) for service, url in living.found.urls.items()}
    return {service: tasks for service, tasks in told.items() if tasks is not None}


def tasks_are_few_again(living: Living, before: Mapping[str, int], seconds: float) -> None:
    """Wait until no service has noticeably more tasks than before."""

    def are_few() -> bool:
        now = tasks_now(living)
        return all(service in now and now[service] <= tasks + TASKS_MAX for service, tasks in before.items())

    until(are_few, seconds, "tasks end")
