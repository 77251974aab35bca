"""Intake, approval and notify behind their real HTTP doors on real databases; a carrier in this process stands for Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from deploy.local.catalogue import catalogue
from deploy.local.children import free_port
from deploy.local.population import Province, province
from services.approval import consumer as approval_consumer
from services.approval import http as approval_http
from services.approval.service import Approval
from services.approval.service import react as approval_react
from services.intake import consumer as intake_consumer
from services.intake import http as intake_http
from services.intake.heard import HEARD, hear
from services.intake.people import Pseudonyms
from services.intake.service import INTERESTED, Intake
from services.notify import consumer as notify_consumer
from services.notify import http as notify_http
from shared.contracts import commands as wire
from shared.contracts import notify
from shared.contracts.base import Command
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.ids import ingress_id, journey_stream
from shared.contracts.ingress import Receipt, read_command
from shared.contracts.topics import Service
from shared.contracts.wire import decode
from shared.postgres.event_log import EventLog, Tx
from shared.reference.deadlines import local_date
from shared.runtime.auth import Caller, Keys, Staff
from shared.runtime.client import ServiceClient
from shared.runtime.http import make_app
from shared.runtime.requests import Asked
from shared.runtime.settings import About, Settings
from shared.telemetry import clock

KEY = b"a key for tests only, 32 bytes.."
CARRY_S = 0.03
SERVICES = Path(__file__).parents[2] / "services"
WENZHOU, HANGZHOU = "330302", "330100"
IMPORTER = Caller("importer", "browser-tests")
React = Callable[[Tx, Sequence[Envelope[Any]]], Awaitable[None]]


@dataclass
class House:
    """The services, and short ways to ask intake for things behind the pages' backs."""

    intake_log: EventLog
    approval_log: EventLog
    notify_log: EventLog
    intake: Intake
    approval: Approval
    where: Province
    keys: Keys
    urls: dict[str, str]
    apps: dict[str, FastAPI] = field(default_factory=dict)
    _serving: dict[str, tuple[uvicorn.Server, asyncio.Task[None]]] = field(default_factory=dict)

    async def start(self, name: str) -> None:
        """Open a service's doors."""
        port = int(self.urls[name].rsplit(":", 1)[1])
        server = uvicorn.Server(uvicorn.Config(self.apps[name], port=port, log_level="warning", timeout_graceful_shutdown=2))
        self._serving[name] = server, asyncio.create_task(server.serve())
        async with asyncio.timeout(20):
            while not server.started:
                await asyncio.sleep(CARRY_S)

    async def kill(self, name: str) -> None:
        """Close a service's doors on whoever is inside."""
        server, task = self._serving.pop(name)
        server.should_exit = server.force_exit = True
        await asyncio.gather(task, return_exceptions=True)

    async def end(self) -> None:
        """Close all doors."""
        for name in list(self._serving):
            await self.kill(name)

    async def decided(self, command: Command, *, ago: timedelta = timedelta()) -> None:
        """Ask approval for `command` as the importer may, as of some time ago, and expect it applied."""
        asked = [self._asked(command, clock.now() - ago)]

        async def work(tx: Tx) -> Sequence[Receipt]:
            return await self.approval.handle(tx, asked)

        assert [reply.rule for reply in await self.approval_log.transact(work)] == [None]

    async def notified(self, journey: str) -> None:
        """Let intake hear of two messages about a journey, one of them sent, as notify records them."""
        receipt, acceptance = uuid4(), uuid4()
        facts = (
            _asked_for(receipt, "receipt"),
            notify.NotificationSent(intent_id=receipt, attempt=1, provider_ref="p-1", repeated=False),
            _asked_for(acceptance, "acceptance"),
        )
        now, by = clock.now(), Actor("service", "notify")
        stream = journey_stream(UUID(journey))
        events = [
            Envelope(made, "notify", fact.type, stream, number, now, now, now, journey, made, made, by, fact)
            for number, (made, fact) in enumerate(((uuid4(), fact) for fact in facts), 1)
        ]
        await heard_by(self.intake_log, hear, events)

    async def done(self, *commands: Command, ago: timedelta = timedelta()) -> Receipt:
        """Ask intake for `commands` as the importer may, as of some time ago; expect them applied, and return the last answer."""
        now = clock.now() - ago
        asked = [self._asked(command, now) for command in commands]

        async def work(tx: Tx) -> Sequence[Receipt]:
            return await self.intake.handle(tx, asked)

        replies = await self.intake_log.transact(work)
        assert [reply.rule for reply in replies] == [None] * len(replies)
        return replies[-1]

    def _asked(self, command: Command, now: Any) -> Asked:
        own = str(uuid4())
        return Asked(IMPORTER, own, own, ingress_id(IMPORTER.id, own), command, now, now)

    def item(self, basic: str = "estate-transfer", region: str = HANGZHOU) -> str:
        """The code of an item as the body of a region handles it."""
        return self.where.items[region, basic].code

    def hall(self, region: str = WENZHOU) -> str:
        """The hall of a region."""
        return self.where.hall(region).venue_id

    async def case(self, *, ago: timedelta = timedelta(), basic: str = "estate-transfer", region: str = WENZHOU) -> Receipt:
        """A received case of somebody new, handed in at the hall of `region` for Hangzhou."""
        person = a_person()
        office = self.where.service_bodies[region].uscc
        submitted = await self.done(
            wire.SubmitApplication(
                applicant=wire.Applicant(id_no=person, region=region),
                item_code=self.item(basic),
                channel="window",
                receiving_body=office,
                receiving_region=region,
            ),
            ago=ago,
        )
        case_no = str(submitted.case_no)
        taken_in = wire.Receive(case_no=case_no, window_id=self.hall(region), form_check="passed", identity_check="passed")
        await self.done(taken_in, ago=ago)
        return submitted

    async def accepted(self, *, ago: timedelta = timedelta(), basic: str = "estate-transfer") -> Receipt:
        """A case that Hangzhou took over and accepted."""
        submitted = await self.case(ago=ago, basic=basic)
        number = str(submitted.case_no)
        await self.done(*self._handover(number, basic), wire.Accept(case_no=number), ago=ago)
        return submitted

    async def taken_over(self, *, basic: str = "estate-transfer") -> str:
        """The number of a case that Hangzhou took over and has not accepted yet."""
        number = str((await self.case(basic=basic)).case_no)
        await self.done(*self._handover(number, basic))
        return number

    def _handover(self, case_no: str, basic: str) -> tuple[Command, Command]:
        body = self.where.items[HANGZHOU, basic].body.uscc
        return wire.OfferCustody(case_no=case_no, to_body=body, medium="electronic"), wire.AcceptCustody(case_no=case_no)

    async def carry(self) -> int:
        """Carry what waits in both outboxes to the other service, in order; how much it was."""
        there = await _carry(self.intake_log, (self.approval_log, approval_react, approval_consumer.INTERESTED))
        reacts, hears = (self.intake_log, self.intake.react, INTERESTED), (self.intake_log, hear, HEARD)
        return there + await _carry(self.approval_log, reacts, hears)

    async def all_carried(self) -> None:
        """Wait until nothing is on its way."""
        async with asyncio.timeout(20):
            while await self.intake_log.pool.fetchval("SELECT count(*) FROM outbox") or await self.approval_log.pool.fetchval(
                "SELECT count(*) FROM outbox"
            ):
                await asyncio.sleep(CARRY_S)


