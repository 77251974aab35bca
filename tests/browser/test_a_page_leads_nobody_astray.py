"""What all pages are made of leads nobody astray: not who types, not who stood on what is gone, not who reads texts and days."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Opens
from tests.browser.looking import focused

pytestmark = pytest.mark.browser
MADE = """async () => {
    const parts = window.parts = await import("/parts/page.js");
    const { fill, find, h } = parts;
    fill(find("main"), h("h2", { id: "title", tabindex: "-1" }, "title"),
        h("input", { type: "text", id: "typed" }), h("select", { id: "chosen" }), h("input", { type: "radio", id: "radio" }),
        h("div", { id: "place" }, h("button", {}, "nameless")));
}"""


@pytest.fixture
async def page(opens: Opens) -> Page:
    opened = await opens("intake", "/guide.html")
    # The form is drawn last: nothing of the page's own comes over what is made here.
    await opened.locator("#thing").wait_for()
    await opened.evaluate(MADE)
    return opened


@pytest.mark.parametrize(("held", "is_left"), [("typed", False), ("chosen", False), ("radio", True)])
async def test_whoever_fills_a_field_in_is_led_nowhere(page: Page, held: str, is_left: bool) -> None:
    await page.locator(f"#{held}").focus()
    await page.evaluate("parts.lead('title')")

    assert await focused(page) == ("title" if is_left else held)


async def test_whoever_stood_on_what_is_gone_stands_on_the_page(page: Page) -> None:
    await page.locator("#place button").focus()
    await page.evaluate("parts.fill(parts.find('place'), parts.h('p', {}, 'done'))")

    await expect(page.locator("#main")).to_be_focused()


async def test_only_the_newest_question_is_answered(page: Page) -> None:
    asked = """() => {
        const ask = parts.newest(), first = ask(), alone = first(), second = ask();
        return [alone, first(), second(), parts.newest()()()];
    }"""

    assert await page.evaluate(asked) == [True, False, True, True]


async def test_a_moment_of_another_year_names_it(page: Page) -> None:
    assert await page.evaluate("parts.moment('2019-01-02T03:04:00Z')") == "2019年1月2日周三 11:04"
    assert "年" not in await page.evaluate("parts.moment(new Date().toISOString())")


async def test_what_hides_or_turns_a_line_is_taken_out(page: Page) -> None:
    hidden = "\u061c\u00ad\u180e\u2028\u2029\ufff9\ufffa\ufffb\u202e\u200b"

    assert await page.evaluate("(text) => parts.harmless(text)", f"a{hidden}b") == "ab"
