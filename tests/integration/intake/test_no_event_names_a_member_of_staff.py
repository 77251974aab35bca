"""Whoever acts at a desk or looks after the catalogue stands in no event by his own number; programs keep their names."""

from __future__ import annotations

from dataclasses import replace

import orjson

from shared.reference.deadlines import local_date
from shared.telemetry import clock
from tests.integration.intake.city import CLERK, HANGZHOU, ITEM, OFFICER, OPERATOR, PORTAL, WENZHOU, City, visit_id
from tests.integration.intake.conftest import Door

THE_OPERATOR, THE_CLERK, THE_OFFICER = (
    replace(OPERATOR, id="number-4711"),
    replace(CLERK, id="number-4712"),
    replace(OFFICER, id="number-4713"),
)
HALL = {
    "kind": "hall", "name_zh": "大厅", "name_en": "Hall", "address": "1", "hours": "9-17", "region": HANGZHOU, "level": 3,
    "item_codes": [ITEM], "mandates": [],
}  # fmt: skip
VISIT = {
    "item_code": ITEM, "venue_id": "hall-wz", "by": "applicant", "purpose": "apply", "outcome": "done", "cause": "normal",
    "source": "window", "local_date": local_date(clock.now()).isoformat(),
}  # fmt: skip
PERSON = {"id_no": "330300199001010011", "region": WENZHOU}


async def stored(city: City) -> list[bytes]:
    return [row["body"] for row in await city.log.pool.fetch("SELECT body FROM event")]


async def test_no_number_of_staff_is_in_an_event(door: Door, city: City) -> None:
    nobodys = str(visit_id("nobodys"))
    asked = [
        ("register-venue", HALL | {"venue_id": "hall-hz-2"}, THE_OPERATOR),
        ("record-visit", VISIT | {"visit_id": nobodys}, THE_CLERK),
        ("attribute-visit", {"visit_id": nobodys, "applicant": PERSON}, THE_CLERK),
        ("record-visit", VISIT | {"visit_id": str(visit_id("another")), "venue_id": "hall-hz"}, THE_OFFICER),
    ]
    for command, body, by in asked:
        assert (await door.ask(command, body, by)).status_code == 201, command
    sent = (await door.ask("submit-application", {"applicant": PERSON, "item_code": ITEM, "channel": "web"}, PORTAL)).json()
    assert sent["status"] == "applied"

    events = await stored(city)

    acted = {(told["actorrole"], told["actorid"]) for told in map(orjson.loads, events) if told["actorrole"] != "operator"}
    assert {role for role, _ in acted} == {"clerk", "officer", "portal"}
    assert ("portal", PORTAL.id) in acted
    assert not [body for body in events if b"number-471" in body]


async def test_one_person_acts_under_one_pseudonym_that_is_no_applicants(door: Door, city: City) -> None:
    both = replace(THE_CLERK, id=PERSON["id_no"])
    first, second = str(visit_id("first")), str(visit_id("second"))
    await door.ask("record-visit", VISIT | {"visit_id": first, "applicant": PERSON}, both)
    await door.ask("record-visit", VISIT | {"visit_id": second}, both)

    told = [orjson.loads(body) for body in await stored(city)]

    assert len({event["actorid"] for event in told if event["actorrole"] == "clerk"}) == 1
    assert not {event["actorid"] for event in told} & {event["data"].get("subject_ref") for event in told}
