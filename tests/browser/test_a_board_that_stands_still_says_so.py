"""A board that cannot be refreshed asks no more than it must, and says since when it stands still and who holds it up."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.board_house import BoardHouse
from tests.browser.conftest import Windows, is_ready, with_a_clock

pytestmark = pytest.mark.browser
QUIET_S = 90
"""Long enough for several ordinary refreshes to fail."""
LOOKED_AT_MS = 8_000
"""The books are asked for a little oftener."""


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


async def test_figures_that_stand_still_say_since_which_day_and_for_whom(board: BoardHouse, windows: Windows) -> None:
    held_up = "UPDATE watermark SET complete_to = clock_timestamp() - interval '30 hours' WHERE service = 'approval'"
    async with board.promised(held_up):
        page = await windows.open("/?period=7", role=None)
        await is_ready(page, "board")

        await expect(page.locator("#state")).to_have_text(re.compile(r"◌ 只完整到 \d+月\d+日 \d\d:\d\d：审批 approval "))
        await expect(page.locator(".strip")).to_contain_text("滞后 30.0 小时")
        await expect(page.locator("main.stale")).to_have_count(1)


async def test_whoever_never_promised_anything_is_named(board: BoardHouse, windows: Windows) -> None:
    async with board.promised("DELETE FROM watermark WHERE service = 'notify'"):
        page = await windows.open("/?period=30", role=None)
        await is_ready(page, "board")

        await expect(page.locator("#state")).to_have_text("◌ 不知道完整到何时：没有 通知 notify 的消息")
        await expect(page.locator("#q-trust tr", has_text="通知 notify").first).to_contain_text("未知")


async def test_services_that_do_not_answer_are_called_by_their_names(windows: Windows) -> None:
    page = await windows.open("/?period=0", role=None)

    await expect(page.locator("#q-trust .note.wait")).to_contain_text("没有应答：收件 intake、审批 approval、通知 notify。")


async def test_books_that_cannot_be_read_again_are_called_exact_no_more(windows: Windows) -> None:
    page = await windows.open("/?period=0", role=None, before=with_a_clock)
    await page.locator("#q-trust td.ok").first.wait_for()
    await page.route("**/v1/trust", lambda route: route.abort())
    await page.clock.run_for(LOOKED_AT_MS)

    await expect(page.locator("#q-trust")).to_contain_text("现在读不到账目")
    await expect(page.locator(".strip")).to_contain_text("账目读不到")
    assert await page.locator("#q-trust td.ok").count() == 0
    await page.unroute_all()
    await page.clock.run_for(LOOKED_AT_MS)
    await page.locator("#q-trust td.ok").first.wait_for()
