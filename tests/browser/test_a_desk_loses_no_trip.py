"""Promise: whoever comes and in whatever order things are done, the trip is recorded, and a receipt is not lost unasked."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Dialog, expect

from shared.contracts import commands as wire
from tests.browser.at_desk import asks, came, comes_for, finds, sits, visits_about, visits_of
from tests.browser.conftest import Opens, shot
from tests.browser.house import WENZHOU, House, a_person

pytestmark = pytest.mark.browser


async def test_whoever_has_the_result_in_hand_is_recorded_as_come_on_that_day(house: House, opens: Opens) -> None:
    submitted = await house.accepted()
    await house.all_carried()
    await house.decided(wire.Decide(case_no=str(submitted.case_no), outcome="granted", document_no="D-1", officer_ref="0" * 32))
    await house.all_carried()
    page = await sits(house, opens)
    await asks(page, str(submitted.receipt_no))
    await page.locator("#act-deliver").click()
    await page.locator("label:has(#method-window)").click()
    await page.locator("#act-send").click()
    await expect(page.locator("#panel .note.good")).to_contain_text("准予")
    await expect(page.locator("#purpose-collect")).to_be_checked()
    await shot(page, "desk-collected")

    await page.keyboard.press("q")

    await expect(page.locator("#said")).to_contain_text("已记录")
    assert await visits_about(house, submitted.case_no) == [("collect", "done", "normal")]
    await page.locator(".story button").click()
    await expect(page.locator("#said")).to_contain_text("已撤销")


async def test_whoever_has_no_card_with_them_is_counted_all_the_same(house: House, opens: Opens) -> None:
    page = await sits(house, opens)
    await page.locator("#begin").click()
    await page.locator("label:has(#nobody)").click()
    await expect(page.locator("#id_no")).to_have_count(0)
    await comes_for(page, house.item())
    await shot(page, "desk-nobody")
    for key in ("2", "e"):
        await page.keyboard.press(key)

    await page.keyboard.press("f")

    await expect(page.locator("#panel")).to_contain_text("没有登记申请人")
    await expect(page.locator("#act-attribute-visit")).to_be_visible()


async def test_a_proxy_is_said_by_key_and_keys_go_on_after_a_box_was_ticked(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person)
    page = await sits(house, opens)
    await finds(page, person)
    await page.keyboard.press("b")
    await expect(page.locator("#by-agent")).to_be_checked()
    await page.locator("#by-agent").press("Space")
    await page.locator("#by-agent").press("Space")
    for key in ("2", "q"):
        await page.keyboard.press(key)

    await expect(page.locator("#said")).to_contain_text("代办到场")
    assert [visit["by"] for visit in await visits_of(house, person)] == ["applicant", "agent"]


async def test_acts_have_keys_and_what_is_done_at_once_waits_for_enter(house: House, opens: Opens) -> None:
    submitted = await house.case()
    page = await sits(house, opens)
    await asks(page, str(submitted.receipt_no))
    await page.locator("#act-offer-custody").wait_for()
    keys = await page.locator("#panel .row button kbd").all_text_contents()
    assert keys[:2] == ["Y", "U"]
    acts = [str(await one.get_attribute("id")) for one in await page.locator("#panel .row button[id^=act-]").all()]

    for key, act in zip("yuiop", acts, strict=False):
        await page.keyboard.press(key)
        is_form = await page.locator(f"#{act}").get_attribute("aria-expanded") == "true"
        if is_form:
            await page.locator("#act-form button.quiet").click()
        await expect(page.locator(f"#{act}")).to_be_focused()


async def test_a_page_is_not_left_while_a_receipt_was_not_handed_out(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person)
    page = await sits(house, opens)
    await finds(page, person)
    await page.locator("#act-submit-application").click()
    await page.fill("#apply-id", person)
    await page.select_option("#apply-region", WENZHOU)
    await page.locator("#act-send").click()
    await page.locator("#handed").wait_for()
    warned: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def stay(dialog: Dialog) -> None:
        warned.set_result(dialog.type)
        await dialog.dismiss()

    page.once("dialog", stay)
    await page.evaluate("() => { location.href = '/guide.html'; }")

    assert await asyncio.wait_for(warned, 10) == "beforeunload"
    await expect(page.locator("#handed")).to_be_visible()
    await page.emulate_media(media="print")
    await expect(page.locator("#issued dd").first).to_be_visible()
    await expect(page.locator("#handed")).not_to_be_visible()
    await expect(page.locator("#queue")).not_to_be_visible()
    await page.emulate_media(media="screen")
    await page.locator("#handed").click()
    await page.evaluate("() => { location.href = '/guide.html'; }")
    await page.wait_for_url("**/guide.html")
