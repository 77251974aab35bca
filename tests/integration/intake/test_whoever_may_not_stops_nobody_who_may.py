"""Requests that share a transaction are judged each by its own: a refused one neither spoils nor delays the others."""

from __future__ import annotations

import asyncio

from services.intake import register
from shared.contracts import commands as wire
from tests.integration.intake.city import CLERK, IMPORTER, OPERATOR, City


def row(number: int) -> wire.ReportHistory:
    return wire.ReportHistory(
        origin="receipt",
        file="log.csv",
        row=number,
        rule="r1",
        phase="submitted",
        case_ref="case-1",
        region="wabo",
        zone="Europe/Amsterdam",
        irregular=(),
    )


async def test_a_row_beside_one_that_may_not_be_reported_is_kept(city: City) -> None:
    told = await city.batch(*(city.request(row(n), by) for n, by in ((1, CLERK), (2, IMPORTER), (3, OPERATOR), (4, IMPORTER))))

    assert [reply.rule or reply.status for reply in told] == ["role-may-not", "applied", "role-may-not", "applied"]
    assert [event.data.row for event in await city.events(told[1].journey)] == [2, 4]


async def test_whoever_may_not_publish_a_calendar_waits_for_none_of_its_readers(city: City) -> None:
    calendar = wire.PublishCalendar(year=2027, version=1, days_off=(), makeup_workdays=())
    async with city.log.transaction() as reader:
        await register.load_calendars(reader)
        async with asyncio.timeout(1.5):
            (told,) = await city.ask(calendar, by=CLERK)

    assert told.rule == "role-may-not"
    assert (await city.done(calendar, by=OPERATOR)).status == "applied"
