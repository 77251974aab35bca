"""A service that answers that something failed inside was reached: a page says what it said, and calls nobody unreachable."""

from __future__ import annotations

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import PHONE, Opens, shot
from tests.browser.house import HANGZHOU, House
from tests.browser.test_a_citizen_knows_before_and_after_the_trip import looked_up

pytestmark = pytest.mark.browser
FAULT = {"rule": "internal", "title_zh": "系统内部出错，请告知运维人员。", "title": "Something failed inside; tell the operators."}


async def broken(route: Route) -> None:
    await route.fulfill(status=500, content_type="application/problem+json", json=FAULT)


@pytest.mark.parametrize(("lang", "title"), [("zh", "title_zh"), ("en", "title")])
async def test_to_a_citizen(opens: Opens, lang: str, title: str) -> None:
    page = await opens("intake", "/", lang=lang, size=PHONE)
    await page.route("**/v1/status", broken)
    await page.fill("#receipt", "SAAAAAAAAAAAA")
    await page.fill("#code", "0000000000")
    await page.press("#code", "Enter")

    await expect(page.locator("#error")).to_have_text(FAULT[title])
    await shot(page, f"status-fault-{lang}")


async def test_to_a_citizen_whose_case_is_on_the_screen_and_stays_there(house: House, opens: Opens) -> None:
    submitted = await house.case()
    page = await looked_up(opens, str(submitted.receipt_no), str(submitted.code), clock=True)
    await page.locator("#answer").wait_for()
    await page.route("**/v1/status", broken)
    await page.clock.run_for(21_000)

    await expect(page.locator(".note.wait")).to_contain_text(FAULT["title_zh"])
    await expect(page.locator("#answer")).to_be_visible()


async def test_to_an_officer(house: House, opens: Opens) -> None:
    body = house.where.items[HANGZHOU, "estate-transfer"].body.uscc
    page = await opens("approval", "/", as_=("officer", body), clock=True)
    await page.locator("#due").wait_for()
    await page.route("**/v1/desk", broken)
    await page.clock.run_for(11_000)

    await expect(page.locator("#lists .note.wait")).to_contain_text(FAULT["title_zh"])


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_whoever_reached_nobody_is_told_that(opens: Opens, status: int) -> None:
    page = await opens("intake", "/")
    await page.route("**/v1/status", lambda route: route.fulfill(status=status, body="<html>"))
    await page.fill("#receipt", "SAAAAAAAAAAAA")
    await page.fill("#code", "0000000000")
    await page.press("#code", "Enter")

    await expect(page.locator("#error")).to_have_text("连不上系统，请稍后再试。")
