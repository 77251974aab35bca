"""What the public doors tell once everything is quiet: stored events, topics as any subscriber sees them, figures, conservation.

And what lies with the provider: only there does it show how many letters somebody was sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from aiokafka import TopicPartition

from shared.kafka.clients import consumer
from tests.faults.asking import Issue, Who

WRITERS = ("intake", "approval", "notify")
SERVICES = (*WRITERS, "metrics")
TOPICS = ("gov.catalogue.events.v1", "gov.intake.events.v1", "gov.approval.events.v1", "gov.notify.events.v1")
PARTITIONS = 12
PAGE = 2_000
READ_S = 60.0
REQUEST_S = 60.0
UNAVAILABLE = 503
ASKED_MAX = 4
"""A recount gives up after some seconds, as every reader does, and asks to be asked again; a machine may be busy."""


class Seen(NamedTuple):
    """One record of a topic."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    hash: str | None


class Reading(NamedTuple):
    """A number of the board and what it is divided by."""

    numerator: int
    denominator: int | None


@dataclass
class Evidence:
    """Everything that was told. `record` holds each service's stored events as exact bytes, stream by stream in order.

    `letters` are the keys under which the provider was given something; the same key twice is one letter to it.
    `persons` says whose each pseudonym is under which the record names who acted; programs stand there by their own names.
    """

    record: dict[str, list[bytes]] = field(default_factory=dict)
    topics: list[Seen] = field(default_factory=list)
    conservation: dict[str, Mapping[str, list[dict[str, Any]]]] = field(default_factory=dict)
    figures: dict[str, Reading] = field(default_factory=dict)
    recounts: dict[str, Reading] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    generation: int = 0
    letters: list[str] = field(default_factory=list)
    persons: dict[str, str] = field(default_factory=dict)


async def gather(
    urls: Mapping[str, str], kafka: str, outbox: Path, issue: Issue, readings: Sequence[str], recounted: Sequence[str]
) -> Evidence:
    """Ask every door for `readings`, such as `F3.mean`, and for a recount of `recounted`; look into the provider's `outbox`."""
    found = Evidence()
    headers = {"authorization": f"Bearer {issue(Who('auditor', 'history-checker'))}"}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=REQUEST_S)) as session:

        async def ask(service: str, path: str, method: str = "GET", **query: str | int) -> bytes:
            for _ in range(ASKED_MAX):
                async with session.request(method, urls[service] + path, params=query) as answer:
                    status, body = answer.status, await answer.read()
                if status != UNAVAILABLE:
                    break
            assert status == 200, (service, path, status, body[:300])
            return body

        for service in WRITERS:
            found.record[service] = await _record(service, ask)
        for service in SERVICES:
            found.conservation[service] = json.loads(await ask(service, "/v1/conservation"))
        for code in sorted({name.partition(".")[0] for name in readings}):
            told = json.loads(await ask("metrics", f"/v1/figures/{code}"))
            found.generation = told["generation"]
            found.figures |= {f"{code}.{name}": _reading(value) for name, value in told["readings"].items()}
        for name in recounted:
            code, _, reading = name.partition(".")
            told = json.loads(await ask("metrics", "/v1/recount", "POST", figure=code, reading=reading))
            found.recounts[name] = _reading(told["recounted"])
        found.messages = json.loads(await ask("notify", "/v1/messages", limit=500))
    found.letters = [letter.stem for letter in outbox.glob("*.eml")]
    found.topics = await asyncio.wait_for(_topics(kafka), READ_S)
    return found


def _reading(value: Mapping[str, Any]) -> Reading:
    return Reading(value["numerator"], value["denominator"])


async def _record(service: str, ask: Callable[..., Any]) -> list[bytes]:
    lines: list[bytes] = []
    stream, version = "", 0
    while True:
        page = (await ask(service, "/v1/record", after_stream=stream, after_version=version, limit=PAGE)).splitlines()
        lines += page
        if len(page) < PAGE:
            return lines
        last = json.loads(page[-1])
        stream, version = last["subject"], last["sequence"]


async def _topics(kafka: str) -> list[Seen]:
    reader = consumer(kafka, None, "history-checker")
    places = [TopicPartition(topic, number) for topic in TOPICS for number in range(PARTITIONS)]
    reader.assign(places)
    seen: list[Seen] = []
    try:
        await reader.start()
        ends = await reader.end_offsets(places)
        await reader.seek_to_beginning(*places)
        missing = {place for place in places if ends[place]}
        while missing:
            for place, records in (await reader.getmany(timeout_ms=200)).items():
                seen += [_seen(record) for record in records]
                if records[-1].offset + 1 >= ends[place]:
                    missing.discard(place)
    finally:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(reader.stop(), READ_S)
    return seen


def _seen(record: Any) -> Seen:
    headers = dict(record.headers)
    digest = headers.get("hash", b"").decode() or None
    key = (record.key or b"").decode()
    return Seen(record.topic, record.partition, record.offset, key, record.value or b"", digest)
