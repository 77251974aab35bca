"""Two cities with their bodies, halls and one item, on a real database, and short ways to ask them for things."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from services.intake.people import Pseudonyms
from services.intake.service import Intake
from shared.contracts import commands as wire
from shared.contracts.base import Command, Fact
from shared.contracts.catalogue import Material
from shared.contracts.envelope import Envelope
from shared.contracts.ids import case_no, ingress_id, journey_stream
from shared.contracts.ingress import Receipt
from shared.contracts.wire import decode
from shared.postgres.event_log import EventLog, Tx
from shared.reference.deadlines import local_date
from shared.runtime.auth import Caller
from shared.runtime.requests import Asked

MIGRATIONS = Path(__file__).parents[3] / "services" / "intake" / "migrations"
HANGZHOU, WENZHOU = "330100", "330300"
HANGZHOU_BODY, WENZHOU_BODY = "11330100AAAAAAAAA1", "11330300BBBBBBBBB2"
KEY = b"a key for tests only, 32 bytes.."
NOW = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
ITEM = "TRANSFER"
_NAMES = UUID("5f6d0a35-19c8-5f6c-8a5e-6d3c8c1b4a70")

IMPORTER = Caller("importer", "demo")
OPERATOR = Caller("operator", "op-1")
OFFICER = Caller("officer", "o-1", HANGZHOU_BODY)
CLERK = Caller("clerk", "c-1", WENZHOU_BODY)
PORTAL = Caller("portal", "zheliban")


def applicant(number: int = 1, **change: Any) -> wire.Applicant:
    fields: dict[str, Any] = {"id_no": f"33010019900101{number:04d}", "region": WENZHOU}
    return wire.Applicant(**fields | change)


def visit_id(name: str) -> UUID:
    return uuid5(_NAMES, name)


def visit(name: str, who: wire.Applicant | None = None, **change: Any) -> wire.RecordVisit:
    fields: dict[str, Any] = {
        "visit_id": visit_id(name),
        "applicant": who,
        "item_code": ITEM,
        "venue_id": "hall-wz",
        "local_date": local_date(NOW),
        "by": "applicant",
        "purpose": "apply",
        "outcome": "done",
        "cause": "normal",
        "source": "window",
    }
    return wire.RecordVisit(**fields | change)


def submit(who: wire.Applicant | None = None, **change: Any) -> wire.SubmitApplication:
    fields: dict[str, Any] = {
        "applicant": who or applicant(),
        "item_code": ITEM,
        "channel": "window",
        "receiving_body": WENZHOU_BODY,
    }
    return wire.SubmitApplication(**fields | change)


def receive(case_no: str, window_id: str = "hall-wz") -> wire.Receive:
    return wire.Receive(case_no=case_no, window_id=window_id, form_check="passed", identity_check="passed")


def item(**change: Any) -> wire.PublishItem:
    fields: dict[str, Any] = {
        "item_code": ITEM,
        "basic_code": ITEM,
        "name_zh": "不动产转移登记",
        "name_en": "Real-estate transfer",
        "item_type": "07",
        "main_item": True,
        "level": 3,
        "body_uscc": HANGZHOU_BODY,
        "case_type": "promised",
        "promised_wd": 5,
        "statutory_wd": 30,
        "declared_visits": 1,
        "presence_reason": "identity-check",
        "materials": (Material(code="deed", name_zh="合同", required=True),),
        "roam_eligible": True,
        "power_source": 1,
        "effective_from": date(2026, 1, 1),
    }
    return wire.PublishItem(**fields | change)


def body(uscc: str, region: str) -> wire.RegisterBody:
    return wire.RegisterBody(body_uscc=uscc, name_zh="局", name_en="Bureau", region=region, level=3)


def venue(venue_id: str, region: str, *mandates: str) -> wire.RegisterVenue:
    return wire.RegisterVenue(
        venue_id=venue_id,
        kind="hall",
        name_zh="大厅",
        name_en="Hall",
        address="1",
        hours="9-17",
        region=region,
        level=3,
        item_codes=(ITEM,),
        mandates=mandates,
    )


SEED: tuple[Command, ...] = (
    body(HANGZHOU_BODY, HANGZHOU),
    body(WENZHOU_BODY, WENZHOU),
    item(),
    venue("hall-hz", HANGZHOU),
    venue("hall-wz", WENZHOU),
    venue("hall-wz-2", WENZHOU, HANGZHOU_BODY),
)


def case_of(asked: Asked) -> str:
    """The case number that a submission will get; a partner can compute it before the answer comes."""
    return case_no(ITEM, local_date(asked.now), asked.command_id)


@dataclass
class City:
    """Intake on its own database. Every request gets its own key unless one is given."""

    log: EventLog
    intake: Intake = field(default_factory=lambda: Intake(Pseudonyms(KEY)))
    _asked: int = 0

    async def ask(self, *commands: Command, by: Caller = IMPORTER, key: str | None = None, now: datetime = NOW) -> list[Receipt]:
        """Ask for `commands` in one transaction."""
        return await self.batch(*(self.request(command, by, key, now) for command in commands))

    async def batch(self, *requests: Asked) -> list[Receipt]:
        """Hand over prepared requests in one transaction."""

        async def work(tx: Tx) -> list[Receipt]:
            return list(await self.intake.handle(tx, requests))

        return await self.log.transact(work)

    async def done(self, *commands: Command, by: Caller = IMPORTER, now: datetime = NOW) -> Receipt:
        """Ask, expect that everything is applied, and return the last answer."""
        replies = await self.ask(*commands, by=by, now=now)
        assert [reply.rule for reply in replies] == [None] * len(replies)
        return replies[-1]

    def request(self, command: Command, by: Caller = IMPORTER, key: str | None = None, now: datetime = NOW) -> Asked:
        self._asked += 1
        own = key or f"request-{self._asked}"
        return Asked(by, own, own, ingress_id(by.id, own), command, now)

    async def events(self, journey: str | None) -> list[Envelope[Any]]:
        """What a journey's stream holds."""
        assert journey is not None
        return [decode(stored) for stored in await self.log.read_stream(journey_stream(UUID(journey)))]

    async def told(self, journey: str | None) -> list[type[Fact]]:
        """The kinds of events of a journey, in order."""
        return [type(event.data) for event in await self.events(journey)]

    async def case(self, who: wire.Applicant | None = None, now: datetime = NOW) -> tuple[str, str]:
        """A received case from Wenzhou: its number and its journey."""
        submitted = await self.done(submit(who), now=now)
        number, journey = str(submitted.case_no), str(submitted.journey)
        await self.done(receive(number), now=now)
        return number, journey

    async def accepted(self, who: wire.Applicant | None = None, now: datetime = NOW) -> tuple[str, str]:
        """An accepted case: handed over to Hangzhou and accepted there."""
        number, journey = await self.case(who, now)
        await self.done(
            wire.OfferCustody(case_no=number, to_body=HANGZHOU_BODY, medium="electronic"),
            wire.AcceptCustody(case_no=number),
            wire.Accept(case_no=number),
            now=now + timedelta(minutes=1),
        )
        return number, journey
