"""Whoever types a day is asked nothing and refused nothing before it is one."""

from __future__ import annotations

import re
from itertools import product

import pytest
from playwright.async_api import expect

from tests.browser.board_house import day_before
from tests.browser.conftest import Windows, is_ready

pytestmark = pytest.mark.browser
HALF_TYPED = "0202-11-05"


@pytest.mark.parametrize("field", ["to", "known_at"])
async def test_the_board_waits_for_the_whole_year(windows: Windows, field: str) -> None:
    page = await windows.open("/?period=0", role=None)
    await page.locator(f"#f-{field}").fill(HALF_TYPED)
    assert field not in page.url
    await page.locator(f"#f-{field}").fill(day_before(3))

    await expect(page).to_have_url(re.compile(f"{field}={day_before(3)}"))
    await expect(page.locator("#state")).to_have_text("● 实时")
    await expect(page.locator("#trouble")).to_be_hidden()


async def test_both_days_that_are_compared_stay_days(windows: Windows) -> None:
    page = await windows.open(f"/past.html?figure=F10&reading=visits&then={day_before(10)}")
    await is_ready(page, "past")
    for field, typed in product(("then", "now"), (HALF_TYPED, "")):
        await page.locator(f"#f-{field}").fill(typed)

    assert f"then={day_before(10)}" in page.url
    await expect(page.locator("#trouble")).to_be_hidden()
    await expect(page.locator("#sum")).to_be_visible()
