"""A clerk of Wenzhou at her desk: whom she has in front of her, what she fills in, and what was recorded of it."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import orjson
from playwright.async_api import Page, Route

from services.intake.people import Pseudonyms
from shared.contracts import commands as wire
from shared.reference.deadlines import local_date
from shared.telemetry import clock
from tests.browser.conftest import Opens
from tests.browser.house import KEY, WENZHOU, House

TERMINAL = f"{WENZHOU}-terminal-1"
"""Another venue where a clerk of Wenzhou may sit."""


def known_as(person: str) -> str:
    """What the desk shows of somebody."""
    return Pseudonyms(KEY).subject_ref(person)[:8]


async def sits(house: House, opens: Opens, **how: Any) -> Page:
    """The desk of a clerk who has just come."""
    page = await opens("intake", "/desk.html", as_=("clerk", house.where.service_bodies[WENZHOU].uscc), **how)
    await page.locator("#queue h2").wait_for()
    await page.locator("#venue option").first.wait_for(state="attached")
    return page


async def asks(page: Page, text: str) -> None:
    """Search for somebody."""
    await page.fill("#search", text)
    await page.press("#search", "Enter")


async def finds(page: Page, person: str) -> None:
    """Search for somebody who is known, and have their journey open."""
    await asks(page, person)
    await page.locator("#panel", has_text=known_as(person)).wait_for()


async def fills_in(page: Page, person: str, item: str) -> None:
    """Say of somebody new who it is, what about, and that it was done."""
    await page.fill("#id_no", person)
    await page.select_option("#region", WENZHOU)
    await comes_for(page, item)
    await page.locator("label:has(#purpose-apply)").click()
    await page.locator("label:has(#outcome-done)").click()


async def comes_for(page: Page, item: str) -> None:
    """Choose by its code what somebody new comes for, one among all items of the province, and go on."""
    await page.fill("#item", item)
    for key in ("Enter", "Tab"):
        await page.press("#item", key)


async def came(house: House, person: str, **change: Any) -> str:
    """The journey of somebody who came today and has not applied."""
    fields: dict[str, Any] = {
        "visit_id": uuid4(),
        "applicant": wire.Applicant(id_no=person, region=WENZHOU),
        "item_code": house.item(),
        "venue_id": house.hall(),
        "local_date": local_date(clock.now()),
        "by": "applicant",
        "purpose": "consult",
        "outcome": "done",
        "cause": "normal",
        "source": "window",
    }
    return str((await house.done(wire.RecordVisit(**fields | change))).journey)


async def visits_of(house: House, person: str) -> list[dict[str, Any]]:
    """What was recorded of somebody's visits."""
    rows = await house.intake_log.pool.fetch(
        "SELECT convert_from(body, 'utf8')::json -> 'data' AS data FROM event WHERE type = 'gov.intake.visit-recorded.v1' "
        "AND convert_from(body, 'utf8')::json -> 'data' ->> 'subject_ref' = $1 ORDER BY version",
        Pseudonyms(KEY).subject_ref(person),
    )
    return [orjson.loads(row["data"]) for row in rows]


async def visits_about(house: House, case_no: str | None) -> list[tuple[str, str, str]]:
    """Purpose, outcome and cause of each recorded visit of a case's journey."""
    rows = await house.intake_log.pool.fetch(
        "SELECT convert_from(e.body, 'utf8')::json -> 'data' AS data FROM event e JOIN case_index c ON e.key = c.journey::text "
        "WHERE c.case_no = $1 AND e.type = 'gov.intake.visit-recorded.v1' ORDER BY e.version",
        case_no,
    )
    return [(made["purpose"], made["outcome"], made["cause"]) for made in (orjson.loads(row["data"]) for row in rows)]


async def away(route: Route) -> None:
    """The line is broken."""
    await route.abort("connectionfailed")


async def refused(route: Route) -> None:
    """The service says no."""
    body = {"rule": "made-up", "title": "This was refused.", "title_zh": "这里不行。"}
    await route.fulfill(status=409, content_type="application/problem+json", body=orjson.dumps(body))


class SlowRefusal:
    """The service takes its time to say no."""

    def __init__(self) -> None:
        self.came, self.go = asyncio.Event(), asyncio.Event()

    async def __call__(self, route: Route) -> None:
        self.came.set()
        await self.go.wait()
        await refused(route)
