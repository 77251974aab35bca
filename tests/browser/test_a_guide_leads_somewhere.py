"""Where no hall is listed the guide says what to do instead, and where a county has to be chosen it asks for one."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import DESKTOP, PHONE, Opens, shot
from tests.browser.looking import objections, sideways

pytestmark = pytest.mark.browser
LOOKS = pytest.mark.parametrize(("lang", "size"), [("zh", PHONE), ("en", DESKTOP)], ids=["zh-phone", "en-desktop"])


async def asked(opens: Opens, thing: str, **how: object) -> Page:
    """The guide about a thing, where the halls of the city are not listed for it."""
    page = await opens("intake", "/guide.html", **how)
    await page.route("**/v1/guide/advice?*", no_hall)
    await page.select_option("#region", "330302")
    await page.select_option("#thing", thing)
    await page.locator("#answer").wait_for()
    return page


async def no_hall(route: Route) -> None:
    told = await (await route.fetch()).json()
    await route.fulfill(json=told | {"venues": [], "venues_there": 0})


@LOOKS
async def test_where_no_hall_is_listed_one_asks_before_leaving(opens: Opens, lang: str, size: tuple[int, int]) -> None:
    page = await asked(opens, "estate-transfer", lang=lang, size=size)

    await expect(page.locator("#where")).to_contain_text({"zh": "拨打 12345，问清去哪里", "en": "Ask on 12345 where to go"}[lang])
    assert await objections(page) == []
    assert not await sideways(page)
    await shot(page, f"guide-no-hall-{lang}")


async def test_nobody_is_sent_to_halls_that_are_not_there(opens: Opens) -> None:
    page = await asked(opens, "business-licence")

    await expect(page.locator("main")).not_to_contain_text("下面的地方")
    await expect(page.locator("#where")).to_contain_text("在网上办就行")


@LOOKS
async def test_a_city_whose_counties_handle_it_is_asked_for_one(opens: Opens, lang: str, size: tuple[int, int]) -> None:
    page = await opens("intake", "/guide.html", lang=lang, size=size)
    words = {"title_zh": "这件事由县（市、区）办理。请选择您住的县（市、区）。", "title": "Choose the one where you live."}
    county = {"rule": "county-to-choose", **words}
    await page.route("**/v1/guide/advice?*", lambda route: route.fulfill(status=422, json=county))
    await page.select_option("#thing", "estate-transfer")
    await page.select_option("#region", "330300")

    await expect(page.locator(".note.wait")).to_contain_text({"zh": "请选择您住的县", "en": "Choose the one where you live"}[lang])
    assert await objections(page) == []
    await shot(page, f"guide-county-{lang}")
