"""A link that speaks of a figure under another version of its rule shows no number, and leads to the same question today."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Windows, is_ready, shot
from tests.browser.looking import objections, sideways

pytestmark = pytest.mark.browser
ASKED = {"figure": "F4", "reading": "gap", "region": "330300"}
LINK = "/evidence.html?figure=F4&reading=gap&region=330300&rule=run-rule%2F1999.1"
SAYS = {"zh": "按另一版规则计算", "en": "another version of its rule"}
LEADS = {"zh": "按现行规则打开同一个问题", "en": "Ask the same under today's rule"}


@pytest.mark.parametrize(("lang", "size"), [("zh", DESKTOP), ("en", PHONE)], ids=["zh-desktop", "en-phone"])
async def test_it_says_so_and_asks_the_same_again(windows: Windows, lang: str, size: tuple[int, int]) -> None:
    page = await windows.open(LINK, lang=lang, size=size)
    way = page.locator("#by-today")
    await expect(way).to_have_text(LEADS[lang])
    await expect(page.locator("#trouble")).to_contain_text(SAYS[lang])
    assert await page.locator(".big, #again").count() == 0
    assert await objections(page) == []
    assert not await sideways(page)
    await shot(page, f"evidence-another-rule-{lang}")
    await way.click()
    await is_ready(page, "evidence")

    assert dict(parse_qsl(urlsplit(page.url).query)) == ASKED | {"lang": lang}
    await expect(page.locator("#trouble")).to_be_hidden()
    await expect(page.locator("#reading")).to_have_value("gap")


async def test_a_link_under_todays_rule_leads_nowhere_else(windows: Windows) -> None:
    page = await windows.open("/evidence.html?figure=F4")
    await is_ready(page, "evidence")
    link = str(await page.locator("#permalink").get_attribute("href"))
    assert dict(parse_qsl(urlsplit(link).query))["rule"]
    await page.goto(link)
    await is_ready(page, "evidence")

    await expect(page.locator("#by-today")).to_have_count(0)
    await expect(page.locator("#trouble")).to_be_hidden()
