"""Whoever opens somebody's journey at a desk leaves a trace that auditors can read and nobody can change."""

from __future__ import annotations

from uuid import uuid4

import asyncpg
import pytest

from shared.runtime.auth import Caller
from tests.integration.intake.city import CLERK, OFFICER, WENZHOU_BODY, City
from tests.integration.intake.conftest import Door

AUDITOR = Caller("auditor", "a-1")
SERVICE = Caller("service", "notify")


async def test_every_look_is_told_to_auditors_alone(city: City, door: Door) -> None:
    _, journey = await city.case()
    for caller in (CLERK, OFFICER, CLERK):
        assert (await door.get(f"/v1/desk/journeys/{journey}", caller)).status_code == 200
    await door.get(f"/v1/contacts/{journey}", SERVICE)

    told = (await door.get(f"/v1/accesses/{journey}", AUDITOR)).json()["accesses"]

    assert [(one["what"], one["caller"]) for one in told] == [
        ("contact", SERVICE.id), ("desk", CLERK.id), ("desk", OFFICER.id), ("desk", CLERK.id),
    ]  # fmt: skip
    assert told[-1]["body"] == WENZHOU_BODY
    assert (await door.get(f"/v1/accesses/{journey}", CLERK)).status_code == 403


async def test_what_a_search_tells_is_a_look_too(city: City, door: Door) -> None:
    case_no, journey = await city.case()
    found = await door.client.post("/v1/desk/find", json={"text": case_no}, headers=door.token(CLERK))

    assert [row["journey"] for row in found.json()["journeys"]] == [str(journey)]
    assert await city.log.pool.fetchval("SELECT count(*) FROM desk_access WHERE journey = $1", journey) == 1


async def test_the_plain_door_to_a_journey_is_a_look_too(city: City, door: Door) -> None:
    _, journey = await city.case()
    stranger = Caller("officer", "o-9", "1" * 18, "330200")
    answers = [await door.get(f"/v1/journeys/{journey}", who) for who in (CLERK, stranger, AUDITOR)]

    assert [answer.status_code for answer in answers] == [200, 404, 200]
    rows = await city.log.pool.fetch("SELECT caller, found FROM desk_access WHERE journey = $1 ORDER BY n", journey)
    assert [tuple(row) for row in rows] == [(CLERK.id, True), (stranger.id, False)]


async def test_a_look_at_what_is_not_there_is_written_down_too(city: City, door: Door) -> None:
    nowhere = uuid4()

    assert (await door.get(f"/v1/desk/journeys/{nowhere}", CLERK)).status_code == 404
    assert await city.log.pool.fetchval("SELECT found FROM desk_access WHERE journey = $1", nowhere) is False


@pytest.mark.parametrize("statement", ["DELETE FROM desk_access", "UPDATE desk_access SET caller = 'somebody else'"])
async def test_the_service_itself_cannot_change_it(city: City, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await city.log.pool.execute(statement)
