"""What happens to one made-up case: handed in, handed on between cities, accepted, raced for, decided and delivered.

Every step is one call with a caller of its own. A life takes the turns that its dice tell and ends early when it is refused
what it wished; whether that was right is for the checker to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from deploy.local.population import KINDS, PORTAL, Body, Item, Kind, Province
from tests.faults.asking import Answer, Asker, Partners, Who
from tests.faults.history import OK, Door

CITIES = ("330100", "330200", "330300", "330400")
CHECKS = {"form_check": "passed", "identity_check": "passed"}
COPIES = (1, 1, 1, 1, 2, 5)
SUBMISSIONS = f"gov.portal.{PORTAL}.submissions.v1"
LONG_AGO = timedelta(days=70)


def decisions(department: str) -> str:
    """The topic on which a department asks."""
    return f"gov.department.{department}.decisions.v1"


def receipts(province: Province) -> list[str]:
    """The topics on which the partners of these lives are answered."""
    of_cities = [body for body in (item.body for item in province.items.values()) if body.region in CITIES]
    departments = {made.partner for body in of_cities if (made := province.department_of(body)) is not None}
    return [f"gov.portal.{PORTAL}.receipts.v1", *(f"gov.department.{name}.receipts.v1" for name in sorted(departments))]


class _OverError(Exception):
    """The life took another turn than was wished."""


@dataclass
class Life:
    """One case on its way. `name` is unique in the installation."""

    name: str
    rng: Random
    province: Province
    asker: Asker
    partners: Partners
    today: date
    calls: int = 0
    case_no: str = ""
    home: str = CITIES[0]
    place: str = CITIES[0]
    kind: Kind = KINDS[0]
    channel: str = ""

    async def live(self) -> None:
        """Take every turn to the end. Raises `GivenUpError` when nobody answers any more."""
        self.home, self.place = self.rng.choice(CITIES), self.rng.choice(CITIES)
        self.kind = self.rng.choice(KINDS)
        self.item = self.province.items[self.rng.choice(CITIES), self.kind.basic_code]
        try:
            await self._come()
            online = self.rng.random() < 0.4
            await (self._submit_online() if online else self._submit_at_window())
            await self._be_received(online=online)
            await self._hand_on()
            if self.rng.random() < 0.08:
                await self._ask("intake", "withdraw", self._officer(), {"case_no": self.case_no, "reason_code": "changed-mind"})
                return
            await self._be_accepted()
            await self._be_decided()
            await self._be_delivered(online=online)
        except _OverError:
            return

    async def lie_forgotten(self, now: datetime) -> None:
        """Handed in long ago and never looked at: its timers have run out, and the timekeepers say so."""
        item = self.province.items[self.rng.choice(CITIES), "medical-elsewhere"]
        then = now - LONG_AGO
        submit = self._document("submit-application", 1, then, self._application(item, "window", item.body.region))
        (submitted,) = await self.asker.batch(self._who("importer"), [submit])
        self.case_no = submitted.body.get("case_no") or ""
        if self.case_no:
            received = {"case_no": self.case_no, "window_id": f"{item.body.region}-hall", **CHECKS}
            await self.asker.batch(self._who("importer"), [self._document("receive", 2, then + timedelta(hours=1), received)])

    def _document(self, command: str, number: int, at: datetime, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": f"{self.name}-d{number}",
            "source": "urn:runonce:history",
            "type": f"gov.command.{command}.v1",
            "subject": self.name,
            "time": at.isoformat().replace("+00:00", "Z"),
            "data": data,
        }

    # The turns.

    async def _come(self) -> None:
        for number in range(self.rng.choice((0, 0, 1, 2))):
            known = self.rng.random() < 0.8
            cause = self.rng.choice(("normal", "not_informed", "missing_material"))
            visit = {
                "visit_id": str(UUID(int=self.rng.getrandbits(128), version=4)),
                **({"applicant": self._applicant()} if known else {}),
                "item_code": self.item.code,
                "venue_id": f"{self.place}-hall",
                "local_date": self.today.isoformat(),
                "by": "applicant",
                "purpose": "consult",
                "outcome": "done" if cause == "normal" else "missing_material",
                "cause": cause,
                "source": "window",
            }
            await self._ask("intake", "record-visit", self._clerk(), visit)
            if number and self.rng.random() < 0.3:
                await self._ask("intake", "void-visit", self._clerk(), {"visit_id": visit["visit_id"], "reason_code": "mistake"})

    async def _submit_at_window(self) -> None:
        if self.rng.random() < 0.1:
            unknown = {**self._application(self.item, "window", self.place), "item_code": "no-such-item"}
            await self._ask("intake", "submit-application", self._clerk(), unknown)
        application = self._application(self.item, "window", self.place)
        said = await self._wish("intake", "submit-application", self._clerk(), application)
        self.case_no = said.body["case_no"]

    async def _submit_online(self) -> None:
        self.calls += 1
        said = await self.partners.command(
            SUBMISSIONS,
            "submit-application",
            f"{self.name}-{self.calls}",
            self.name,
            self._application(self.item, "web", None),
        )
        if said.body["status"] == "refused":
            raise _OverError
        self.case_no = said.body["case_no"]

    async def _be_received(self, *, online: bool) -> None:
        window = "e-counter" if online else f"{self.place}-hall"
        who = self._officer() if online else self._clerk()
        await self._wish("intake", "receive", who, {"case_no": self.case_no, "window_id": window, **CHECKS})
        if self.rng.random() < 0.3:
            missing = [{"code": self.kind.materials[0][0], "reason_code": "absent"}]
            told = await self._wish("intake", "issue-correction", self._officer(), {"case_no": self.case_no, "missing": missing})
            answer = {"case_no": self.case_no, "notice_no": told.body["notice_no"], "complete": True}
            await self._wish("intake", "submit-correction", self._officer(), answer)

    async def _hand_on(self) -> None:
        """From whoever holds it, by way of other cities, to the body that decides."""
        held = self._service_body() if self.case_no and not self._is_online else self.item.body
        way = [self._same_bureau(city) for city in self.rng.sample(CITIES, self.rng.choice((0, 0, 1, 2)))]
        for target in [*way, self.item.body]:
            if target.uscc != held.uscc:
                await self._give(held, target)
                held = target

    async def _give(self, held: Body, target: Body) -> None:
        offer = {"case_no": self.case_no, "to_body": target.uscc, "medium": "electronic"}
        told = await self._wish("intake", "offer-custody", self._of(held), offer)
        answer = {"case_no": self.case_no, "handover_no": told.body["handover_no"]}
        if self.rng.random() < 0.2:
            await self._wish("intake", "return-custody", self._of(target), {**answer, "reason_code": "not-ours"})
            told = await self._wish("intake", "offer-custody", self._of(held), offer)
            answer["handover_no"] = told.body["handover_no"]
        # Two people of the one body take it, and somebody of the other takes it back: one of them wins.
        rivals = [self._ask("intake", "accept-custody", self._of(target), answer) for _ in range(2)]
        if self.rng.random() < 0.3:
            rivals.append(self._ask("intake", "withdraw-custody-offer", self._of(held), answer))
        taken = await asyncio.gather(*rivals)
        if taken[0].status not in OK:
            raise _OverError

    async def _be_accepted(self) -> None:
        wishes = [self._ask("intake", "accept", self._officer(), {"case_no": self.case_no}) for _ in range(self.rng.choice((1, 2)))]
        if all(answer.status not in OK for answer in await asyncio.gather(*wishes)):
            raise _OverError

    async def _be_decided(self) -> None:
        """Two officers decide the same case at the same moment, each in their own way, or one of them by the body's own system."""
        wishes: list[Coroutine[Any, Any, Answer]] = []
        department = self.province.department_of(self.item.body)
        by_topic = department is not None and self.rng.random() < 0.7
        if by_topic:
            await self.asker.until_taken(self.case_no)
        for outcome in self.rng.sample(("granted", "refused", "granted"), 2):
            officer = self._officer()
            said = {
                "case_no": self.case_no,
                "outcome": outcome,
                "document_no": f"D-{officer.id}",
                "reason_codes": ["r1"] if outcome == "refused" else [],
                "remedies": ["appeal"] if outcome == "refused" else [],
            }
            if by_topic and department is not None and not wishes:
                vouched = {**said, "officer_ref": f"{self.rng.getrandbits(128):032x}"}
                wishes.append(self.partners.command(decisions(department.partner), "decide", officer.id, self.case_no, vouched))
            else:
                wishes.append(self._ask("approval", "decide", officer, said))
        if all(answer.rule is not None for answer in await asyncio.gather(*wishes)):
            raise _OverError

    async def _be_delivered(self, *, online: bool) -> None:
        method = "e_certificate" if online else "window"
        await self._wish("intake", "deliver", self._officer(), {"case_no": self.case_no, "method": method})

    # Who asks, and for what.

    @property
    def _is_online(self) -> bool:
        return self.channel in ("web", "app")

    def _application(self, item: Item, channel: str, place: str | None) -> dict[str, Any]:
        self.channel = channel
        made: dict[str, Any] = {"applicant": self._applicant(), "item_code": item.code, "channel": channel}
        if place is not None:
            made |= {"receiving_body": self.province.service_bodies[place].uscc, "receiving_region": place}
        return made

    def _applicant(self) -> dict[str, Any]:
        number = "".join(letter for letter in self.name.upper() if letter.isalnum())[-14:]
        return {"id_no": f"MADE{number}", "email": "somebody@example.org", "language": "en", "region": self.home}

    def _same_bureau(self, city: str) -> Body:
        return self.province.items[city, self.kind.basic_code].body

    def _service_body(self) -> Body:
        return self.province.service_bodies[self.place]

    def _who(self, role: str, body: str | None = None, region: str | None = None) -> Who:
        self.calls += 1
        return Who(role, f"{self.name}-{self.calls}", body, region)

    def _clerk(self) -> Who:
        return self._who("clerk", self._service_body().uscc, self.place)

    def _officer(self) -> Who:
        return self._of(self.item.body)

    def _of(self, body: Body) -> Who:
        return self._who("officer", body.uscc, body.region)

    async def _ask(self, service: Door, command: str, who: Who, data: Mapping[str, Any]) -> Answer:
        return await self.asker.command(service, command, who, data, copies=self.rng.choice(COPIES))

    async def _wish(self, service: Door, command: str, who: Who, data: Mapping[str, Any]) -> Answer:
        answer = await self._ask(service, command, who, data)
        if answer.status not in OK:
            raise _OverError
        return answer
