"""Who asks something else meanwhile gets the answer to that: nothing of an earlier question is shown under its name."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Error, Page, Route, expect

from tests.browser.conftest import Windows, is_ready
from tests.browser.held import Held
from tests.browser.looking import focused

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


async def test_a_figure_waits_for_no_bytes(windows: Windows) -> None:
    first = await windows.open("/evidence.html?figure=F4")
    journey = str(await first.locator("[id^=j-]").first.get_attribute("id")).removeprefix("j-")
    held = Held()

    async def slowly(page: Page) -> None:
        await page.route("**/v1/evidence/journeys/*", held.answer)

    page = await windows.open(f"/evidence.html?figure=F4&journey={journey}", before=slowly)
    await held.came.wait()
    await is_ready(page, "evidence")
    assert await page.locator("#journey-title").count() == 0
    await held.let_go(page)

    await expect(page.locator("#journey-title")).to_contain_text(journey)
    assert await focused(page) != "journey-title"


async def test_a_journey_that_nobody_knows_is_said_to_be_unknown_beside_the_figure(windows: Windows) -> None:
    page = await windows.open("/evidence.html?figure=F4&journey=nobody")

    await expect(page.locator("#trouble")).to_be_visible()
    await is_ready(page, "evidence")


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_recount_that_is_refused_says_what_the_service_says(windows: Windows, lang: str) -> None:
    page = await windows.open("/evidence.html?figure=F4", lang=lang)
    refusal = {"rule": "not-now", "title": "Not now.", "title_zh": "现在不行。"}
    await page.route("**/v1/recount/progress*", lambda route: route.fulfill(status=409, json=refusal))
    await page.locator("#recount").click()

    await expect(page.locator("main [role=status]")).to_have_text(refusal[{"zh": "title_zh", "en": "title"}[lang]])


async def test_a_recount_that_is_lost_promises_nothing(windows: Windows) -> None:
    page = await windows.open("/evidence.html?figure=F4")
    await page.route("**/v1/recount/progress*", lambda route: route.abort())
    await page.locator("#recount").click()

    await expect(page.locator("main [role=status]")).to_have_text("连不上系统，请稍后再试。")
    await expect(page.locator("#recount")).to_be_enabled()


async def test_what_hides_in_stored_bytes_is_spelled_out(windows: Windows) -> None:
    async def answer(route: Route) -> None:
        told = await (await route.fetch()).json()
        told["events"][0]["body"] = '{"name":"a\u202eb\u200bc"}'
        await route.fulfill(json=told)

    page = await windows.open("/evidence.html?figure=F4")
    await page.route("**/v1/evidence/journeys/*", answer)
    await page.locator("[id^=j-]").first.click()
    await page.locator("summary").first.click()

    await expect(page.locator("pre").first).to_have_text('{"name":"a\\u202eb\\u200bc"}')


def log(origin: str) -> dict[str, Any]:
    """What is told of a permit log."""
    counts = {"cases": 1, "events": 1, "in_flight": 0, "runs_proxy_mean": 1.0}
    days = {"n": 1, "median": 1.0, "mean": 1.0, "p90": 1.0}
    told = {"counts": {"all": counts}, "submitted_to_decision_days": {"all": days}, "rules": {"all": {"r": 1}}}
    return {"origin": origin, "note": {"zh": "说明", "en": "note"}, "channels": {"all": {"web": 1}}, **told}


async def test_of_two_logs_the_one_chosen_last_is_shown(windows: Windows) -> None:
    late = Late()

    async def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path == "/v1/logs":
            await route.fulfill(json={"logs": [{"origin": "first"}, {"origin": "second"}]})
        elif path.endswith("second"):
            await late.fulfil(route, json.dumps(log("second")))
        else:
            await route.fulfill(json=log("first"))

    async def brought_in(page: Page) -> None:
        await page.route("**/v1/logs**", answer)

    page = await windows.open("/logs.html", before=brought_in)
    await page.locator("#log-second").click()
    await late.asked.wait()
    await page.locator("#log-first").click()
    await expect(page.locator(".note.wait strong")).to_have_text("first")
    await late.comes(page)

    await expect(page.locator(".note.wait strong")).to_have_text("first")
    await expect(page.locator("#log-first")).to_have_attribute("aria-pressed", "true")
