"""A case number belongs to one case: whoever would get it a second time is refused, and nobody's case is written over."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from services.intake import cases
from shared.eventsourcing.errors import VersionConflictError
from tests.integration.intake.city import City, applicant, submit


async def test_another_persons_number_is_refused_and_the_first_case_stays(city: City) -> None:
    first = await city.done(submit(applicant(1)))
    asked = city.request(submit(applicant(1)), key="one")
    _, taken, again = await city.batch(asked, city.request(submit(applicant(2)), key="one"), asked)
    (later,) = await city.ask(submit(applicant(2)), key="one")

    assert [taken.rule, later.rule, again.status] == ["case-number-taken", "case-number-taken", "duplicate"]
    assert again.journey == first.journey
    assert await city.log.pool.fetchval("SELECT count(*) FROM case_index") == 2


async def test_a_case_that_came_meanwhile_under_the_same_number_is_not_written_over(city: City) -> None:
    told = await city.done(submit(applicant(1)))
    event = next(event for event in await city.events(told.journey) if hasattr(event.data, "case_no"))
    twin = replace(event, key=str(uuid4()), data=event.data.model_copy(update={"subject_ref": "f" * 32}))

    async with city.log.transaction() as tx:
        with pytest.raises(VersionConflictError):
            await cases.keep(tx, [twin])
    rows = await city.log.pool.fetch("SELECT journey, subject_ref FROM case_index")
    assert [tuple(row) for row in rows] == [(UUID(str(told.journey)), event.data.subject_ref)]
