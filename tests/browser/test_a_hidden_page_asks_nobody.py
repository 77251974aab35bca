"""A page that nobody looks at asks nobody and holds no connection; when it is seen again it asks at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.browser.board_house import BoardHouse, failed_visit
from tests.browser.conftest import Windows, is_ready
from tests.conftest import until

pytestmark = pytest.mark.browser
A_WHILE_MS = 20_000
"""Longer than any page waits before it asks again."""
STREAMS = """
window.streams = [];
window.EventSource = class extends EventSource {
    constructor(...how) { super(...how); window.streams.push(this); }
};
"""
OPEN = "window.streams.filter((one) => one.readyState === EventSource.OPEN).length"
TURNED = """(hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    dispatchEvent(new Event("visibilitychange"));
}"""


def noting(asked: list[str]) -> Callable[[Page], Awaitable[None]]:
    """With a clock, and lists of what is asked for and of what is listened to."""

    async def before(page: Page) -> None:
        await page.clock.install()
        await page.add_init_script(STREAMS)
        page.on("request", lambda request: asked.append(urlsplit(request.url).path))

    return before


async def test_a_hidden_board_hears_nothing_and_catches_up_when_it_is_seen(board: BoardHouse, windows: Windows) -> None:
    asked: list[str] = []

    async def listens() -> bool:
        return bool(await page.evaluate(OPEN) == 1)

    page = await windows.open("/?period=0", role=None, before=noting(asked))
    await expect(page.locator("#state")).to_have_text("● 实时")
    await until(listens)
    total = page.locator("#q-now .card p").first
    said = str(await total.text_content())
    await page.evaluate(TURNED, True)
    assert await page.evaluate(OPEN) == 0
    asked.clear()
    await board.tell(failed_visit())
    await page.clock.run_for(A_WHILE_MS)
    assert asked == []

    async with page.expect_request("**/v1/dashboard*"):
        await page.evaluate(TURNED, False)
    await until(listens)

    await expect(total).not_to_have_text(said)
    await expect(page.locator("#state")).to_have_text("● 实时")


async def test_hidden_operations_rest_too(windows: Windows) -> None:
    asked: list[str] = []
    page = await windows.open("/operations.html", role="operator", before=noting(asked))
    await is_ready(page, "operations")
    await page.evaluate(TURNED, True)
    asked.clear()
    await page.clock.run_for(A_WHILE_MS)
    assert asked == []

    async with page.expect_request("**/v1/operations"):
        await page.evaluate(TURNED, False)

    await expect(page.locator("#state")).to_have_text("● 每 3 秒更新")
