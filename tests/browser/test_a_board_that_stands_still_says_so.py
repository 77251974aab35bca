"""A board that cannot be refreshed asks no more than it must, and says since when it stands still and who holds it up."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import Windows, is_ready

pytestmark = pytest.mark.browser
QUIET_S = 90
"""Long enough for several ordinary refreshes to fail."""


async def with_a_clock(page: Page) -> None:
    await page.clock.install()


async def asked_in_a_while(page: Page) -> int:
    """How often the figures are asked for in ninety seconds of the page's own time."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/v1/dashboard" in request.url else None)
    for _ in range(QUIET_S):
        await page.clock.run_for(1_000)
    return len(asked)


async def test_a_service_that_fails_is_asked_again_every_three_seconds_and_no_oftener(windows: Windows) -> None:
    async def fail(route: Route) -> None:
        await route.fulfill(status=503, json={"rule": "unavailable"})

    page = await windows.open("/?period=0", role=None, before=with_a_clock)
    await is_ready(page, "board")
    await page.route("**/v1/dashboard*", fail)

    assert 10 <= await asked_in_a_while(page) <= QUIET_S / 3 + 2


async def test_what_was_refused_is_not_asked_again_before_the_filters_change(windows: Windows) -> None:
    page = await windows.open("/?known_at=1999-01-01", role=None, before=with_a_clock)
    await expect(page.locator("#trouble")).to_be_visible()

    assert await asked_in_a_while(page) == 0
    await page.locator("#f-known_at").fill("")
    await is_ready(page, "board")
    await expect(page.locator("#trouble")).to_be_hidden()


async def test_what_makes_no_sense_in_an_address_is_passed_over(windows: Windows) -> None:
    page = await windows.open("/?to=x&known_at=2026-13-01&period=99999999999&layer=none", role=None)
    await is_ready(page, "board")

    await expect(page.locator("#trouble")).to_be_hidden()
    assert [await page.locator(f"#f-{key}").input_value() for key in ("to", "known_at", "period")] == ["", "", "90"]


async def test_nobody_reads_the_words_of_an_exception(windows: Windows) -> None:
    page = await windows.open("/logs.html")
    shown = await page.evaluate("import('/charts.js').then((it) => it.warning(new RangeError('Invalid time value')).textContent)")

    assert "Invalid" not in shown
    assert "原因不明" in shown
