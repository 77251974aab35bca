"""What is missing is handed in, and a result collected, where the case was handed in or where it is now: the page says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from shared.contracts import commands as wire
from shared.contracts.intake import MissingMaterial
from tests.browser.conftest import DESKTOP, PHONE, Opens, shot
from tests.browser.house import HANGZHOU, WENZHOU, House
from tests.browser.looking import objections, sideways
from tests.browser.test_a_citizen_knows_before_and_after_the_trip import looked_up

pytestmark = pytest.mark.browser
LOOKS = pytest.mark.parametrize(("lang", "size"), [("zh", PHONE), ("en", DESKTOP)], ids=["zh-phone", "en-desktop"])
CITIES = {"zh": ("温州市", "杭州市"), "en": ("Wenzhou", "Hangzhou")}


async def names_both(page: Page, house: House, place: str, lang: str) -> None:
    """Expect the place to name the hall that took the case in, and the body that has it, each with its city."""
    bodies = house.where.service_bodies[WENZHOU], house.where.items[HANGZHOU, "estate-transfer"].body
    for city, body in zip(CITIES[lang], bodies, strict=True):
        await expect(page.locator(place)).to_contain_text(f"{city} · {body.name_zh if lang == 'zh' else body.name_en}")
    assert await objections(page) == []
    assert not await sideways(page)


@LOOKS
async def test_with_what_is_missing(house: House, opens: Opens, lang: str, size: tuple[int, int]) -> None:
    submitted = await house.case()
    case_no, body = str(submitted.case_no), house.where.items[HANGZHOU, "estate-transfer"].body.uscc
    await house.done(wire.OfferCustody(case_no=case_no, to_body=body, medium="electronic"), wire.AcceptCustody(case_no=case_no))
    missing = (MissingMaterial(code="deed", reason_code="absent"),)
    await house.done(wire.IssueCorrection(case_no=case_no, missing=missing))
    page = await looked_up(opens, str(submitted.receipt_no), str(submitted.code), lang=lang, size=size)

    await names_both(page, house, "#bring-to", lang)
    await shot(page, f"status-where-to-bring-{lang}")


@LOOKS
async def test_for_the_result(house: House, opens: Opens, lang: str, size: tuple[int, int]) -> None:
    submitted = await house.accepted(ago=timedelta(days=1))
    await house.all_carried()
    decision = wire.Decide(case_no=str(submitted.case_no), officer_ref="b" * 32, outcome="granted", document_no="D-1")
    await house.decided(decision)
    await house.all_carried()
    page = await looked_up(opens, str(submitted.receipt_no), str(submitted.code), lang=lang, size=size)

    await names_both(page, house, "#collect", lang)
    await shot(page, f"status-where-to-collect-{lang}")


async def test_one_body_is_named_once(house: House, opens: Opens) -> None:
    submitted = await house.case()
    missing = (MissingMaterial(code="deed", reason_code="absent"),)
    await house.done(wire.IssueCorrection(case_no=str(submitted.case_no), missing=missing))
    page = await looked_up(opens, str(submitted.receipt_no), str(submitted.code))

    await expect(page.locator("#bring-to")).to_have_text(f"交到：温州市 · {house.where.service_bodies[WENZHOU].name_zh}")
