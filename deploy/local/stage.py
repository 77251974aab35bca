"""Plays stories on the running system, step by step, each written down before it is sent and after it is answered."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, assert_never

import orjson

from deploy.local.casting import Cast, Desk, Outside, Part, Partner
from deploy.local.doors import Answer, DoorError, Doors
from deploy.local.ledger import Journal
from deploy.local.partners import Partners
from deploy.local.population import Province
from deploy.local.rest import LOOK_EVERY_S
from deploy.local.story import SOURCE, Act, Step, Story
from shared.reference.deadlines import CHINA
from shared.runtime.auth import Caller

NEWS_S = 60.0
RETRY_S = 0.15
AGAIN = 0.02
"""Share of acts that are sent twice, as clients do that missed an answer."""
_NOT_YET = frozenset({"case-unknown", "not-decided"})
_NIGHT = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Deed:
    """One act exactly as it is sent: by whom, through which door, under which id."""

    command: str
    act: Act
    data: dict[str, Any]
    part: Part
    client_id: str
    subject: str
    refused: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The deed as plain values; `deed_of` reads it back."""
        return {
            "command": self.command,
            "act": self.act,
            "data": self.data,
            "part": _who(self.part),
            "id": self.client_id,
            "subject": self.subject,
            "refused": self.refused,
        }


def _who(part: Part) -> list[Any]:
    match part:
        case Desk(service, caller):
            return ["desk", service, caller.role, caller.id, caller.body, caller.region]
        case Partner(topic, name):
            return ["partner", topic, name]
        case Outside(service, event, journey):
            return ["outside", service, event, journey]
        case _:
            assert_never(part)


def _part_of(kind: str, *who: Any) -> Part:
    if kind == "desk":
        return Desk(who[0], Caller(*who[1:]))
    return Partner(*who) if kind == "partner" else Outside(*who)


