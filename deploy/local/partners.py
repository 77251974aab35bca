"""Portals and departments as their own programs would be: they write to their topics, read receipts, and watch events."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import orjson

from deploy.local.doors import DoorError
from deploy.local.population import PORTAL, Province
from shared.contracts.topics import APPROVAL_EVENTS, INTAKE_EVENTS, partner_topics, receipts_for
from shared.kafka.admin import ensure_topics
from shared.kafka.clients import consumer, let_go, producer, require_fetching

SEND_S = 90.0
ACK_S = 15.0
"""A producer whose broker was restarted may never hear again of what it sent to a partition: after this a fresh one sends it."""
RECEIPT_S = 60.0
RETRY_S = 0.5
STOP_S = 5.0
POLL_MS = 100
Take = Callable[[Any], None]
T = TypeVar("T")
_log = logging.getLogger(__name__)
_EVENTS = (INTAKE_EVENTS, APPROVAL_EVENTS)


class Partners:
    """The Kafka side of the demo. Use it as an asynchronous context manager; it hears what is said from then on."""

    def __init__(self, bootstrap: str, province: Province) -> None:
        self._bootstrap = bootstrap
        self._topics = [*partner_topics("portal", PORTAL)]
        for department in province.departments:
            self._topics += partner_topics("department", department.partner)
        self._receipts: dict[tuple[str, str], asyncio.Queue[dict[str, Any]]] = {}
        self._watched: dict[str, dict[str, dict[str, Any]]] = {}
        self._heard = asyncio.Condition()
        self._readers: list[asyncio.Task[None]] = []
        self._changing = asyncio.Lock()
        self._worn: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Partners:
        await patiently(lambda: ensure_topics(self._bootstrap, self._topics))
        self._producer: Any = await patiently(self._started_producer)
        receipts = sorted({receipts_for(t.name) for t in self._topics if not t.name.endswith(".receipts.v1")})
        ready = [asyncio.Event(), asyncio.Event()]
        self._readers = [
            asyncio.create_task(self._read(receipts, self._take_receipt, ready[0])),
            asyncio.create_task(self._read(_EVENTS, self._take_event, ready[1])),
        ]
        async with asyncio.timeout(SEND_S):
            await asyncio.gather(*(one.wait() for one in ready))
        return self

    async def __aexit__(self, *_: object) -> None:
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, *self._worn, return_exceptions=True)
        await let_go(self._producer, STOP_S)

    async def send(self, topic: str, document: dict[str, Any]) -> dict[str, Any]:
        """Send one message and return its receipt. Raises `DoorError` if none comes."""
        queue = self._receipts.setdefault((receipts_for(topic), document["id"]), asyncio.Queue())
        try:
            async with asyncio.timeout(SEND_S):
                await self._publish(topic, orjson.dumps(document), document["subject"].encode())
            return await asyncio.wait_for(queue.get(), RECEIPT_S)
        except TimeoutError:
            raise DoorError(f"no receipt for a message on {topic} in time") from None

    def forget(self, topic: str, client_id: str) -> None:
        """No further receipt is expected for this message."""
        self._receipts.pop((receipts_for(topic), client_id), None)

    def watch(self, case_no: str) -> None:
        """Remember from now on what happens to a case."""
        self._watched.setdefault(case_no, {})

    def unwatch(self, case_no: str) -> None:
        """Forget the case."""
        self._watched.pop(case_no, None)

    async def event(self, case_no: str, name: str, limit_s: float = RECEIPT_S) -> dict[str, Any]:
        """The first event of that name about a watched case, once it is published. Raises `DoorError` if it is late."""
        async with self._heard:
            try:
                await asyncio.wait_for(self._heard.wait_for(lambda: name in self._watched[case_no]), limit_s)
            except TimeoutError:
                raise DoorError(f"{name} was not published within {limit_s:.0f} s") from None
            return self._watched[case_no][name]

    async def _started_producer(self) -> Any:
        made = producer(self._bootstrap, "runonce-demo-partners")
        try:
            await made.start()
        except BaseException:
            await let_go(made, STOP_S)
            raise
        return made

    async def _publish(self, topic: str, value: bytes, key: bytes) -> None:
        while True:
            by = self._producer
            try:
                async with asyncio.timeout(ACK_S):
                    await by.send_and_wait(topic, value, key=key)
                return
            except Exception as error:
                # While the broker is away: what may have arrived is sent again under its own id, which makes it a duplicate.
                _log.debug("partner-waits", exc_info=error)
                await asyncio.sleep(RETRY_S)
                await self._renew(by)

    async def _renew(self, worn: Any) -> None:
        """Go on with a fresh producer, unless somebody does already; with the old one while the broker is away."""
        async with self._changing:
            if self._producer is not worn:
                return
            with contextlib.suppress(Exception):
                self._producer = await self._started_producer()
                ending = asyncio.create_task(let_go(worn, STOP_S))
                self._worn.add(ending)
                ending.add_done_callback(self._worn.discard)

    async def _read(self, topics: Sequence[str], take: Take, ready: asyncio.Event) -> None:
        places: dict[Any, int] = {}
        while True:
            reader = consumer(self._bootstrap, None, "runonce-demo-partners")
            reader.subscribe(topics=list(topics))
            try:
                await reader.start()
                await _resume(reader, places)
                ready.set()
                while True:
                    require_fetching(reader)
                    for place, records in (await reader.getmany(timeout_ms=POLL_MS)).items():
                        for record in records:
                            take(record)
                        places[place] = records[-1].offset + 1
                    async with self._heard:
                        self._heard.notify_all()
            except Exception as error:
                _log.debug("partner-reads-again", exc_info=error)
                await asyncio.sleep(RETRY_S)
            finally:
                await let_go(reader, STOP_S)

    def _take_receipt(self, record: Any) -> None:
        receipt = orjson.loads(record.value)
        queue = self._receipts.get((record.topic, receipt["id"]))
        if queue is not None:
            queue.put_nowait(receipt)

    def _take_event(self, record: Any) -> None:
        event = orjson.loads(record.value)
        known = self._watched.get(event["data"].get("case_no", ""))
        if known is not None:
            known.setdefault(event["type"].split(".")[2], event)


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """The result of `work`, tried again while the broker is away. Raises `DoorError` if it stays away."""
    deadline = asyncio.get_running_loop().time() + SEND_S
    while True:
        try:
            return await work()
        except Exception as error:
            if asyncio.get_running_loop().time() > deadline:
                raise DoorError(f"Kafka has been away for {SEND_S:.0f} s") from error
            await asyncio.sleep(RETRY_S)


async def _resume(reader: Any, places: dict[Any, int]) -> None:
    """Go on where reading stopped; the first time at the end of everything."""
    await reader.seek_to_end()
    for place in reader.assignment():
        if place in places:
            reader.seek(place, places[place])
        else:
            places[place] = await reader.position(place)
