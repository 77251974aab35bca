"""What a page says aloud changes in a place that was there before and stays: a new place may be read out twice, or never."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Windows, is_ready

pytestmark = pytest.mark.browser
HELD = "() => { window.places = [...document.querySelectorAll('main [role=status], main [role=alert]')]; }"


async def hold(page: Page) -> None:
    await page.evaluate(HELD)


async def stayed(page: Page) -> None:
    """Every place is still there, and no other came."""
    assert await page.evaluate("window.places.length > 1 && window.places.every((one) => one.isConnected)")
    found = await page.locator("main [role=status], main [role=alert]").count()
    assert found == await page.evaluate("window.places.length")


async def test_on_the_board(windows: Windows) -> None:
    page = await windows.open("/?period=0", role=None)
    await page.locator("#state").wait_for()
    await hold(page)
    await page.locator("#f-region").select_option("330100")
    await expect(page.locator("#t-F4")).to_have_attribute("href", re.compile("region=330100"))
    await page.locator("#language").click()
    await expect(page.locator("#state")).to_have_text("● Live")

    await stayed(page)


async def test_on_evidence(windows: Windows) -> None:
    page = await windows.open("/evidence.html?figure=F4")
    await is_ready(page, "evidence")
    await hold(page)
    await page.locator("#reading").select_option("gap")
    await page.locator("body[data-ready=true]").wait_for()
    await page.locator("#recount").click()
    await page.locator("[role=status] #recounted").wait_for()

    await stayed(page)


async def test_on_what_changed(windows: Windows) -> None:
    page = await windows.open("/past.html?figure=F10&reading=visits")
    await page.locator("main [role=status]").wait_for(state="attached")
    await hold(page)
    await page.locator("#f-reading").select_option("unattributed")
    await page.locator("body[data-ready=true]").wait_for()
    await page.locator("[role=status] #sum").wait_for()

    await stayed(page)