def deed_of(stored: dict[str, Any]) -> Deed:
    """The deed that `Deed.to_json` wrote."""
    part = _part_of(*stored["part"])
    return Deed(stored["command"], stored["act"], stored["data"], part, stored["id"], stored["subject"], stored["refused"])


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a deed: in effect unless `rule` says why not; `at` only where the record alone knows when."""

    rule: str | None
    case_no: str | None = None
    journey: str | None = None
    events: tuple[str, ...] = ()
    at: datetime | None = None


@dataclass
class Played:
    """How a live run went."""

    stories: int = 0
    deeds: int = 0
    repeated: int = 0
    surprises: Counter[str] = field(default_factory=Counter)


class Stage:
    """Where stories are played."""

    def __init__(
        self,
        doors: Doors,
        partners: Partners,
        province: Province,
        journal: Journal,
        now: Callable[[], datetime],
        turn: Callable[[], AbstractContextManager[bool]] = lambda: nullcontext(True),
    ) -> None:
        self.played = Played()
        self._turn = turn
        self._doors = doors
        self.partners = partners
        self._province = province
        self._journal = journal
        self.now = now
        self._closing = asyncio.Event()

    @property
    def resting(self) -> bool:
        """Whether somebody asked for rest."""
        with self._turn() as mine:
            return not mine

    def close(self) -> None:
        """Let what was sent be answered, and send nothing more."""
        self._closing.set()

    async def play(self, story: Story, *, by_kafka: bool) -> None:
        """Play a story at the pace of its own times. Ends early, and counts a surprise, if something unexpected is said."""
        self.played.stories += 1
        rng = Random(f"play/{story.name}")
        cast = Cast(self._province, story, by_kafka=by_kafka)
        self.open(story)
        case_no: str | None = None
        begun, planned = self.now(), story.steps[0].at
        try:
            for number, step in enumerate(story.steps):
                if not await self._rest_until(begun + (step.at - planned)):
                    return
                deed = self._deed(story, number, step, cast, case_no)
                told = await self.do(story.name, number, deed, repeat=rng.random() < AGAIN)
                if told.rule != step.refused:
                    self.played.surprises[f"{step.command}: {told.rule or 'applied'}"] += 1
                    return
                if case_no is None and told.case_no is not None:
                    case_no = told.case_no
                    self.partners.watch(case_no)
        finally:
            if case_no is not None:
                self.partners.unwatch(case_no)

    def open(self, story: Story) -> None:
        """Write down that a story begins."""
        self._journal.begin(story)

    async def do(
        self, name: str, number: int, deed: Deed, *, repeat: bool = False, followed_by: Mapping[int, Deed] | None = None
    ) -> Told:
        """Write a deed down as soon as nobody rests, do it, and write down what came of it.

        `followed_by` is what somebody else's program will do next, by number: written down with it, as nobody of ours may
        be left to see it.
        """
        if isinstance(deed.part, Partner) and deed.act == "decision":
            # A topic answers an early request once and for all, so the department waits until it hears of the case.
            await self.partners.event(deed.subject, "case-taken")
        while not self._intended(name, {number: deed, **(followed_by or {})}):
            await asyncio.sleep(LOOK_EVERY_S)
        told = await self.say(deed, repeat=repeat)
        self._journal.settle(name, number, told.at or self.now(), rule=told.rule, journey=told.journey, since=told.at)
        self.played.deeds += 1
        return told

    def _intended(self, name: str, deeds: Mapping[int, Deed]) -> bool:
        with self._turn() as mine:
            # Somebody else's program does not rest: what it is about to do is waited for from now on.
            if mine or all(isinstance(deed.part, Outside) for deed in deeds.values()):
                for number, deed in deeds.items():
                    self._journal.intend(name, number, deed.to_json(), self.now())
                return True
        return False

    async def say(self, deed: Deed, *, repeat: bool = False) -> Told:
        """Do a deed without writing it down; it has the same effect however often it is done."""
        match deed.part:
            case Desk():
                return await self._by_http(deed, deed.part, repeat=repeat)
            case Partner():
                return await self._by_kafka(deed, deed.part, repeat=repeat)
            case Outside():
                return await self._outside(deed, deed.part)
            case _:
                assert_never(deed.part)

    def _deed(self, story: Story, number: int, step: Step, cast: Cast, case_no: str | None) -> Deed:
        data = cast.data(step, case_no or story.name)
        if step.command == "record-visit":
            data["local_date"] = self.now().astimezone(CHINA).date().isoformat()
        subject = case_no or story.name
        return Deed(step.command, step.act, data, cast.part(step), story.document_id(number), subject, step.refused)

    async def _rest_until(self, moment: datetime) -> bool:
        """Whether the moment came before the stage was closed."""
        now = self.now()
        midnight = (now.astimezone(CHINA) + _NIGHT).replace(hour=0, minute=0, second=0, microsecond=0)
        if abs(now - midnight) < _NIGHT:
            # No act's day shall be in doubt, so the cast rests around midnight.
            moment = max(moment, midnight + _NIGHT)
        wait_s = max((moment - now).total_seconds(), 0)
        while not await self._closes_within(wait_s):
            if not self.resting:
                return True
            wait_s = LOOK_EVERY_S
        return False

    async def _closes_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _outside(self, deed: Deed, outside: Outside) -> Told:
        """Wait until somebody else's act is in the record."""
        deadline = asyncio.get_running_loop().time() + NEWS_S
        while True:
            for line in await self._doors.lines(outside.service, f"/v1/streams/journey-{outside.journey}", "auditor"):
                event = orjson.loads(line)
                if event["type"].split(".")[2] == outside.event and event["data"]["case_no"] == deed.subject:
                    at = datetime.fromisoformat(event["time"])
                    return Told(None, deed.subject, outside.journey, (event["id"],), at)
            if asyncio.get_running_loop().time() > deadline:
                return Told("never-happened")
            await asyncio.sleep(RETRY_S)

    async def _by_http(self, deed: Deed, desk: Desk, *, repeat: bool) -> Told:
        body = orjson.dumps(deed.data)
        deadline = asyncio.get_running_loop().time() + NEWS_S
        while True:
            answer = await self._doors.command(desk.service, deed.command, body, deed.client_id, desk.caller)
            if answer.rule not in _NOT_YET or asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(RETRY_S)
        if repeat and answer.status in (200, 201):
            self.played.repeated += 1
            again = await self._doors.command(desk.service, deed.command, body, deed.client_id, desk.caller)
            if again != answer:
                self.played.surprises[f"{deed.command}: another answer to the same key"] += 1
        return _told(answer)

    async def _by_kafka(self, deed: Deed, partner: Partner, *, repeat: bool) -> Told:
        message = {
            "specversion": "1.0",
            "id": deed.client_id,
            "source": SOURCE,
            "type": f"gov.command.{deed.command}.v1",
            "subject": deed.subject,
            "data": deed.data,
        }
        try:
            receipt = await self.partners.send(partner.topic, message)
            if repeat:
                self.played.repeated += 1
                again = await self.partners.send(partner.topic, message)
                if again["status"] != "duplicate" or again.get("events") != receipt.get("events"):
                    self.played.surprises[f"{deed.command}: no duplicate receipt for the same id"] += 1
        finally:
            self.partners.forget(partner.topic, deed.client_id)
        refused = "refused" in (receipt["status"], receipt.get("first_status"))
        return Told(
            receipt.get("rule") or "refused" if refused else None,
            receipt.get("case_no"),
            receipt.get("journey"),
            tuple(receipt.get("events", ())),
        )


def _told(answer: Answer) -> Told:
    if answer.status in (200, 201):
        body = answer.body
        return Told(None, body.get("case_no"), body.get("journey"), tuple(body.get("events", ())))
    if answer.rule is None:
        raise DoorError(f"a door answered with {answer.status} and no rule")
    return Told(answer.rule)


def step_of(deed: Deed, at: datetime, by: datetime) -> Step:
    """The step that a deed was, between the moment before it was sent and the moment after it was answered."""
    return Step(deed.command, at, at, deed.act, deed.data, deed.refused, by)
