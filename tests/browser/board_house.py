"""Metrics behind its real doors, over a real database and a real broker, with many journeys already told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4, uuid5

import uvicorn
from pydantic import SecretStr

from deploy.local.children import free_port
from services.metrics import http
from services.metrics.builds import PLACES
from services.metrics.cells import OWNERS
from services.metrics.figure_doors import Answers
from services.metrics.projector import Projector
from services.metrics.shelf import Shelf
from services.metrics.store import Store
from services.metrics.stream import Hub
from services.metrics.watermarks import Watermarks
from shared.contracts.catalogue import ServiceItemPublished
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.partitioning import partition_of
from shared.contracts.topics import CATALOGUE_EVENTS, PARTITIONS, TOPICS, Service
from shared.contracts.wire import encode
from shared.eventsourcing.errors import UnavailableError
from shared.kafka.admin import end_offsets, ensure_topics
from shared.kafka.clients import producer
from shared.postgres.event_log import EventLog
from shared.reference.deadlines import local_date
from shared.runtime.auth import Keys
from shared.runtime.client import ServiceClient
from shared.runtime.http import make_app
from shared.runtime.settings import About, Settings
from shared.telemetry import clock
from tests.integration.metrics.house import expected, renamed, send, some_tales, stored_cells
from tests.unit.metrics.stories import (
    BODY,
    HANGZHOU,
    SPACE,
    Told,
    accepted,
    completed,
    delivered,
    opened,
    scripted,
    submitted,
    visited,
    voided,
)

DEADLINE_S = 60.0
PROMISES_EVERY_S = 0.3
PARKED = """
INSERT INTO parked (grp, key, source, sequence, topic, partition, kafka_offset, type, body, error_code)
VALUES ('metrics-p1', $1, 'intake', 1, 'gov.intake.events.v1', 0, 7, 'gov.intake.visit-recorded.v1', $2, 'broken-contract')
"""
PROMISED = """
INSERT INTO watermark (generation, service, complete_to) VALUES (1, $1, clock_timestamp())
ON CONFLICT (generation, service) DO UPDATE SET complete_to = excluded.complete_to
"""


class Alone:
    """No other service answers; what is asked of metrics itself comes back to its own doors."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def get(self, service: Service, path: str, **query: str | int) -> Any:
        raise UnavailableError(f"{service}-away")

    async def forward(self, service: Service, path: str, token: str, key: str, body: bytes) -> tuple[int, bytes, str]:
        return await self._client.forward(service, path, token, key, body)


