"""A place that is drawn anew touches only what differs: the focus, an open table, and what is scrolled stay as they are."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.board_house import BoardHouse
from tests.browser.conftest import Opens, Windows, is_ready, with_a_clock
from tests.browser.looking import focused

pytestmark = pytest.mark.browser
EVERY_MS = 3_100
"""The page of operations has asked again by then."""
DRAWN = """async () => {
    const { h, settle } = await import("/parts/page.js");
    const made = (numbers, order = ["one", "two"]) => h("section", { id: "drawn" },
        h("details", { id: "table" }, h("summary", {}, "table"),
            numbers.map((n) => h("p", { class: n > 9 ? "many" : null }, String(n)))),
        order.map((id) => h("a", { id, href: "#" }, id)));
    document.querySelector("main").replaceChildren(made([1, 2, 3]));
    const drawn = document.getElementById("drawn");
    window.again = (...how) => {
        const seen = new MutationObserver(() => {});
        seen.observe(drawn, { subtree: true, childList: true, characterData: true, attributes: true });
        settle(drawn, made(...how));
        return seen.takeRecords().map((one) => one.type);
    };
}"""


@pytest.fixture
async def page(opens: Opens) -> Page:
    opened = await opens("intake", "/guide.html")
    # The form is drawn last: nothing of the page's own comes over what is drawn here.
    await opened.locator("#thing").wait_for()
    await opened.evaluate(DRAWN)
    return opened


async def test_what_says_the_same_is_not_touched(page: Page) -> None:
    assert await page.evaluate("again([1, 2, 3])") == []
    assert await page.evaluate("again([1, 5, 3])") == ["characterData"]


async def test_what_is_new_comes_and_what_is_over_goes(page: Page) -> None:
    await page.evaluate("again([1, 12, 3, 4])")
    assert await page.locator("#drawn p").all_text_contents() == ["1", "12", "3", "4"]
    assert await page.locator("#drawn p.many").all_text_contents() == ["12"]
    await page.evaluate("again([7])")

    assert await page.locator("#drawn p").all_text_contents() == ["7"]


async def test_an_open_table_stays_open(page: Page) -> None:
    await page.locator("#table summary").click()
    await page.evaluate("again([4, 5])")

    assert await page.locator("#drawn p").first.is_visible()


async def test_the_focus_stays_and_follows_what_it_was_on(page: Page) -> None:
    await page.locator("#two").focus()
    await page.evaluate("again([4, 5, 6])")
    assert await focused(page) == "two"
    await page.evaluate("again([4, 5, 6], ['two', 'one'])")

    assert await focused(page) == "two"
    assert await page.locator("#drawn a").all_text_contents() == ["two", "one"]


async def test_what_an_operator_reads_stays_while_it_is_asked_for_again(board: BoardHouse, windows: Windows) -> None:
    await board.park("read-by-an-operator")
    page = await windows.open("/operations.html", lang="en", role="operator", before=with_a_clock)
    await page.locator("#redrive-metrics-p1-read-by-an-operator").wait_for()
    await page.evaluate(
        """() => {
            const read = document.querySelector("#ops-services + .scroll th[scope=row]");
            getSelection().selectAllChildren(read);
            window.before = [read, ...document.querySelectorAll(".card, .scroll, #state, #trouble")];
        }"""
    )
    for _ in range(2):
        async with page.expect_response("**/v1/operations"):
            await page.clock.run_for(EVERY_MS)
        async with page.expect_response("**/v1/about"):
            await page.evaluate("fetch('/v1/about')")

    assert await page.evaluate("window.before.every((one) => one.isConnected)")
    assert await page.evaluate("getSelection().toString()") == "intake"


async def test_bytes_stay_open_and_the_focus_in_place_while_they_are_counted_again(windows: Windows) -> None:
    page = await windows.open("/evidence.html?figure=F4")
    await is_ready(page, "evidence")
    await page.locator("[id^=j-]").first.click()
    await page.locator("summary").first.click()
    await page.locator("#recount").focus()
    await page.keyboard.press("Enter")
    await page.locator("#recounted").wait_for()

    assert await page.locator("details[open] pre").first.is_visible()
    assert await focused(page) == "recount"
    await page.locator("#reading").focus()
    await page.locator("#reading").select_option("gap")
    await expect(page.locator("#reading")).to_be_focused()
