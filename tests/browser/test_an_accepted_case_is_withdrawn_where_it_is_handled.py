"""Whoever handles an accepted case enters that its applicant withdraws it; it leaves the list, and everybody reads by whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from shared.contracts import commands as wire
from shared.contracts.ingress import Receipt
from tests.browser.conftest import DESKTOP, PHONE, Opens, shot
from tests.browser.house import HANGZHOU, House
from tests.browser.looking import objections, sideways

pytestmark = pytest.mark.browser


async def accepted(house: House) -> Receipt:
    submitted = await house.accepted(ago=timedelta(days=1))
    await house.all_carried()
    return submitted


async def before_it(house: House, opens: Opens, case_no: str, **how: object) -> Page:
    """The worklist of the body, with the case open."""
    page = await opens("approval", "/", as_=("officer", house.where.items[HANGZHOU, "estate-transfer"].body.uscc), **how)
    await page.locator(f"#pick-{case_no}").click()
    await expect(page.locator("#case-title")).to_be_focused()
    return page


async def withdraws(page: Page) -> None:
    await page.locator("#act-withdraw").click()
    await page.locator("label:has(#why-changed-mind)").click()
    await page.locator("#act-send").click()


@pytest.mark.parametrize(("lang", "size"), [("zh", DESKTOP), ("en", PHONE)], ids=["zh-desktop", "en-phone"])
async def test_it_is_entered_with_its_reason_and_the_applicant_sees_it(
    house: House, opens: Opens, lang: str, size: tuple[int, int]
) -> None:
    submitted = await accepted(house)
    case_no = str(submitted.case_no)
    page = await before_it(house, opens, case_no, lang=lang, size=size)
    await page.locator("#act-withdraw").click()
    await expect(page.locator("#act-form")).to_contain_text({"zh": "不能恢复", "en": "for good"}[lang])
    await expect(page.locator("#act-send")).to_be_disabled()
    await page.locator("label:has(#why-apply-again)").click()
    await shot(page, f"worklist-withdrawal-{lang}")
    assert await objections(page) == []
    assert not await sideways(page)
    await page.locator("#act-send").click()

    await expect(page.locator("#decision")).to_contain_text({"zh": "您已于", "en": "You entered the withdrawal"}[lang])
    await expect(page.locator("#decision")).to_contain_text({"zh": "重新申请", "en": "applies anew"}[lang])
    await expect(page.locator("#said")).to_contain_text({"zh": "已登记撤回，此件结束。", "en": "the case is over"}[lang])
    await expect(page.locator(f"#pick-{case_no}")).to_have_count(0)
    await page.locator("#lists summary").click()
    await expect(page.locator(f"#done-{case_no}")).to_contain_text({"zh": "已撤回", "en": "Withdrawn"}[lang])
    await shot(page, f"worklist-withdrawn-{lang}")
    await house.all_carried()
    citizen = await opens("intake", "/", lang=lang, size=PHONE)
    await citizen.fill("#receipt", str(submitted.receipt_no))
    await citizen.fill("#code", str(submitted.code))
    await citizen.press("#code", "Enter")
    await expect(citizen.locator("#answer")).to_have_text({"zh": "已撤回", "en": "Withdrawn"}[lang])


async def test_a_case_whose_clock_is_stopped_can_be_withdrawn_too(house: House, opens: Opens) -> None:
    case_no = str((await accepted(house)).case_no)
    halt = wire.StartSpecialProcedure(case_no=case_no, kind="test", basis="licensing-law-45", expected_wd=30)
    await house.decided(halt)
    page = await before_it(house, opens, case_no)
    await withdraws(page)

    await expect(page.locator("#decision")).to_contain_text("登记撤回")


async def test_of_two_who_enter_it_one_is_told_that_it_was_the_other(house: House, opens: Opens) -> None:
    case_no = str((await accepted(house)).case_no)
    first, second = [await before_it(house, opens, case_no, name=f"withdraws-{n}") for n in range(2)]
    await withdraws(first)
    await expect(first.locator("#decision")).to_contain_text("您已于")
    await second.locator("#act-withdraw").click()
    await second.locator("label:has(#why-changed-mind)").click()
    await second.locator("#act-send").click()

    await expect(second.locator("#said")).to_contain_text("已由他人于")
    await expect(second.locator("#decision")).to_contain_text("登记撤回")
    await expect(second.locator("#decision")).to_contain_text("登记人员代称")
