"""The one journey that can be followed by name: wrong hall in Wenzhou, then across to Hangzhou, where a department decides.

Told through the public doors only. The department is a program of its own without any of our code; what it does is written
down as what was heard of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.local.casting import Cast, Outside
from deploy.local.children import die_with_parent
from deploy.local.doors import DoorError, Doors
from deploy.local.population import Province
from deploy.local.stage import Deed, Stage
from deploy.local.story import CASE, Step, Story
from shared.reference.deadlines import CHINA

HOME, WRONG_COUNTY, SEAT = "330302", "330303", "330100"
BASIC = "estate-transfer"
DEPARTMENT_S = 90.0
END_S = 5.0
_HEARD = (("accept-custody", "custody-accepted", "intake"), ("accept", "application-accepted", "intake"))
_DECIDED = ("decide", "decision-made", "approval")


@dataclass
class Followed:
    """Where the journey can be found, and what the department's program said."""

    case_no: str
    journey: str
    subject_ref: str
    department: list[dict[str, Any]] = field(default_factory=list)


def script(province: Province, name: str, today: datetime) -> Story:
    """The story up to the offer, and its delivery; what lies between is the department's."""
    item = province.items[SEAT, BASIC]
    yesterday = today - timedelta(days=1)
    person = {"id_no": f"SYN{name.upper().replace('-', '')}"[:18], "region": HOME, "email": f"{name}@example.invalid"}
    visit = {"applicant": person, "item_code": item.code, "by": "applicant", "source": "window"}
    hall, wrong = (province.hall(region).venue_id for region in (HOME, WRONG_COUNTY))
    ids = [f"00000000-0000-5000-8000-{abs(hash_12(name)) + n:012d}" for n in range(2)]
    first = {**visit, "visit_id": ids[0], "venue_id": wrong, "purpose": "consult", "outcome": "wrong_place"}
    second = {**visit, "visit_id": ids[1], "venue_id": hall, "purpose": "apply", "outcome": "done"}
    office = province.service_bodies[HOME]
    materials = [{"code": one.code, "form": "original"} for one in item.kind.materials]
    submission = {"applicant": person, "item_code": item.code, "channel": "window", "materials": materials}
    checks = {"form_check": "passed", "identity_check": "passed"}
    steps = (
        ("record-visit", {**first, "cause": "wrong_place", "local_date": _day(yesterday)}),
        ("record-visit", {**second, "cause": "normal", "local_date": _day(today)}),
        ("submit-application", {**submission, "receiving_body": office.uscc, "receiving_region": HOME}),
        ("receive", {"case_no": CASE, "window_id": hall, **checks}),
        ("offer-custody", {"case_no": CASE, "to_body": item.body.uscc, "medium": "electronic"}),
        ("deliver", {"case_no": CASE, "method": "e_certificate"}),
    )
    return Story(name, "", tuple(Step(c, today, today, "after" if c == "deliver" else "before", d) for c, d in steps))


def hash_12(name: str) -> int:
    """Twelve digits that belong to `name`."""
    return int.from_bytes(name.encode()[-5:], "big") % 10**11


def _day(moment: datetime) -> str:
    return moment.astimezone(CHINA).date().isoformat()


class Scripted:
    """Tells the journey on a stage."""

    def __init__(self, doors: Doors, stage: Stage, province: Province, kafka: str, say: Callable[[str], None]) -> None:
        self._doors = doors
        self._stage = stage
        self._province = province
        self._kafka = kafka
        self._say = say

    async def tell(self, name: str) -> Followed:
        """Tell it from beginning to end. Raises `DoorError` if anything in it is refused or does not happen."""
        story = script(self._province, name, self._stage.now())
        self._stage.open(story)
        cast = Cast(self._province, story, by_kafka=False)
        followed: Followed | None = None
        for number, step in enumerate(story.steps[:4]):
            told = await self._do(story, number, step, cast, followed.case_no if followed else None)
            if step.command == "submit-application":
                followed = Followed(told[0], told[1], await self._subject(told[1]))
                self._say(f"to follow: journey {followed.journey}, case {followed.case_no}, person {followed.subject_ref}")
        assert followed is not None
        await self._handed_over(story, cast, followed)
        await self._do(story, 8, story.steps[5], cast, followed.case_no)
        self._say(f"followed to its end: journey {followed.journey}")
        return followed

    async def _do(
        self, story: Story, number: int, step: Step, cast: Cast, case_no: str | None, followed_by: Mapping[int, Deed] | None = None
    ) -> tuple[str, str]:
        data = {key: case_no if value == CASE else value for key, value in step.data.items()}
        deed = Deed(step.command, step.act, data, cast.part(step), story.document_id(number), case_no or story.name)
        told = await self._stage.do(story.name, number, deed, followed_by=followed_by)
        if told.rule is not None:
            raise DoorError(f"{step.command} of the scripted journey was refused: {told.rule}")
        return told.case_no or "", told.journey or ""

    async def _subject(self, journey: str) -> str:
        first = (await self._doors.lines("intake", f"/v1/streams/journey-{journey}", "auditor"))[0]
        subject: str = json.loads(first)["data"]["subject_ref"]
        return subject

    async def _handed_over(self, story: Story, cast: Cast, followed: Followed) -> None:
        """Offer the case, let the department work, and write down what was heard of it."""
        department = self._province.department_of(self._province.items[SEAT, BASIC].body)
        assert department is not None
        partners = self._stage.partners
        partners.watch(followed.case_no)
        deeds: dict[int, Deed] = {}
        for number, (command, event, service) in enumerate((*_HEARD, _DECIDED), 5):
            data: dict[str, Any] = {"case_no": followed.case_no}
            data |= {"outcome": "granted"} if command == "decide" else {}
            part = Outside(service, event, followed.journey)
            act = "decision" if command == "decide" else "before"
            deeds[number] = Deed(command, act, data, part, story.document_id(number), followed.case_no)  # type: ignore[arg-type]
        program = await self._start(department.partner, department.body.uscc, followed.case_no)
        try:
            async with asyncio.timeout(DEPARTMENT_S):
                await self._ready(program)
                await self._do(story, 4, story.steps[4], cast, followed.case_no, deeds)
                for number, deed in deeds.items():
                    await self._stage.do(story.name, number, deed)
                followed.department = [json.loads(line) async for line in program.stdout]  # type: ignore[union-attr]
        except TimeoutError:
            raise DoorError(f"the department was not done within {DEPARTMENT_S:.0f} s") from None
        finally:
            partners.unwatch(followed.case_no)
            await _ended(program)

    async def _start(self, department: str, body: str, case_no: str) -> asyncio.subprocess.Process:
        words = ["--kafka", self._kafka, "--department", department, "--body", body, "--case", case_no]
        program = str(Path(__file__).with_name("department.py"))
        # Isolated: it finds its libraries, but nothing of this repository.
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            program,
            *words,
            stdout=asyncio.subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", "")},
            preexec_fn=die_with_parent(),
        )

    async def _ready(self, program: asyncio.subprocess.Process) -> None:
        assert program.stdout is not None
        line = await program.stdout.readline()
        if not line:
            raise DoorError("the department's program did not start")


async def _ended(program: asyncio.subprocess.Process) -> None:
    """Wait for its own end first: a signal to a program that has just ended confuses whoever waits for it."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(program.wait(), END_S)
        return
    program.terminate()
    await program.wait()
