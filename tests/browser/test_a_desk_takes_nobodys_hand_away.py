"""Whoever types at the desk goes on typing, keys are neither lost nor taken for others, and nothing is announced twice."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from shared.contracts import commands as wire
from shared.contracts.intake import MissingMaterial
from tests.browser.at_desk import asks, away, came, finds, sits, visits_about
from tests.browser.conftest import Opens, shot
from tests.browser.held import Held
from tests.browser.house import WENZHOU, House, a_person
from tests.browser.looking import focused

pytestmark = pytest.mark.browser
WATCH = """() => {
    window.announced = 0;
    const alarms = (node) => node.nodeType === 1 && (node.matches("[role=alert]") || node.querySelector("[role=alert]"));
    const count = (seen) => { for (const { addedNodes } of seen) window.announced += [...addedNodes].filter(alarms).length; };
    new MutationObserver(count).observe(document.body, { subtree: true, childList: true });
}"""


async def test_a_late_answer_takes_no_letter_from_whoever_types(house: House, opens: Opens) -> None:
    submitted = await house.case()
    page = await sits(house, opens)
    await asks(page, str(submitted.receipt_no))
    await expect(page.locator("#journey-title")).to_be_focused()
    held = Held()
    await page.route("**/record-visit", held.request)
    await page.keyboard.press("3")
    await page.keyboard.press("q")
    await held.came.wait()
    await page.locator("#search").focus()
    await page.keyboard.type("3303")
    await held.let_go(page)
    await expect(page.locator(".story button")).to_have_count(1)

    assert await focused(page) == "search"
    await page.keyboard.type("02q")
    assert await page.input_value("#search") == "330302q"
    assert await visits_about(house, submitted.case_no) == [("correct", "done", "normal")]


async def test_after_a_visit_was_taken_off_one_stands_on_its_journey(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person)
    page = await sits(house, opens)
    await finds(page, person)
    held = Held()
    await page.route("**/v1/desk/journeys/*", held.answer)
    await page.keyboard.press("1")
    await page.keyboard.press("q")
    await page.locator("#said button").focus()
    await held.came.wait()
    await held.let_go(page)
    await expect(page.locator(".story button")).to_have_count(2)
    await expect(page.locator("#said button")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#said")).to_contain_text("已撤销")
    await expect(page.locator("#journey-title")).to_be_focused()

    await expect(page.locator(".story button")).to_have_count(1)
    await page.locator(".story button").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".story button")).to_have_count(0)
    await expect(page.locator("#journey-title")).to_be_focused()


async def test_what_was_announced_is_announced_once(house: House, opens: Opens) -> None:
    page = await sits(house, opens, clock=True)
    await page.locator("#begin").click()
    await page.locator("label:has(#purpose-apply)").click()
    await page.locator("label:has(#outcome-done)").click()
    await page.locator("#record").click()
    await expect(page.locator("#error")).to_have_attribute("role", "alert")
    await asks(page, a_person())
    await expect(page.locator("#nothing")).to_have_attribute("role", "alert")
    await page.route(re.compile(r"/v1/desk\?"), away)
    await page.clock.run_for(16_000)
    await page.locator("#caution [role=alert]").wait_for()
    await page.evaluate(WATCH)
    await page.locator("label:has(#purpose-consult)").click()
    await page.locator("label:has(#outcome-missing_material)").click()
    await page.locator("#ask-cause").wait_for()
    async with page.expect_event("requestfailed"):
        await page.clock.run_for(16_000)
    await page.evaluate("fetch('/v1/about').then((answer) => answer.json())")

    assert await page.evaluate("window.announced") == 0
    await expect(page.locator("#error")).to_be_visible()
    await expect(page.locator("#nothing")).to_be_visible()
    await shot(page, "desk-announced")


async def test_a_key_for_somebody_new_wipes_nobody_away(house: House, opens: Opens) -> None:
    person = a_person()
    page = await sits(house, opens)
    await page.locator("#begin").click()
    await page.fill("#id_no", person)
    await page.select_option("#region", WENZHOU)
    await page.locator("label:has(#purpose-apply)").click()
    await page.keyboard.press("n")

    await expect(page.locator("#id_no")).to_be_focused()
    assert await page.input_value("#id_no") == person
    assert await page.input_value("#region") == WENZHOU


async def test_keys_that_come_before_the_journey_count_when_it_is_here(house: House, opens: Opens) -> None:
    submitted = await house.case()
    page = await sits(house, opens)
    held = Held()
    await page.route(f"**/v1/desk/journeys/{submitted.journey}**", held.request)
    await asks(page, str(submitted.receipt_no))
    await held.came.wait()
    for key in ("2", "w", "a"):
        await page.keyboard.press(key)
    await held.let_go(page)

    await expect(page.locator("#said")).to_contain_text("已记录")
    assert await visits_about(house, submitted.case_no) == [("apply", "missing_material", "not_informed")]


async def test_from_the_queue_it_takes_three_keys_where_the_case_waits_for_the_person(house: House, opens: Opens) -> None:
    submitted = await house.case()
    missing = (MissingMaterial(code="contract", reason_code="absent"),)
    await house.done(wire.IssueCorrection(case_no=str(submitted.case_no), missing=missing))
    page = await sits(house, opens)
    await page.locator(f"#pick-{submitted.case_no}").focus()
    for key in ("Enter", "w", "a"):
        await page.keyboard.press(key)

    await expect(page.locator("#said")).to_contain_text("已记录")
    assert await visits_about(house, submitted.case_no) == [("correct", "missing_material", "not_informed")]


async def test_no_key_is_named_while_keys_are_off(house: House, opens: Opens) -> None:
    page = await sits(house, opens)
    await expect(page.locator("#left kbd")).to_have_text(["/", "N"])
    await page.locator("#keys").click()

    await expect(page.locator("kbd")).to_have_count(0)
    assert await focused(page) == "keys"
