"""However many desks have an anonymous visit in hand at once, it counts once, and each is told what became of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.contracts import commands as wire
from shared.contracts.base import Command
from shared.contracts.ingress import Receipt
from shared.contracts.intake import VisitRecorded, VisitVoided
from tests.conftest import until_a_lock_is_awaited
from tests.integration.intake.city import City, applicant, visit, visit_id

COUNTED = f"SELECT count(*) FROM event WHERE type = '{VisitRecorded.type}' AND stream <> 'journey-' || $1::text"
TAKEN_OFF = f"SELECT count(*) FROM event WHERE type = '{VisitVoided.type}'"


async def meanwhile(city: City, first: Command, second: Command) -> tuple[Receipt, Receipt]:
    """Both answers: the second one's desk read where the visit counts before the first one's wrote that it moved."""
    async with city.log.transaction() as tx:
        (before,) = await city.intake.handle(tx, [city.request(first)])
        asked = asyncio.create_task(city.ask(second))
        await until_a_lock_is_awaited(city.log.pool.fetchval)
    return before, (await asked)[0]


def given_to(number: int) -> wire.AttributeVisit:
    return wire.AttributeVisit(visit_id=visit_id("nobodys"), applicant=applicant(number))


@pytest.mark.parametrize(("second", "told"), [(1, ("duplicate", None)), (2, ("refused", "visit-has-owner"))])
async def test_a_visit_goes_to_one_person(city: City, second: int, told: tuple[str, Any]) -> None:
    anonymous = await city.done(visit("nobodys"))

    given, late = await meanwhile(city, given_to(1), given_to(second))

    assert (given.status, late.status, late.rule) == ("applied", *told)
    assert await city.log.pool.fetchval(COUNTED, anonymous.journey) == 1


async def test_a_visit_is_taken_off_where_it_counts(city: City) -> None:
    anonymous = await city.done(visit("nobodys"))

    given, late = await meanwhile(city, given_to(1), wire.VoidVisit(visit_id=visit_id("nobodys"), reason_code="mistake"))

    assert (given.status, late.status) == ("applied", "applied")
    assert given.journey == late.journey != anonymous.journey
    assert await city.log.pool.fetchval(TAKEN_OFF) == 2
