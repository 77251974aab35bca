"""A good token of a role without a page here is not called invalid, which would send its owner for another one for ever."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import PHONE, Opens, shot
from tests.browser.house import House
from tests.browser.looking import focused, objections

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("lang", "says"), [("zh", "令牌有效，但这个身份没有本系统的页面"), ("en", "This token is good")])
async def test_its_role_is_said_to_have_no_page(house: House, opens: Opens, lang: str, says: str) -> None:
    page = await opens("approval", "/parts/sign-in.html", lang=lang, size=PHONE)
    await page.fill("#token", house.keys.issue("auditor", "a-1"))
    await page.press("#token", "Enter")

    await expect(page.locator("#token-error")).to_contain_text(says)
    assert await focused(page) == "token"
    assert await objections(page) == []
    await shot(page, f"sign-in-other-role-{lang}")


async def test_a_doubtful_one_is_still_called_so(opens: Opens) -> None:
    page = await opens("approval", "/parts/sign-in.html")
    await page.fill("#token", "x.y.z")
    await page.press("#token", "Enter")

    await expect(page.locator("#token-error")).to_contain_text("令牌无效或已过期")
