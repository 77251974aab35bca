"""What a page must be whoever looks at it: nothing that axe objects to, and no sideways scrolling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.async_api import Page

AXE = (Path(__file__).parent / "vendored" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def objections(page: Page) -> list[str]:
    """What axe objects to, each with the elements it means."""
    await page.evaluate(AXE)
    found: dict[str, Any] = await page.evaluate("rules => axe.run({runOnly: rules})", RULES)
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
