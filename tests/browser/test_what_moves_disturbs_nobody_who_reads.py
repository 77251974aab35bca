"""A place that is drawn anew touches only what differs: the focus, an open table, and what is scrolled stay as they are."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.browser.conftest import Opens
from tests.browser.looking import focused

pytestmark = pytest.mark.browser
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
    await opened.locator("h1").wait_for()
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
