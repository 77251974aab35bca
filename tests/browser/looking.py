"""What a page must be whoever looks at it: nothing that axe objects to, nothing cut, thin or wide, in any language or window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, shot

AXE = (Path(__file__).parent / "vendored" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LAYOUT = ["target-size", "scrollable-region-focusable"]
"""What depends on the width of a window, with the words of a page as they are."""
COLOURS = ["color-contrast", "link-in-text-block"]
"""What depends on the colours of a page alone."""
NARROW = (320, 640)


async def objections(page: Page, rules: Sequence[str] = RULES) -> list[str]:
    """What axe objects to, each with the elements it means."""
    if not await page.evaluate("Boolean(window.axe)"):
        await page.evaluate(AXE)
    found: dict[str, Any] = await page.evaluate("rules => axe.run({runOnly: rules})", list(rules))
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes'][:3]]}" for one in found["violations"]]


async def sideways(page: Page) -> bool:
    """Whether the page is wider than its window."""
    return bool(await page.evaluate("document.documentElement.scrollWidth > innerWidth"))


async def cut(page: Page) -> list[str]:
    """Words that end in dots because there was no room for them; a list to choose from opens, so its lines do not count."""
    hidden = """[...document.querySelectorAll("main *")].filter(one => one.tagName !== "SELECT" && one.textContent.trim()
      && !one.closest(".unseen") && getComputedStyle(one).overflowX === "hidden" && one.scrollWidth > one.clientWidth + 1)"""
    return [str(text) for text in await page.evaluate(f"{hidden}.map(one => one.textContent.slice(0, 60))")]


async def thin(page: Page) -> list[str]:
    """Buttons, fields and ways to other pages that are too small for a thumb."""
    fields = "main select, main textarea, main input:not([type=checkbox], [type=radio])"
    ways = f"""[...document.querySelectorAll(".masthead nav a, nav.own a, .onward a, main button, main summary, {fields}")]"""
    small = f"{ways}.filter(one => one.offsetHeight && one.offsetHeight < 40).map(one => one.id || one.textContent)"
    return [str(text) for text in await page.evaluate(small)]


async def focused(page: Page) -> str:
    """The id of what has the focus."""
    return str(await page.evaluate("document.activeElement?.id ?? ''"))


async def resized(page: Page, size: tuple[int, int]) -> None:
    """Give the window another size."""
    await page.set_viewport_size({"width": size[0], "height": size[1]})


async def flaws(page: Page, name: str) -> list[str]:
    """What is wrong with a page that is open in Chinese, in both languages and on every screen.

    Besides the layout axe sees the same at every width, so it looks through each language whole at one of them.
    """
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    found = await _flaws_as_it_is(page, f"{name}-zh", whole=DESKTOP)
    await page.locator("#language").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    return found + await _flaws_as_it_is(page, f"{name}-en", whole=NARROW)


async def _flaws_as_it_is(page: Page, name: str, *, whole: tuple[int, int]) -> list[str]:
    found: list[str] = []
    for size in (DESKTOP, PHONE, NARROW):
        await resized(page, size)
        picture = f"{name}-{size[0]}"
        await shot(page, picture)
        if size == PHONE:
            continue
        seen = await objections(page, RULES if size == whole else LAYOUT)
        seen += [f"cut: {text}" for text in await cut(page)]
        if size == NARROW:
            seen += [f"thin: {text}" for text in await thin(page)] + ["sideways"] * await sideways(page)
        found += [f"{picture}: {one}" for one in seen]
    return found
