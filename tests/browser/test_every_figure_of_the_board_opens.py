"""Every figure of the board opens what it is made of, also those within a sentence and those of this moment."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, Route, expect

from services.metrics.alerts import Alert, keep
from shared.telemetry import clock
from tests.browser.board_house import BoardHouse, failed_visit, visit_of_nobody
from tests.browser.conftest import Windows, is_ready, shot
from tests.browser.looking import objections

pytestmark = pytest.mark.browser
WITHIN_WORDS = (
    "F1-once_less_exceptions",
    "F2-zero",
    "F3-mean",
    "F4-gap",
    "F5-extra",
    "F6-cross_city",
    "F8-offered",
    "F8-returned",
    "F8-overdue",
    "F9-decided",
    "F9-statutory_breaches",
    "F12-off_list_n",
    "F12-yellow_n",
    "F12-red_n",
)
ITEMS = [f"item-{number:02}" for number in range(14)]
BARELY_LESS = {"value": -0.002, "numerator": -1, "denominator": 500, "few": False}


async def behind(page: Page, link: Locator) -> dict[str, Any]:
    """The reading that the evidence behind a link begins with."""
    address = str(await link.get_attribute("href")).replace("/evidence.html", "/v1/evidence")
    answer = await page.request.get(await page.evaluate("location.origin") + address)
    assert answer.ok, await answer.text()
    found: dict[str, Any] = (await answer.json())["total"]
    return found


def spelled(reading: dict[str, Any]) -> set[str]:
    """How a page may spell a reading."""
    value = reading["value"]
    if value is None:
        return {"未知"}
    return {f"{value:,}"} if reading["denominator"] is None else {f"{rounded(value * 100, '.1')} %", rounded(abs(value), ".01")}


def rounded(value: float, step: str) -> str:
    """Half upwards, as browsers round."""
    return str(Decimal(value).quantize(Decimal(step), ROUND_HALF_UP))


async def test_a_number_within_a_sentence_opens_that_number(windows: Windows) -> None:
    page = await windows.open("/?period=0")
    await page.locator("#s-F12-red_n").wait_for()
    await page.locator("#s-F6-cross_city").wait_for()
    for name in WITHIN_WORDS:
        link = page.locator(f"#s-{name}")
        said, found = str(await link.text_content()), await behind(page, link)

        assert any(one in said for one in spelled(found)), (name, said, found)


async def test_a_week_opens_its_own_days(windows: Windows) -> None:
    page = await windows.open("/?period=0")
    await page.locator("#weeks summary").click()
    week = page.locator("#weeks tbody tr").first
    await week.wait_for()
    of = await week.locator("td").last.text_content()
    for link in await week.locator("a").all():
        said, found = str(await link.text_content()), await behind(page, link)

        assert said in spelled(found)
        assert f"{found['denominator']:,}" == of


async def test_a_median_opens_the_hand_overs_it_is_read_from(windows: Windows) -> None:
    page = await windows.open("/?period=0")
    await page.locator("[id='s-custody.title']").click()
    await is_ready(page, "evidence")
    hand_overs = page.locator("[id^=h-]")
    await expect(hand_overs).not_to_have_count(0)
    await expect(page.locator("td", has_text="即此值")).not_to_have_count(0)

    await page.locator("#recount").click()
    await expect(page.locator("#recounted")).to_contain_text("与看板一致")
    await hand_overs.first.click()
    await expect(page.locator("#journey-title")).to_be_focused()
    await expect(page.locator("details[id^=e-]")).not_to_have_count(0)
    assert await objections(page) == []

    await page.locator("a[href^='/past.html'][href*='wait_p50']").first.click()
    await expect(page.locator("#f-reading")).to_have_value("wait_p50")
    await is_ready(page, "past")
    for field in ("to", "then"):
        await page.fill(f"#f-{field}", "2026-08-06")
    await expect(page.locator("#sum")).to_contain_text("正好等于差额")
    await page.locator("#bulletin tbody summary").first.click()
    await expect(page.locator("#bulletin tbody tr").first).to_contain_text("等了")
    await shot(page, "past-waits")
    assert await objections(page) == []


async def test_what_goes_on_now_opens_its_journeys(windows: Windows) -> None:
    page = await windows.open("/?period=0")
    await page.locator("#holders summary").click()
    held = page.locator("[id^=now-held-]").first
    number, where = await held.text_content(), page.locator("#q-now #holders th[scope=row]").first
    city = str(await where.text_content())
    await held.click()
    await is_ready(page, "now")

    await expect(page.locator("#total")).to_have_text(str(number))
    await expect(page.locator(".tag")).to_contain_text(city)
    await page.locator("[id^=j-]").first.click()
    await expect(page.locator("#journey-title")).to_be_focused()
    await expect(page.locator("details[id^=e-]")).not_to_have_count(0)
    await page.reload()
    await expect(page.locator("details[id^=e-]")).not_to_have_count(0)


@pytest.mark.parametrize(
    ("opened", "marked"),
    [("#now-anonymous", ["未知申请人"]), ("#now-nobodys-none", ["尚未提交", "未知申请人"])],
    ids=["all", "not-handed-in"],
)
async def test_journeys_of_nobody_open_and_are_called_so(
    board: BoardHouse, windows: Windows, opened: str, marked: list[str]
) -> None:
    await board.tell(failed_visit(), visit_of_nobody())
    page = await windows.open("/?period=0")
    await page.locator("#holders summary").click()
    link, every = page.locator(opened), page.locator("#now-open")
    said, total = [int("".join(re.findall(r"\d", str(await one.text_content())))) for one in (link, every)]
    assert 0 < said < total
    await link.click()
    await is_ready(page, "now")

    await expect(page.locator("#total")).to_have_text(str(said))
    await expect(page.locator(".tag.plain")).to_have_text(marked)
    await expect(page.locator("[id^=j-]")).to_have_count(said)


async def test_todays_trips_in_vain_open_their_cause(board: BoardHouse, windows: Windows) -> None:
    await board.tell(failed_visit())
    page = await windows.open("/?period=7")
    link = page.locator("#vain-wrong_place")
    await link.wait_for()
    number = int(str(await link.text_content()))

    assert (await behind(page, link))["numerator"] == number > 0
    await link.click()
    await is_ready(page, "evidence")
    await expect(page.locator(".tag", has_text="走错地方")).to_have_count(1)


async def test_an_alert_opens_what_it_speaks_of(board: BoardHouse, windows: Windows) -> None:
    now = clock.now()
    pair, cause = "330300>330100", "wrong_place"
    await keep(board.log, [Alert(uuid4(), "custody-wait", pair, now, 7, 3), Alert(uuid4(), "cause-doubled", cause, now, 12, 4)])
    await board.tell(failed_visit())
    page = await windows.open("/?period=7")
    links = page.locator("[id^=alert-]")
    await expect(links).to_have_count(2)
    opened = {str(await link.text_content()).startswith("“"): await behind(page, link) for link in await links.all()}

    assert opened[True]["numerator"] > 0
    assert opened[False]["denominator"] is None
    assert opened[False]["numerator"] is not None
    await links.first.click()
    await is_ready(page, "evidence")


async def test_only_the_worst_items_stand_open(windows: Windows) -> None:
    async def many(page: Page) -> None:
        async def answer(route: Route) -> None:
            told = await (await route.fetch()).json()
            cells = {item: {"330100": {"gap": BARELY_LESS, "kept": BARELY_LESS}} for item in ITEMS}
            told["gap"] |= {"items": ITEMS, "cells": cells}
            await route.fulfill(json=told)

        await page.route("**/v1/dashboard*", answer)

    page = await windows.open("/?period=0", role=None, before=many)
    rows = page.locator("#q-where > .card tbody tr")
    await expect(rows).to_have_count(10)
    await expect(page.locator("#gap-item-00-330100")).to_have_text(re.compile("^0 "))
    summary = page.locator("#gap-rest summary")
    await expect(summary).to_have_text("其余 4 个事项")

    await summary.click()
    await expect(rows).to_have_count(len(ITEMS))
    assert await objections(page) == []
    await summary.click()
    await expect(rows).to_have_count(10)
    await page.unroute_all(behavior="ignoreErrors")


async def test_the_board_of_few_items_has_nothing_folded_away(windows: Windows) -> None:
    page = await windows.open("/?period=0", role=None)
    await is_ready(page, "board")
    await page.locator("#gap-basic-1-330100").wait_for()

    assert await page.locator("#gap-rest").count() == 0
