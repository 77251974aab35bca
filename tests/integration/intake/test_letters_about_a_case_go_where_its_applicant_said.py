"""Letters about a case go where was said with its submission; whoever acts for a person later leads no other letters elsewhere."""

from __future__ import annotations

from typing import Any

from shared.contracts import commands as wire
from shared.runtime.auth import Caller
from tests.integration.intake.city import CLERK, PORTAL, City, applicant, submit, visit
from tests.integration.intake.conftest import Door

NOTIFIER = Caller("service", "notify")
OURS, THEIRS = {"email": "me@example.invalid", "phone": "13800000000"}, {"email": "you@example.invalid", "phone": "13900000000"}


async def reached(door: Door, of: Any) -> tuple[str | None, str | None, str]:
    """Email, phone and language of the case that an answer is about."""
    told = (await door.get(f"/v1/contacts/{of.journey}", NOTIFIER, case_no=of.case_no)).json()
    return told["email"], told["phone"], told["language"]


def sent(**left: Any) -> wire.SubmitApplication:
    return submit(applicant(1, **left), channel="web", receiving_body=None)


async def test_another_submission_moves_no_letters_of_the_first(city: City, door: Door) -> None:
    first = await city.done(sent(**OURS, language="en"), by=PORTAL)
    other = await city.done(sent(**THEIRS), by=PORTAL)

    assert await reached(door, first) == ("me@example.invalid", "13800000000", "en")
    assert await reached(door, other) == ("you@example.invalid", "13900000000", "zh")


async def test_a_case_that_says_nothing_is_told_where_the_desk_was_told_first(city: City, door: Door) -> None:
    await city.done(visit("first", applicant(1, email=OURS["email"], language="en")), by=CLERK)
    await city.done(visit("second", applicant(1, **THEIRS)), by=CLERK)

    assert await reached(door, await city.done(sent(), by=PORTAL)) == ("me@example.invalid", "13900000000", "en")


async def test_what_a_portal_was_told_is_for_its_own_case(city: City, door: Door) -> None:
    await city.done(sent(**THEIRS), by=PORTAL)
    own, silent = await city.ask(submit(applicant(1, **OURS)), submit(applicant(1)), by=CLERK)

    assert await reached(door, own) == await reached(door, silent) == ("me@example.invalid", "13800000000", "zh")


async def test_a_person_who_is_erased_is_erased_from_every_case(city: City, door: Door) -> None:
    case = await city.done(sent(**OURS), by=PORTAL)
    await city.log.pool.execute("DELETE FROM person")

    assert await reached(door, case) == (None, None, "zh")
    assert await city.log.pool.fetchval("SELECT count(*) FROM case_contact") == 0
