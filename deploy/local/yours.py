"""One more journey, which waits for whoever looks at the demonstration: handed from Wenzhou to Hangzhou, and not taken yet.

It is nobody's truth: what becomes of it is up to a person, so it is in no ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from deploy.local.casting import Cast, Desk
from deploy.local.doors import DoorError, Doors
from deploy.local.population import Province
from deploy.local.scripted import BASIC, HOME, SEAT, script
from deploy.local.story import command_data

BEGINNING = 5
"""Two visits, the application, its receipt, and the offer to Hangzhou."""


@dataclass(frozen=True, slots=True)
class Yours:
    """What a person needs to go on with it: the numbers on the receipt, and where it waits."""

    receipt_no: str
    code: str
    counter: str
    department: str


async def begin(doors: Doors, province: Province, name: str, now: datetime) -> Yours:
    """Tell its beginning through the public doors. Raises `DoorError` if any of it is refused."""
    story = script(province, name, now)
    cast = Cast(province, story, by_kafka=False)
    case_no, receipt_no, code = story.name, "", ""
    for number, step in enumerate(story.steps[:BEGINNING]):
        part = cast.part(step)
        assert isinstance(part, Desk)
        body = orjson.dumps(command_data(step, case_no))
        answer = await doors.command(part.service, step.command, body, story.document_id(number), part.caller)
        if answer.rule is not None:
            raise DoorError(f"{step.command} of the journey that waits was refused: {answer.rule}")
        if step.command == "submit-application":
            case_no, receipt_no, code = (answer.body[key] for key in ("case_no", "receipt_no", "code"))
    return Yours(receipt_no, code, province.service_bodies[HOME].name_zh, province.items[SEAT, BASIC].body.name_zh)


def invitation(urls: Mapping[str, str], yours: Yours) -> str:
    """Where to look at it, and who goes on with it, a line each."""
    lines = [
        f"  yours      {urls['intake']}/#receipt={yours.receipt_no}&code={yours.code}",
        f"             its applicant stands at the counter of {yours.counter} (温州市),",
        f"             and the department {yours.department} (杭州市) is to take it and decide",
    ]
    return "\n".join(lines)
