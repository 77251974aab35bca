"""When the last day is over and the case is not, the page says so and what one can do, and names that day as no coming one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Opens, shot
from tests.browser.house import House
from tests.browser.looking import objections, sideways
from tests.browser.test_a_citizen_knows_before_and_after_the_trip import looked_up

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("lang", "size"), [("zh", PHONE), ("en", DESKTOP)], ids=["zh-phone", "en-desktop"])
async def test_it_is_said_to_be_over(house: House, opens: Opens, lang: str, size: tuple[int, int]) -> None:
    submitted = await house.accepted(ago=timedelta(days=60))
    page = await looked_up(opens, str(submitted.receipt_no), str(submitted.code), lang=lang, size=size)

    says = {"zh": "已过，还没有办好", "en": "is over, and it is not done yet"}[lang]
    await expect(page.locator("#by-when")).to_contain_text(says)
    await expect(page.locator("#by-when")).to_contain_text("12345")
    assert await objections(page) == []
    assert not await sideways(page)
    await shot(page, f"status-over-{lang}")


async def test_a_day_to_come_is_named_alone(house: House, opens: Opens) -> None:
    submitted = await house.accepted(ago=timedelta(days=1))
    page = await looked_up(opens, str(submitted.receipt_no), str(submitted.code))

    await expect(page.locator("#by-when")).to_contain_text("月")
    await expect(page.locator("#by-when")).not_to_contain_text("已过")
