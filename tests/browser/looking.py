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


async def focused(page: Page) -> str:
    """The id of what has the focus."""
    return str(await page.evaluate("document.activeElement?.id ?? ''"))
