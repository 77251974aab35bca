"""Whoever has to choose from what cannot be read is told so where it is missing, and loses nothing until it is there."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.at_desk import asks, away, came, finds, sits
from tests.browser.conftest import DESKTOP, PHONE, Opens, shot
from tests.browser.house import HANGZHOU, WENZHOU, House, a_person
from tests.browser.looking import objections, sideways

pytestmark = pytest.mark.browser
ROLES, LISTED, BODIES = "**/v1/session/demo", "**/v1/desk/bodies", "**/v1/bodies"
LOOKS = pytest.mark.parametrize(("lang", "size"), [("zh", DESKTOP), ("en", PHONE)], ids=["zh-desktop", "en-phone"])
UNREACHED = {"zh": "连不上系统，请稍后再试。", "en": "The system cannot be reached; try again in a moment."}
TRYING = {
    "zh": "连不上系统，正在重试。已填写的内容还在。",
    "en": "The system cannot be reached; trying again. What you typed is kept.",
}
NOTHING_BY_ITSELF = """() => {
    const soon = window.setTimeout;
    window.setTimeout = (act, ms = 0) => (ms < 1_000 ? soon(act, ms) : 0);
}"""


async def nobody_tells(page: Page, door: str) -> None:
    """Nobody answers at the door, and the page asks there by itself no more."""
    await page.route(door, away)
    await page.evaluate(NOTHING_BY_ITSELF)


async def is_told_by_a_press(page: Page, door: str) -> None:
    await page.unroute(door)
    await page.locator("#again").click()


@LOOKS
async def test_roles_at_the_door(opens: Opens, lang: str, size: tuple[int, int]) -> None:
    page = await opens("approval", "/parts/sign-in.html", lang=lang, size=size)
    await page.locator("#enter").wait_for()
    await page.route(ROLES, away)
    await page.reload()
    await expect(page.locator(".card:has(#demo-title) .note strong")).to_have_text(UNREACHED[lang])
    assert await objections(page) == []
    assert not await sideways(page)
    await shot(page, f"sign-in-no-roles-{lang}")
    await page.fill("#token", "typed meanwhile")
    await is_told_by_a_press(page, ROLES)

    await expect(page.locator("#enter")).to_be_visible()
    await expect(page.locator("#again")).to_have_count(0)
    await expect(page.locator("#token")).to_have_value("typed meanwhile")


async def test_where_no_role_may_be_chosen_nothing_is_missed(opens: Opens) -> None:
    page = await opens("approval", "/parts/sign-in.html")
    await page.locator("#enter").wait_for()
    await page.route(ROLES, lambda route: route.fulfill(status=404, json={"rule": "unknown-thing"}))
    await page.reload()
    await page.locator("#token").wait_for()

    await expect(page.locator("#demo-title")).to_have_count(0)


@LOOKS
async def test_places_and_items_for_somebody_new(house: House, opens: Opens, lang: str, size: tuple[int, int]) -> None:
    page = await sits(house, opens, lang=lang, size=size)
    await nobody_tells(page, LISTED)
    await page.locator("#begin").click()
    await expect(page.locator("#panel .note.wait strong")).to_have_text(TRYING[lang])
    assert await objections(page) == []
    assert not await sideways(page)
    await shot(page, f"desk-nothing-offered-{lang}")
    await is_told_by_a_press(page, LISTED)

    await expect(page.locator("#id_no")).to_be_focused()
    await expect(page.locator("#again")).to_have_count(0)


async def test_they_are_asked_for_again_without_a_press(house: House, opens: Opens) -> None:
    page = await sits(house, opens, clock=True)
    await page.route(LISTED, away)
    await page.locator("#begin").click()
    await page.locator("#panel .note.wait").wait_for()
    await page.unroute(LISTED)
    await page.clock.run_for(4_000)

    await expect(page.locator("#id_no")).to_be_focused()


async def test_where_an_applicant_lives(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person)
    page = await sits(house, opens)
    await finds(page, person)
    await nobody_tells(page, LISTED)
    await page.locator("#act-submit-application").click()
    await page.fill("#apply-id", person)
    await page.fill("#apply-email", "somebody@example.org")
    await expect(page.locator("#act-form .note.wait strong")).to_have_text(TRYING["zh"])
    await is_told_by_a_press(page, LISTED)

    await page.select_option("#apply-region", WENZHOU)
    await expect(page.locator("#act-form .note.wait")).to_have_count(0)
    await expect(page.locator("#apply-id")).to_have_value(person)
    await expect(page.locator("#apply-email")).to_have_value("somebody@example.org")


@pytest.mark.parametrize(
    ("act", "reason", "choice"),
    [("offer-custody", "medium-paper", "#to-body"), ("not-accept", "reason-not-our-power", "#competent")],
    ids=["offering", "turning-away"],
)
async def test_bodies_at_the_desk(house: House, opens: Opens, act: str, reason: str, choice: str) -> None:
    submitted = await house.case()
    page = await sits(house, opens)
    await asks(page, str(submitted.receipt_no))
    await page.locator("#promise").wait_for()
    await nobody_tells(page, LISTED)
    await page.locator(f"#act-{act}").click()
    await page.locator(f"label:has(#{reason})").click()
    await expect(page.locator("#act-form .note.wait strong")).to_have_text(TRYING["zh"])
    # The body that handles the item is known from the case.
    await expect(page.locator(f"{choice} option")).to_have_count(2)
    await expect(page.locator(choice)).to_have_value(house.where.items[HANGZHOU, "estate-transfer"].body.uscc)
    await is_told_by_a_press(page, LISTED)

    await expect(page.locator("#act-form .note.wait")).to_have_count(0)
    await page.locator(choice).click()
    assert await page.locator(f"{choice}-list [role=option]").count() > 2
    await page.locator(choice).press("Escape")
    await expect(page.locator(f"#{reason}")).to_be_checked()


@LOOKS
async def test_bodies_of_which_one_has_the_power(house: House, opens: Opens, lang: str, size: tuple[int, int]) -> None:
    case_no = await house.taken_over()
    await house.all_carried()
    body = house.where.items[HANGZHOU, "estate-transfer"].body.uscc
    page = await opens("approval", "/", as_=("officer", body), lang=lang, size=size)
    await page.locator(f"#offer-{case_no}").click()
    await page.locator("#act-not-accept").click()
    await page.route(BODIES, away)
    await page.locator("label:has(#reason-not-our-power)").click()
    await expect(page.locator("#act-form .note.wait strong")).to_have_text(UNREACHED[lang])
    await expect(page.locator("#act-form .note.wait p")).to_contain_text({"zh": "不写明单位", "en": "without naming one"}[lang])
    await expect(page.locator("#act-send")).to_be_enabled()
    assert await objections(page) == []
    assert not await sideways(page)
    await shot(page, f"worklist-no-bodies-{lang}")
    await is_told_by_a_press(page, BODIES)

    await expect(page.locator("#competent")).to_be_focused()
    await expect(page.locator("#reason-not-our-power")).to_be_checked()
