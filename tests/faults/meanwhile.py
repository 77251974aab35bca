"""Calls to every service while a fault lasts: each of them ends, with an answer or without one, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from uuid import uuid4

import aiohttp

from benchmarks.processes import tasks_of
from tests.faults.living import Living, until

BUDGET_S = 20.0
"""A wait for a connection, a command's time, and some for the machine."""
PAUSE_S = 0.25
CALLERS = 3
READS = {"intake": "/v1/partners", "approval": "/v1/worklist", "notify": "/v1/messages", "metrics": "/v1/figures/F3"}
TASKS_MAX = 40
"""More tasks than before a fault that a service under load may happen to have after it."""


async def asked_meanwhile(living: Living, seconds: float) -> Mapping[str, float]:
    """Ask every service again and again for so many seconds; the longest that a call to each took.

    A call that takes longer than `BUDGET_S` fails the test; one that is refused, or broken off, has ended.
    """
    longest: dict[str, float] = defaultdict(float)
    ends_at = time.monotonic() + seconds
    token = living.installation.keys.issue("operator", "o", ttl_s=3_600)

    async def ask(session: aiohttp.ClientSession, service: str) -> None:
        url = living.found.urls[service]
        while time.monotonic() < ends_at:
            begun = time.monotonic()
            try:
                async with asyncio.timeout(BUDGET_S):
                    await _call(session, service, url)
            except aiohttp.ClientError:
                pass
            except TimeoutError:
                raise AssertionError(f"{service} answered nothing within {BUDGET_S:.0f} s") from None
            longest[service] = max(longest[service], time.monotonic() - begun)
            await asyncio.sleep(PAUSE_S)

    headers, endless = {"authorization": f"Bearer {token}"}, aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(headers=headers, timeout=endless) as session, asyncio.TaskGroup() as group:
        for service in READS:
            for _ in range(CALLERS):
                group.create_task(ask(session, service))
    return longest


async def _call(session: aiohttp.ClientSession, service: str, url: str) -> None:
    async with session.get(url + READS[service]) as answer:
        await answer.read()
    if service == "intake":
        partner = {"partner": f"p-{uuid4().hex[:8]}", "kind": "portal", "region": "330000"}
        key = {"idempotency-key": str(uuid4())}
        async with session.post(f"{url}/v1/commands/register-partner", json=partner, headers=key) as answer:
            await answer.read()


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
