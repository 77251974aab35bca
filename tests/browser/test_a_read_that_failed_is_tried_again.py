"""Where a read failed one press tries it again: once somebody answers, what was asked for is there, and what was chosen stays."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.at_desk import away
from tests.browser.conftest import PHONE, Opens, Windows, is_ready, shot
from tests.browser.house import HANGZHOU, House
from tests.browser.looking import objections, sideways
from tests.browser.test_evidence_answers_one_question_at_a_time import log

pytestmark = pytest.mark.browser
UNREACHED = {"zh": "连不上系统，请稍后再试。", "en": "The system cannot be reached; try again in a moment."}
BYTES = "**/v1/evidence/journeys/*"
OPENED = {
    "evidence": ("/evidence.html?figure=F4&region=330300", "**/v1/evidence?*"),
    "past": ("/past.html?figure=F10&reading=visits&region=330300", "**/v1/bulletin?*"),
    "now": ("/now.html", "**/v1/live/journeys*"),
}
CHOSEN = {
    "evidence": ("/evidence.html?figure=F4", "**/v1/evidence?*", "#reading", "gap"),
    "past": ("/past.html?figure=F10&reading=visits", "**/v1/bulletin?*", "#f-reading", "unattributed"),
}
LISTED = {
    "evidence": ("/evidence.html?figure=F4&limit=2", "**/v1/evidence?*"),
    "now": ("/now.html?limit=2", "**/v1/live/journeys*"),
}


async def tries_again(page: Page, *doors: str) -> None:
    """Somebody answers at the doors again, and the button is pressed."""
    for door in doors:
        await page.unroute(door)
    await page.locator("#again").click()


def listed(page: Page) -> Locator:
    """The journeys of a list."""
    return page.locator("[id^=j-]")


async def more_in_vain(page: Page) -> None:
    """Ask for more of a list while nobody answers, and let the page have seen that."""
    async with page.expect_event("requestfailed"):
        await page.locator("#more").click()
    await page.evaluate("fetch('/v1/about').then((answer) => answer.json())")


async def are_told_once(page: Page) -> None:
    """Expect no journey in a list twice."""
    names = await listed(page).evaluate_all("(all) => all.map((one) => one.id)")
    assert len(names) == len(set(names))


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_on_the_guide_that_opened_in_vain(opens: Opens, lang: str) -> None:
    page = await opens("intake", "/guide.html?thing=estate-transfer&region=330302", lang=lang, size=PHONE)
    await page.locator("#answer").wait_for()
    await page.route("**/v1/guide", away)
    await page.reload()
    await expect(page.locator(".note.bad strong")).to_have_text(UNREACHED[lang])
    assert await objections(page) == []
    assert not await sideways(page)
    await shot(page, f"guide-away-{lang}")
    await tries_again(page, "**/v1/guide")

    await expect(page.locator("#answer")).to_be_visible()
    await expect(page.locator("#thing")).to_have_value("estate-transfer")
    await expect(page.locator(".note.bad")).to_have_count(0)
    await expect(page.locator("#main")).to_be_focused()


async def test_on_the_guide_of_which_somebody_asked_something(opens: Opens) -> None:
    page = await opens("intake", "/guide.html")
    await page.select_option("#region", "330302")
    await page.route("**/v1/guide/advice?*", away)
    await page.select_option("#thing", "estate-transfer")
    await expect(page.locator(".note.bad strong")).to_have_text(UNREACHED["zh"])
    await expect(page.locator("#answer")).to_have_count(0)
    await tries_again(page, "**/v1/guide/advice?*")

    await expect(page.locator("#answer")).to_have_text("最多跑 1 次")
    await expect(page.locator("#thing")).to_have_value("estate-transfer")
    await expect(page.locator("#region")).to_have_value("330302")


@pytest.mark.parametrize("which", OPENED)
async def test_on_a_page_of_the_board_that_opened_in_vain(windows: Windows, which: str) -> None:
    path, door = OPENED[which]

    async def out_of_reach(page: Page) -> None:
        await page.route(door, away)

    page = await windows.open(path, before=out_of_reach)
    await expect(page.locator("#trouble")).to_contain_text(UNREACHED["zh"])
    assert await objections(page) == []
    await tries_again(page, door)

    await is_ready(page, which)
    await expect(page.locator("#trouble")).to_be_hidden()


@pytest.mark.parametrize("which", CHOSEN)
async def test_with_what_was_chosen_while_nobody_answered(windows: Windows, which: str) -> None:
    path, door, field, reading = CHOSEN[which]
    page = await windows.open(path)
    await is_ready(page, which)
    await page.route(door, away)
    await page.locator(field).select_option(reading)
    await expect(page.locator("#trouble")).to_contain_text(UNREACHED["zh"])
    await tries_again(page, door)

    await is_ready(page, which)
    await expect(page.locator("#trouble")).to_be_hidden()
    await expect(page.locator(field)).to_have_value(reading)


async def test_with_the_log_and_the_day_that_were_chosen(windows: Windows) -> None:
    async def answer(route: Route) -> None:
        origin = urlsplit(route.request.url).path.rsplit("/", 1)[1]
        told = {"logs": [{"origin": "first"}, {"origin": "second"}]}
        await route.fulfill(json=told if origin == "logs" else log(origin))

    async def brought_in(page: Page) -> None:
        await page.route("**/v1/logs**", answer)

    page = await windows.open("/logs.html", before=brought_in)
    await page.locator("#log-second").click()
    await expect(page.locator(".note.wait strong")).to_have_text("second")
    await page.route("**/v1/logs/*", away)
    await page.locator("#f-to").fill("2024-05-06")
    await expect(page.locator("#trouble")).to_contain_text(UNREACHED["zh"])
    await tries_again(page, "**/v1/logs/*")

    await expect(page.locator("#trouble")).to_be_hidden()
    await expect(page.locator(".note.wait strong")).to_have_text("second")
    await expect(page.locator("#log-second")).to_have_attribute("aria-pressed", "true")
    await expect(page.locator("#f-to")).to_have_value("2024-05-06")


@pytest.mark.parametrize("which", LISTED)
async def test_a_journey_and_more_of_the_list_each_by_itself(windows: Windows, which: str) -> None:
    path, door = LISTED[which]
    page = await windows.open(path)
    await listed(page).nth(1).wait_for()
    await page.route(BYTES, away)
    await listed(page).first.click()
    await expect(page.locator("#trouble")).to_contain_text(UNREACHED["zh"])
    await page.route(door, away)
    await more_in_vain(page)
    await expect(listed(page)).to_have_count(2)

    await tries_again(page, door, BYTES)
    await expect(listed(page)).not_to_have_count(2)
    await are_told_once(page)
    await expect(page.locator("#journey-title")).to_have_count(0)

    many = await listed(page).count()
    await tries_again(page)
    await expect(page.locator("#journey-title")).to_be_focused()
    await expect(page.locator("#trouble")).to_be_hidden()
    await expect(listed(page)).to_have_count(many)


async def test_at_the_door_with_the_token_that_was_typed(house: House, opens: Opens) -> None:
    body = house.where.items[HANGZHOU, "estate-transfer"].body
    page = await opens("approval", "/parts/sign-in.html")
    await page.fill("#token", house.keys.issue("officer", "tries-again", body=body.uscc, region=body.region))
    await page.route("**/v1/session", away)
    await page.press("#token", "Enter")
    await expect(page.locator("#error")).to_have_text(UNREACHED["zh"])
    await page.unroute("**/v1/session")
    await page.press("#token", "Enter")

    await page.locator("#due").wait_for()
