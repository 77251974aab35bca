"""A board that hears of no changes still reads its figures, and is old only when it cannot read them."""

from __future__ import annotations

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import DESKTOP, PHONE, Windows, is_ready, shot, with_a_clock
from tests.browser.looking import objections, sideways

pytestmark = pytest.mark.browser
READ = {"zh": "● 每 15 秒更新", "en": "● Updated every 15 s"}


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred listen already."""
    monkeypatch.setattr("services.metrics.stream.LISTENERS_MAX", 0)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(("lang", "size"), [("zh", PHONE), ("en", DESKTOP)], ids=["zh-phone", "en-desktop"])
async def test_it_says_how_often_it_reads(windows: Windows, lang: str, size: tuple[int, int]) -> None:
    asked: list[str] = []
    page = await windows.open("/?period=0", role=None, before=with_a_clock, lang=lang, size=size)
    await is_ready(page, "board")
    await expect(page.locator("#state")).to_have_text(READ[lang])
    page.on("request", lambda request: asked.append(request.url) if "/v1/dashboard" in request.url else None)
    for _ in range(60):
        await page.clock.run_for(1_000)

    assert 3 <= len(asked) <= 6
    await expect(page.locator("#state")).to_have_text(READ[lang])
    await expect(page.locator("main.stale")).to_have_count(0)
    assert await objections(page) == []
    assert not await sideways(page)
    await shot(page, f"board-without-stream-{lang}", whole=False)


@pytest.mark.usefixtures("full")
async def test_when_reading_fails_too_it_says_since_when(windows: Windows) -> None:
    async def fail(route: Route) -> None:
        await route.fulfill(status=503, json={"rule": "unavailable"})

    page = await windows.open("/?period=0", role=None, before=with_a_clock)
    await expect(page.locator("#state")).to_have_text(READ["zh"])
    await page.route("**/v1/dashboard*", fail)
    for _ in range(20):
        await page.clock.run_for(1_000)

    await expect(page.locator("#state")).to_contain_text("◌ 停在")
    await expect(page.locator("main.stale")).to_have_count(1)
