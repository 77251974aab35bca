"""Who asks something else meanwhile gets the answer to that: nothing of an earlier question is shown under its name."""

from __future__ import annotations

import asyncio
import json

import pytest
from playwright.async_api import Error, Page, Route, expect

from tests.browser.conftest import Windows, is_ready

pytestmark = pytest.mark.browser
OTHER = {"value": 7_777_777, "numerator": 7_777_777, "denominator": None, "few": False}
DONE = {"looked_at": 1, "of": 1, "journeys": 1, "events": 1, "took_ms": 1, "equal": True, "projected": OTHER, "recounted": OTHER}


class Late:
    """Answers that come when the test lets them."""

    def __init__(self) -> None:
        self.asked, self.due = asyncio.Event(), asyncio.Event()

    async def fulfil(self, route: Route, body: str) -> None:
        self.asked.set()
        await self.due.wait()
        try:
            await route.fulfill(body=body)
        except Error:
            return  # Nobody waits for it any more.

    async def comes(self, page: Page) -> None:
        """Give the answer, and let the page have seen it: what it asks for next comes after it."""
        self.due.set()
        await page.unroute_all(behavior="wait")
        await page.evaluate("fetch('/v1/about').then((answer) => answer.json())")


async def choose_another(page: Page) -> str:
    """Another reading, and what the page says of it."""
    await page.locator("#reading").select_option("gap")
    await expect(page.locator("#reading")).to_have_value("gap")
    await page.locator("body[data-ready=true]").wait_for()
    return str(await page.locator(".big").text_content())


async def test_a_recount_of_the_reading_before_says_nothing_of_this_one(windows: Windows) -> None:
    late = Late()
    page = await windows.open("/evidence.html?figure=F4&reading=kept")
    await is_ready(page, "evidence")
    await page.route("**/v1/recount/progress*", lambda route: late.fulfil(route, json.dumps(DONE) + "\n"))
    await page.locator("#recount").click()
    await late.asked.wait()

    said = await choose_another(page)
    await late.comes(page)

    await expect(page.locator("#recount")).to_be_enabled()
    assert await page.locator(".big").text_content() == said
    assert await page.locator("#recounted, .note.bad:not([hidden])").count() == 0


async def test_more_of_the_reading_before_is_not_joined_to_this_one(windows: Windows) -> None:
    late = Late()

    async def answer(route: Route) -> None:
        page_ = await (await route.fetch()).json()
        if "reading=gap" in route.request.url:
            await route.fulfill(json=page_)
        elif "after=" in route.request.url:
            await late.fulfil(route, json.dumps({**page_, "rows": [{**page_["rows"][0], "journey": "of-the-reading-before"}]}))
        else:
            await route.fulfill(json={**page_, "next": page_["rows"][0]["journey"]})

    async def held(page: Page) -> None:
        await page.route("**/v1/evidence?*", answer)

    page = await windows.open("/evidence.html?figure=F4&reading=kept", before=held)
    await is_ready(page, "evidence")
    await page.locator("#more").click()
    await late.asked.wait()

    said = await choose_another(page)
    rows = await page.locator("[id^=j-]").count()
    await late.comes(page)

    assert await page.locator(".big").text_content() == said
    assert await page.locator("[id^=j-]").count() == rows
    assert await page.locator("#j-of-the-reading-before").count() == 0