@dataclass
class BoardHouse:
    """One metrics service, which can be killed and started again on its port."""

    log: EventLog
    kafka: str
    keys: Keys
    told: list[Told]
    client: ServiceClient
    port: int
    server: uvicorn.Server | None = None
    _promising: asyncio.Lock = field(default_factory=asyncio.Lock)
    _stop: asyncio.Event | None = None
    _tasks: tuple[asyncio.Task[None], ...] = ()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Open the doors, hear commits, and project."""
        answers = Answers(self.log, Shelf(), demo=True)
        hub, self._stop = Hub(answers), asyncio.Event()
        about = About(local=True, demo=True, urls={"metrics": self.url})
        app = make_app("metrics", "metrics", self.keys, lambda: True, about=about)
        http.mount(app, answers, hub, Watermarks(self.log, self.kafka), Alone(self.client), self.kafka, None)
        self.server = uvicorn.Server(
            uvicorn.Config(app, port=self.port, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        )
        projector = Projector(self.kafka, Store(self.log, 1))
        running = (self.server.serve(), hub.run(self._stop), projector.run(self._stop))
        self._tasks = tuple(asyncio.ensure_future(one) for one in running)
        async with asyncio.timeout(DEADLINE_S):
            while not self.server.started:
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """Close the doors on whoever is inside."""
        assert self.server is not None
        assert self._stop is not None
        self._stop.set()
        self.server.should_exit = self.server.force_exit = True
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def tell(self, *told: Told) -> None:
        """Let journeys happen, and wait until the projection has them."""
        self.told += told
        await send(self.kafka, told)
        wanted = expected(self.told)
        async with asyncio.timeout(DEADLINE_S):
            while await stored_cells(Store(self.log, 1)) != wanted:
                await asyncio.sleep(0.05)

    async def promise(self) -> None:
        """Go on saying, as the relays would, that all which was recorded is told by now."""
        while True:
            async with self._promising:
                await self.log.pool.executemany(PROMISED, [(owner,) for owner in OWNERS])
            await asyncio.sleep(PROMISES_EVERY_S)

    @asynccontextmanager
    async def promised(self, sql: str) -> AsyncIterator[None]:
        """Nothing is promised for a while but what `sql` makes of it."""
        async with self._promising:
            await self.log.pool.execute(sql)
            yield

    async def park(self, journey: str) -> None:
        """Set an event aside that cannot be read."""
        await self.log.pool.execute(PARKED, journey, b"{}")


def anew(told: Told) -> Told:
    """The same journey under another name."""
    name = str(uuid4())
    return Told(journey=name, events=[(source, renamed(body, journey=name)) for source, body in told.events])


def failed_visit() -> Told:
    """Somebody came to the wrong hall just now."""
    now = clock.now()
    told = Told(journey=str(uuid4()), at=now - timedelta(seconds=5))
    told.says(opened(first_contact=now))
    return told.says(visited(told.journey, now, outcome="wrong_place", cause="wrong_place", responsible="applicant"))


def visit_of_nobody() -> Told:
    """Somebody came just now, and nobody wrote down who."""
    now = clock.now()
    told = Told(journey=str(uuid4()), at=now - timedelta(seconds=5))
    return told.says(opened(None, None, first_contact=now), visited(told.journey, now, subject=None))


def finished_now() -> Told:
    """A whole journey that happened and became known within these seconds."""
    told = Told(journey=str(uuid4()), at=clock.now() - timedelta(seconds=10))
    told.says(opened(), visited(told.journey, told.at), submitted(), accepted(told.at))
    return told.says(delivered(told.at), completed("granted", told.at))


def late_and_corrected() -> list[Told]:
    """A visit recorded three days after its day, and one that was taken off two days later; both about a week ago."""
    then = clock.now() - timedelta(days=10)
    late, wrong = Told(journey=str(uuid4()), at=then), Told(journey=str(uuid4()), at=then)
    late.says(opened())
    late.says(visited(late.journey, late.at), known_later_days=3)
    wrong.says(opened(), visited(wrong.journey, wrong.at))
    wrong.wait(2).says(voided(wrong.journey), submitted())
    return [late, wrong]


async def publish_items(kafka: str) -> None:
    """Name the things that the told journeys are about."""
    named = [
        ("item-1", "basic-1", "不动产转移登记", "Real-estate transfer", 1),
        ("item-2", "basic-2", "居住证申领", "Residence permit", 2),
    ]
    client = producer(kafka, "board-house")
    await client.start()
    for code, basic, zh, en, declared in named:
        key, now = f"item:{code}", clock.now() - timedelta(days=200)
        identity = uuid5(SPACE, key)
        fact = ServiceItemPublished(
            item_code=code,
            version=1,
            basic_code=basic,
            name_zh=zh,
            name_en=en,
            item_type="license",
            main_item=True,
            level=3,
            body_uscc=BODY,
            body_region=HANGZHOU,
            case_type="promised",
            promised_wd=5,
            statutory_wd=20,
            declared_visits=declared,
            materials=(),
            roam_eligible=True,
            power_source=1,
            effective_from=date(2026, 1, 1),
        )
        event = Envelope(
            identity, "intake", fact.type, key, 1, now, now, now, key, identity, identity, Actor("importer", "t"), fact
        )
        await client.send(CATALOGUE_EVENTS, encode(event), key.encode(), partition_of(key, PARTITIONS))
    await client.flush()
    await client.stop()


async def _from_now_on(log: EventLog, kafka: str) -> None:
    await ensure_topics(kafka, TOPICS)
    sql = "INSERT INTO checkpoint (grp, topic, partition, next_offset) VALUES ('metrics-p1', $1, $2, $3)"
    for place, offset in (await end_offsets(kafka, PLACES)).items():
        await log.pool.execute(sql, place.topic, place.partition, offset)


@asynccontextmanager
async def opened_board(log: EventLog, kafka: str, directory: Path) -> AsyncIterator[BoardHouse]:
    """Metrics with its journeys, serving on loopback until the end."""
    keys = Keys(directory / "keys")
    keys.ensure()
    port = free_port(None)
    client = ServiceClient(_settings(directory, port, kafka), keys)
    house = BoardHouse(log, kafka, keys, [], client, port)
    await _from_now_on(log, kafka)
    await publish_items(kafka)
    await house.start()
    try:
        await house.tell(*(anew(one) for one in [*some_tales(60), *(scripted() for _ in range(40))]), *late_and_corrected())
        # Everything told happened before.
        promising = asyncio.create_task(house.promise())
        yield house
        promising.cancel()
    finally:
        await house.kill()
        await client.close()


def _settings(directory: Path, port: int, kafka: str) -> Settings:
    return Settings(
        service="metrics",
        profile="local",
        postgres_dsn=SecretStr("unused"),
        kafka=kafka,
        http_port=port,
        keys_dir=directory / "keys",
        data_dir=directory,
        metrics_url=f"http://127.0.0.1:{port}",
    )


def day_before(days: int) -> str:
    """A local day as a page's address spells it."""
    return str(local_date(clock.now() - timedelta(days=days)))
