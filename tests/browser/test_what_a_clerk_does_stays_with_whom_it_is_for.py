"""At the desk nothing slips from one person to the next: no receipt, no answer, no application, and no visit without its why."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Page, Route, expect

from services.intake.people import Pseudonyms
from shared.contracts import commands as wire
from shared.reference.deadlines import local_date
from shared.telemetry import clock
from tests.browser.at_desk import comes_for
from tests.browser.conftest import Opens, shot
from tests.browser.house import HANGZHOU, KEY, WENZHOU, House, a_person

pytestmark = pytest.mark.browser


async def desk(house: House, opens: Opens) -> Page:
    page = await opens("intake", "/desk.html", as_=("clerk", house.where.service_bodies[WENZHOU].uscc))
    await page.locator("#queue h2").wait_for()
    return page


async def find(page: Page, text: str) -> None:
    await page.fill("#search", text)
    await page.press("#search", "Enter")
    await page.locator("#promise").wait_for()


async def came(house: House, person: str, **change: Any) -> str:
    """The journey of somebody who came once and has not applied."""
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


class Held:
    """Requests to one address wait until they are let go."""

    def __init__(self) -> None:
        self.came, self.go = asyncio.Event(), asyncio.Event()

    async def __call__(self, route: Route) -> None:
        self.came.set()
        await self.go.wait()
        await route.continue_()


async def test_whoever_came_before_can_apply_at_once(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person)
    page = await desk(house, opens)
    await find(page, person.lower())
    await page.locator("#act-submit-application").click()
    await page.fill("#apply-id", person)
    await page.select_option("#apply-region", WENZHOU)
    await page.locator("#act-send").click()

    await expect(page.locator("#issued")).to_be_focused()


async def test_nobody_applies_on_somebody_elses_journey(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person)
    page = await desk(house, opens)
    await find(page, person)
    await page.locator("#act-submit-application").click()
    await page.fill("#apply-id", a_person())
    await page.select_option("#apply-region", WENZHOU)
    await page.locator("#act-send").click()

    await expect(page.locator("#error")).to_contain_text("申请人不是此人")
    await expect(page.locator("#act-form")).to_be_visible()
    await shot(page, "desk-another-person")


async def test_an_answer_that_comes_late_leaves_the_next_person_alone(house: House, opens: Opens) -> None:
    first, second = a_person(), a_person()
    for person in (first, second):
        await came(house, person)
    page = await desk(house, opens)
    held = Held()
    await page.route("**/submit-application", held)
    await find(page, first)
    await page.locator("#act-submit-application").click()
    await page.fill("#apply-id", first)
    await page.select_option("#apply-region", WENZHOU)
    await page.locator("#act-send").click()
    await held.came.wait()
    await find(page, second)
    await page.locator("label:has(#purpose-correct)").click()
    held.go.set()

    await expect(page.locator("#said")).to_contain_text("已办：提交申请并收件")
    assert await page.locator("#purpose-correct").is_checked()
    await expect(page.locator("#issued")).to_have_count(0)
    await page.locator("#said button").click()
    await expect(page.locator("#issued dd").first).to_contain_text("S")


async def test_a_visit_of_a_journey_that_is_open_already_is_asked_why(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person, outcome="wrong_place", cause="wrong_place", venue_id=house.hall("330303"))
    page = await desk(house, opens)
    await page.locator("#begin").click()
    await page.fill("#id_no", person.lower())
    await page.select_option("#region", WENZHOU)
    await comes_for(page, house.item())
    await page.locator("label:has(#purpose-apply)").click()
    await page.locator("label:has(#outcome-done)").click()
    await page.locator("#record").click()

    await expect(page.locator("#promise")).to_contain_text("这是第 2 次。请说明原因。")
    assert await page.locator("#purpose-apply").is_checked()
    await page.keyboard.press("a")
    await expect(page.locator("#said")).to_contain_text("已记录：第 2 次到场")
    causes = await house.intake_log.pool.fetch(
        "SELECT convert_from(body, 'utf8')::json -> 'data' ->> 'cause' AS cause FROM event "
        "WHERE type = 'gov.intake.visit-recorded.v1' "
        "AND convert_from(body, 'utf8')::json -> 'data' ->> 'subject_ref' = $1 ORDER BY version",
        Pseudonyms(KEY).subject_ref(person),
    )
    assert [row["cause"] for row in causes] == ["wrong_place", "not_informed"]


async def test_a_visit_is_recorded_though_the_clerk_turned_to_the_next_person(house: House, opens: Opens) -> None:
    first, second = a_person(), a_person()
    journey = await came(house, second)
    page = await desk(house, opens)
    await page.locator("#begin").click()
    await page.fill("#id_no", first)
    await page.select_option("#region", WENZHOU)
    await comes_for(page, house.item())
    await page.locator("label:has(#purpose-apply)").click()
    await page.locator("label:has(#outcome-done)").click()
    held = Held()
    await page.route("**/desk/find", held)
    await page.locator("#record").click()
    await held.came.wait()
    await page.locator(f"#here-{journey}").click()
    await page.locator("#promise").wait_for()
    held.go.set()

    await expect(page.locator("#said")).to_contain_text("已记录：第一次到场")
    assert (
        await house.intake_log.pool.fetchval(
            "SELECT count(*) FROM journey_index WHERE subject_ref = $1", Pseudonyms(KEY).subject_ref(first)
        )
        == 1
    )


async def test_a_mistake_of_today_can_still_be_taken_off_later(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person)
    page = await desk(house, opens)
    await page.select_option("#venue", house.hall())
    await find(page, person)
    await page.locator(".story button").click()

    await expect(page.locator("#said")).to_contain_text("已撤销")
    await expect(page.locator("#promise")).to_contain_text("体验次数 0 次")
    await expect(page.locator(".story button")).to_have_count(0)


async def test_whoever_was_second_sees_how_it_stands_and_goes_on(house: House, opens: Opens) -> None:
    submitted = await house.case()
    case_no = str(submitted.case_no)
    to_body = house.where.service_bodies[HANGZHOU].uscc
    await house.done(wire.OfferCustody(case_no=case_no, to_body=to_body, medium="paper"))
    page = await desk(house, opens)
    await find(page, case_no)
    await house.done(wire.AcceptCustody(case_no=case_no))
    await page.locator("#act-withdraw-custody-offer").click()

    await expect(page.locator("#error")).to_be_focused()
    await expect(page.locator("#act-withdraw-custody-offer")).to_have_count(0)
    await expect(page.locator(".story")).to_contain_text("接收")
    await shot(page, "desk-second-window")
    await page.keyboard.press("1")
    assert await page.locator("#purpose-consult").is_checked()
