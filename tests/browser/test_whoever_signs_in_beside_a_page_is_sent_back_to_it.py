"""Whoever signs in on a second page, since the session of the first one ended, is led back there and to no other page."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Opens, shot
from tests.browser.house import HANGZHOU, House
from tests.browser.looking import objections

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("lang", "size"), [("zh", DESKTOP), ("en", PHONE)], ids=["zh-desktop", "en-phone"])
async def test_the_second_page_says_so_and_the_first_goes_on(house: House, opens: Opens, lang: str, size: tuple[int, int]) -> None:
    body = house.where.items[HANGZHOU, "estate-transfer"].body.uscc
    page = await opens("approval", "/", as_=("officer", body), clock=True, lang=lang, size=size)
    await page.locator("#due").wait_for()
    await page.context.clear_cookies()
    await page.clock.run_for(11_000)
    async with page.context.expect_page() as opened:
        await page.locator("#lists .note.wait a").click()
    second = await opened.value
    await second.locator("label:has(#role-officer)").click()
    await second.select_option("#city", HANGZHOU)
    await second.select_option("#body", body)
    await second.locator("#enter").click()

    await expect(second.locator("#done")).to_have_text({"zh": "已经登录", "en": "You are signed in"}[lang])
    await expect(second.locator("#done")).to_be_focused()
    assert "sign-in" in second.url
    assert await objections(second) == []
    await shot(second, f"sign-in-done-{lang}")
    await page.clock.run_for(11_000)
    await expect(page.locator("#lists .note.wait")).to_have_count(0)
