"""A page that may be read no more says so and leads in; whoever has signed in is back where they were."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Windows, is_ready
from tests.browser.looking import objections

pytestmark = pytest.mark.browser
PAGES = {"evidence": "/evidence.html?figure=F4", "past": "/past.html?figure=F10&reading=visits", "operations": "/operations.html"}
NEXT = {"evidence": ("#reading", "gap"), "past": ("#f-reading", "unattributed")}


async def asks_on(page: Page, which: str) -> None:
    """Ask for something else; operations ask by themselves."""
    if which in NEXT:
        field, reading = NEXT[which]
        await page.locator(field).select_option(reading)


@pytest.mark.parametrize("which", PAGES)
async def test_whoever_signs_in_again_goes_on_with_the_same_question(windows: Windows, which: str) -> None:
    page = await windows.open(PAGES[which])
    await is_ready(page, which)
    await page.context.clear_cookies()
    await asks_on(page, which)
    way = page.locator("#trouble a")
    await expect(way).to_have_text("登录")
    assert await objections(page) == []

    await way.click()
    await page.locator("label:has(#role-auditor)").click()
    await page.locator("#enter").click()
    await is_ready(page, which)

    await expect(page.locator("#trouble")).to_be_hidden()
    if which in NEXT:
        field, reading = NEXT[which]
        await expect(page.locator(field)).to_have_value(reading)