def _asked_for(intent: UUID, template: notify.Template) -> notify.NotificationRequested:
    return notify.NotificationRequested(
        intent_id=intent, cause_event=intent, template=template, recipient_role="applicant", channel="email", suppressed=False
    )


def a_person() -> str:
    """The ID number of somebody who never came before."""
    return f"SYNP{uuid4().int % 10**14:014d}"


async def _carry(source: EventLog, *targets: tuple[EventLog, React, frozenset[str]]) -> int:
    rows = await source.pool.fetch(
        "SELECT o.position, e.body FROM outbox o JOIN event e ON e.id = o.ref ORDER BY o.position LIMIT 500"
    )
    if not rows:
        return 0
    carried = [decode(row["body"]) for row in rows]
    for log, react, interested in targets:
        await heard_by(log, react, [event for event in carried if event.type in interested])
    await source.pool.execute("DELETE FROM outbox WHERE position = ANY($1)", [row["position"] for row in rows])
    return len(rows)


async def heard_by(log: EventLog, react: React, events: Sequence[Envelope[Any]]) -> None:
    """Let a service react to `events` in one transaction."""

    async def work(tx: Tx) -> None:
        await react(tx, events)

    if events:
        await log.transact(work)


async def publish(house: House) -> None:
    """Publish the demonstration's catalogue."""
    documents = [read_command(document) for document in catalogue(clock.now())]
    for at in range(0, len(documents), 200):
        await house.done(*(document.command for document in documents[at : at + 200]))


@asynccontextmanager
async def opened(intake_log: EventLog, approval_log: EventLog, notify_log: EventLog, directory: Path) -> AsyncIterator[House]:
    """The services, serving on loopback until the end."""
    keys = Keys(directory / "keys")
    keys.ensure()
    urls = {name: f"http://127.0.0.1:{free_port(None)}" for name in ("intake", "approval", "notify")}
    about = About(local=True, demo=True, urls=urls)
    pseudonyms, approval = Pseudonyms(KEY), Approval(Staff(keys.staff_key()))
    house = House(intake_log, approval_log, notify_log, Intake(pseudonyms), approval, province(local_date(clock.now())), keys, urls)
    client = ServiceClient(_settings("approval", urls, directory), keys)
    apps = house.apps = {name: make_app(name, name, keys, lambda: True, about=about) for name in urls}
    intake_http.mount(apps["intake"], intake_log, house.intake, pseudonyms, [intake_consumer.reactions(intake_log, house.intake)])

    async def forward(path: str, token: str, key: str, body: bytes) -> tuple[int, bytes, str]:
        return await client.forward("intake", path, token, key, body)

    approval_http.mount(apps["approval"], approval_log, approval_consumer.facts(approval_log), approval, forward)
    notify_http.mount(apps["notify"], notify_log, notify_consumer.facts(notify_log))
    carrier = asyncio.create_task(_carrier(house))
    try:
        for name in urls:
            await house.start(name)
        await publish(house)
        await house.all_carried()
        yield house
    finally:
        await house.end()
        carrier.cancel()
        await asyncio.gather(carrier, return_exceptions=True)
        await client.close()


async def _carrier(house: House) -> None:
    while True:
        await house.carry()
        await asyncio.sleep(CARRY_S)


def _settings(service: Service, urls: dict[str, str], directory: Path) -> Settings:
    return Settings(
        service=service,
        profile="local",
        postgres_dsn=SecretStr("unused"),
        kafka="unused",
        http_port=1,
        keys_dir=directory / "keys",
        data_dir=directory,
        intake_url=urls["intake"],
        approval_url=urls["approval"],
    )
