"""One wish at a time, never given up: asked under its key until somebody answers, with everything written into the history."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from shared.kafka.clients import consumer, producer
from tests.faults.history import OK, Door, History

PATIENCE_S = 120.0
REQUEST_S = 15.0
PAUSE_S = 0.25
NEWS_S = 60.0
SEND_S = 10.0
NOT_YET = frozenset({"case-unknown", "not-decided"})
"""What a service says that has not heard yet of what another one did."""
_BUSY = frozenset({"idempotency-key-busy", "unavailable"})


class GivenUpError(Exception):
    """Nobody answered for longer than any fault lasts; the wish stays unknown in the history."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks. `id` is used for one wish only, so that the record itself tells which wish made which event."""

    role: str
    id: str
    body: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered in the end."""

    status: int
    body: Mapping[str, Any]

    @property
    def rule(self) -> str | None:
        """The broken rule, if there is one."""
        rule: str | None = self.body.get("rule")
        return rule


Issue = Callable[[Who], str]
"""Makes a token."""


class Asker:
    """Asks over HTTP."""

    def __init__(self, urls: Mapping[str, str], issue: Issue, history: History) -> None:
        self.history = history
        self._urls = urls
        self._issue = issue
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Asker:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REQUEST_S))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def command(self, service: Door, command: str, who: Who, data: Mapping[str, Any], *, copies: int = 1) -> Answer:
        """One command, sent by `copies` clients at the same moment under one key. Raises `GivenUpError`."""
        number = self.history.ask(service, command, who.id, who.id, data)
        path, body = f"{self._urls[service]}/v1/commands/{command}", json.dumps(data).encode()
        headers = {"idempotency-key": who.id, "content-type": "application/json", "authorization": f"Bearer {self._issue(who)}"}
        for _ in range(copies - 1):
            self.history.again(number)
        answers = await asyncio.gather(*(self._until_answered(number, path, body, headers) for _ in range(copies)))
        return next((answer for answer in answers if answer.status in OK), answers[0])

    async def batch(self, who: Who, documents: list[dict[str, Any]]) -> list[Answer]:
        """An importer's documents in one transaction; each is a call of its own. Raises `GivenUpError`."""
        numbers = [self.history.ask("batch", d["type"].split(".")[2], d["id"], who.id, d["data"]) for d in documents]
        headers = {"content-type": "application/json", "authorization": f"Bearer {self._issue(who)}"}
        body, url = json.dumps(documents).encode(), f"{self._urls['intake']}/v1/commands"
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            said = await self._once(url, body, headers)
            if isinstance(said, Answer) and said.status == 200:
                receipts: list[dict[str, Any]] = list(said.body["list"])
                for number, receipt in zip(numbers, receipts, strict=True):
                    self.history.hear(number, 200, receipt)
                return [Answer(200, receipt) for receipt in receipts]
            for number in numbers:
                self.history.wonder(number, said if isinstance(said, str) else str(said.status))
                self.history.again(number)
            await _pause(deadline)

    async def until_taken(self, case_no: str) -> None:
        """Wait until approval holds a case: a topic answers an early request once and for all. Raises `GivenUpError`."""
        headers = {"authorization": f"Bearer {self._issue(Who('auditor', 'history-looks'))}"}
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        assert self._session is not None
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                async with self._session.get(f"{self._urls['approval']}/v1/cases/{case_no}", headers=headers) as response:
                    if response.status == 200:
                        return
            await _pause(deadline)

    async def _until_answered(self, number: int, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        loop = asyncio.get_running_loop()
        deadline, news = loop.time() + PATIENCE_S, loop.time() + NEWS_S
        while True:
            sent = time.monotonic()
            said = await self._once(url, body, headers)
            if isinstance(said, Answer) and said.status < 500 and said.rule not in _BUSY:
                self.history.hear(number, said.status, said.body, sent)
                if said.rule not in NOT_YET or loop.time() > news:
                    return said
            else:
                self.history.wonder(number, said if isinstance(said, str) else f"{said.status} {said.rule}")
            await _pause(deadline)
            self.history.again(number)

    async def _once(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer | str:
        assert self._session is not None
        try:
            async with self._session.post(url, data=body, headers=headers) as response:
                told = json.loads(await response.read())
                return Answer(response.status, told if isinstance(told, dict) else {"list": told})
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return type(error).__name__


async def _pause(deadline: float) -> None:
    if asyncio.get_running_loop().time() > deadline:
        raise GivenUpError
    await asyncio.sleep(PAUSE_S)


class Partners:
    """Ask as portals and departments do: a message on an own topic, and a receipt on another.

    `receipts` are the topics on which answers may come. Use it as an asynchronous context manager.
    """

    def __init__(self, kafka: str, receipts: Sequence[str], history: History) -> None:
        self.history = history
        self._kafka = kafka
        self._receipts = list(receipts)
        self._waiting: dict[str, tuple[int, asyncio.Future[dict[str, Any]]]] = {}
        self._producer: Any = None
        self._sending = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None
        self._over = asyncio.Event()

    async def __aenter__(self) -> Partners:
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        if self._reader is not None:
            # A client that is cancelled while it connects leaves its connection open, so the reader ends by itself.
            await self._reader
        await self._drop()

    async def command(self, topic: str, command: str, key: str, subject: str, data: Mapping[str, Any]) -> Answer:
        """One message; sent again, under its id, when it is not known whether the broker has it. Raises `GivenUpError`."""
        number = self.history.ask("partner", command, key, "", data)
        message = {
            "specversion": "1.0",
            "id": key,
            "source": "urn:runonce:history",
            "type": f"gov.command.{command}.v1",
            "subject": subject,
            "data": data,
        }
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[key] = (number, future)
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while not await self._sent(number, topic, json.dumps(message).encode(), subject.encode()):
            await _pause(deadline)
            self.history.again(number)
        try:
            return Answer(200, await asyncio.wait_for(future, PATIENCE_S))
        except TimeoutError:
            raise GivenUpError from None

    async def _sent(self, number: int, topic: str, value: bytes, key: bytes) -> bool:
        async with self._sending:
            try:
                if self._producer is None:
                    self._producer = producer(self._kafka, "history-partners")
                    await self._producer.start()
                await asyncio.wait_for(self._producer.send_and_wait(topic, value, key=key), SEND_S)
            except Exception as error:
                self.history.wonder(number, type(error).__name__)
                await self._drop()
                return False
        return True

    async def _drop(self) -> None:
        dropped, self._producer = self._producer, None
        if dropped is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(dropped.stop(), SEND_S)

    async def _read(self) -> None:
        places: dict[Any, int] = {}
        while not self._over.is_set():
            reader = consumer(self._kafka, None, "history-partners")
            reader.subscribe(topics=self._receipts)
            try:
                await reader.start()
                await reader.seek_to_beginning()
                for place, offset in places.items():
                    reader.seek(place, offset)
                while not self._over.is_set():
                    for place, records in (await reader.getmany(timeout_ms=200)).items():
                        for record in records:
                            self._take(json.loads(record.value))
                        places[place] = records[-1].offset + 1
            except Exception:
                # The broker is away; what was read is kept, and reading goes on from there.
                await asyncio.sleep(PAUSE_S)
            finally:
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(reader.stop(), SEND_S)

    def _take(self, receipt: dict[str, Any]) -> None:
        waiting = self._waiting.get(receipt["id"])
        if waiting is None:
            return
        number, future = waiting
        self.history.hear(number, 200, receipt)
        if not future.done():
            future.set_result(receipt)
