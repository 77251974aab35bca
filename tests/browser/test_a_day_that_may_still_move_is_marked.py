"""A day that rests on a year whose calendar is not published yet is marked as that on every page, and says why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.at_desk import asks, sits
from tests.browser.conftest import DESKTOP, PHONE, Opens, shot
from tests.browser.house import HANGZHOU, House
from tests.browser.looking import objections, sideways

pytestmark = pytest.mark.browser
LOOKS = pytest.mark.parametrize(("lang", "size"), [("zh", DESKTOP), ("en", PHONE)], ids=["zh-desktop", "en-phone"])
MARK = {"zh": "（暂定）", "en": "(provisional)"}
WHY = {"zh": "2037 年的放假安排还没有公布", "en": "the public holidays of 2037 are not published yet"}


async def is_whole(page: Page, name: str) -> None:
    await shot(page, name)
    assert await objections(page) == []
    assert not await sideways(page)


@LOOKS
async def test_on_the_worklist(house: House, opens: Opens, lang: str, size: tuple[int, int]) -> None:
    case_no = str((await house.accepted(ago=timedelta(days=1))).case_no)
    await house.all_carried()
    body = house.where.items[HANGZHOU, "estate-transfer"].body.uscc
    page = await opens("approval", "/", as_=("officer", body), lang=lang, size=size, clock=True)

    async def unpublished(route: Route) -> None:
        told = await (await route.fetch()).json()
        own = next(one for one in told["due"] if one["case_no"] == case_no)
        own |= {"promised_provisional": 2037, "statutory_provisional": 2037}
        await route.fulfill(json=told)

    await page.route("**/v1/desk", unpublished)
    await page.clock.run_for(11_000)

    await expect(page.locator(f"#pick-{case_no}")).to_contain_text(MARK[lang])
    await page.locator(f"#pick-{case_no}").click()
    await expect(page.locator("article dl")).to_contain_text(MARK[lang])
    await expect(page.locator("article")).to_contain_text(WHY[lang])
    await is_whole(page, f"worklist-provisional-{lang}")


@LOOKS
async def test_at_the_desk(house: House, opens: Opens, lang: str, size: tuple[int, int]) -> None:
    submitted = await house.accepted(ago=timedelta(days=1))
    page = await sits(house, opens, lang=lang, size=size)

    async def unpublished(route: Route) -> None:
        told = await (await route.fetch()).json()
        told["cases"][0]["next"]["provisional"] = 2037
        await route.fulfill(json=told)

    await page.route("**/v1/desk/journeys/**", unpublished)
    await asks(page, str(submitted.receipt_no))

    await expect(page.locator("#panel dl")).to_contain_text(MARK[lang])
    await expect(page.locator("#panel")).to_contain_text(WHY[lang])
    await is_whole(page, f"desk-provisional-{lang}")


@LOOKS
async def test_for_its_applicant(house: House, opens: Opens, lang: str, size: tuple[int, int]) -> None:
    submitted = await house.accepted(ago=timedelta(days=1))
    page = await opens("intake", "/", lang=lang, size=size)

    async def unpublished(route: Route) -> None:
        told = await (await route.fetch()).json()
        told["next"]["provisional"] = 2037
        await route.fulfill(json=told)

    await page.route("**/v1/status", unpublished)
    await page.fill("#receipt", str(submitted.receipt_no))
    await page.fill("#code", str(submitted.code))
    await page.locator("#look").click()

    await expect(page.locator("#by-when")).to_contain_text(MARK[lang])
    await expect(page.locator("#by-when")).to_contain_text(WHY[lang])
    await is_whole(page, f"status-provisional-{lang}")
