"""The pages in a real browser: no error, no sideways scrolling on a phone, both languages, and unknown is never shown as zero."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page

from benchmarks.chromium import CHROMIUM, chromium
from tests.acceptance.conftest import Installation

pytestmark = [
    pytest.mark.browser,
    pytest.mark.acceptance,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no Chromium on this machine"),
]


@pytest.fixture(params=[(1280, 900), (360, 740)], ids=["desktop", "phone"])
async def page(request: Any) -> AsyncIterator[Page]:
    width, height = request.param
    async with chromium() as browser:
        yield await browser.new_page(viewport={"width": width, "height": height})


def complaints(page: Page) -> list[str]:
    """What the browser objects to; that nobody is signed in yet is the page's own question."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "console", lambda message: heard.append(message.text) if message.type == "error" and "401" not in message.text else None
    )
    return heard


async def sideways(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth > innerWidth"))


async def test_the_board_asks_its_four_questions(installation: Installation, page: Page) -> None:
    heard = complaints(page)
    await page.goto(installation.found.urls["metrics"] + "/")
    await page.locator("#visited").wait_for()

    headings = await page.locator("h2").all_text_contents()
    assert headings[:3] == ["承诺兑现了吗？", "哪里没有兑现？", "谁在为谁办事？"]
    assert "可以相信吗？" in headings
    assert not await sideways(page)
    await page.locator("#language").click()
    assert (await page.locator("h2").first.text_content()) == "Did we keep the promise?"
    assert heard == []


async def test_a_number_opens_its_evidence(installation: Installation, page: Page) -> None:
    heard = complaints(page)
    url = installation.found.urls["metrics"]
    token = installation.keys.issue("auditor", "browser", ttl_s=600)
    await page.goto(f"{url}/evidence.html?figure=F10")
    await page.fill("#token", token)
    await page.locator("section:has(#token) button").click()
    await page.locator("#figure").wait_for()

    assert "token" not in page.url
    assert not await sideways(page)
    assert heard == []


async def test_the_operations_page_hears_every_service(installation: Installation, page: Page) -> None:
    heard = complaints(page)
    url = installation.found.urls["metrics"]
    await page.context.request.post(f"{url}/v1/session/demo", data={"role": "operator"})
    await page.goto(f"{url}/operations.html")
    await page.locator("#state").wait_for()

    said = await (await page.context.request.get(f"{url}/v1/operations")).json()
    assert all(service["answers"] for service in said["services"])
    assert {service["service"] for service in said["services"] if any(lease["held"] for lease in service["leases"])} >= {"intake"}
    assert said["kafka"]
    assert all(row["lag"] is not None for row in said["lag"])
    assert await page.locator(".wrong").count() == 0
    assert not await sideways(page)
    assert heard == []


async def test_the_messages_page_asks_who_is_there(installation: Installation, page: Page) -> None:
    heard = complaints(page)
    await page.goto(installation.found.urls["notify"] + "/")
    await page.fill("#token", installation.keys.issue("operator", "browser", ttl_s=600))
    await page.locator("section:has(#token) button").click()
    await page.locator("#going").wait_for()

    assert "token" not in page.url
    assert not await sideways(page)
    assert heard == []
