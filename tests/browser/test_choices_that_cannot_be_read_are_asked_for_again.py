"""Whoever has to choose from what cannot be read is told so where it is missing, and loses nothing until it is there."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.at_desk import away
from tests.browser.conftest import DESKTOP, PHONE, Opens, shot
from tests.browser.looking import objections, sideways

pytestmark = pytest.mark.browser
ROLES = "**/v1/session/demo"


@pytest.mark.parametrize(
    ("lang", "size", "says"),
    [("zh", DESKTOP, "连不上系统，请稍后再试。"), ("en", PHONE, "The system cannot be reached; try again in a moment.")],
    ids=["zh-desktop", "en-phone"],
)
async def test_roles_at_the_door(opens: Opens, lang: str, size: tuple[int, int], says: str) -> None:
    page = await opens("approval", "/parts/sign-in.html", lang=lang, size=size)
    await page.locator("#enter").wait_for()
    await page.route(ROLES, away)
    await page.reload()
    await expect(page.locator(".card:has(#demo-title) .note strong")).to_have_text(says)
    assert await objections(page) == []
    assert not await sideways(page)
    await shot(page, f"sign-in-no-roles-{lang}")
    await page.fill("#token", "typed meanwhile")
    await page.unroute(ROLES)
    await page.locator("#again").click()

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
