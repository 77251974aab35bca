"""Every form of desk and worklist, opened as far as it goes, is whole: nothing that axe objects to, nothing cut, nothing wide."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NamedTuple

import pytest
from playwright.async_api import Page, expect

from shared.contracts import commands as wire
from shared.contracts.intake import MissingMaterial
from tests.browser.at_desk import asks, came, finds
from tests.browser.conftest import Opens
from tests.browser.house import HANGZHOU, WENZHOU, House, a_person
from tests.browser.looking import flaws

pytestmark = pytest.mark.browser
TRANSFER = "estate-transfer"
MISSING = (MissingMaterial(code="deed", reason_code="absent"),)
Where = Callable[[House, Opens], Awaitable[Page]]


class Form(NamedTuple):
    """An act, the page on which its case is open, and what is clicked so that everything it may ask is asked."""

    act: str
    opened: Where
    clicks: tuple[str, ...] = ()


async def at_desk(house: House, opens: Opens, receipt: str, region: str = WENZHOU) -> Page:
    page = await opens("intake", "/desk.html", as_=("clerk", house.where.service_bodies[region].uscc))
    await page.locator("#queue h2").wait_for()
    await asks(page, receipt)
    await page.locator("#promise").wait_for()
    return page


async def received(house: House, opens: Opens) -> Page:
    return await at_desk(house, opens, str((await house.case()).receipt_no))


async def told_what_is_missing(house: House, opens: Opens) -> Page:
    submitted = await house.case()
    await house.done(wire.IssueCorrection(case_no=str(submitted.case_no), missing=MISSING))
    return await at_desk(house, opens, str(submitted.receipt_no))


async def decided(house: House, opens: Opens) -> Page:
    submitted = await house.accepted(ago=timedelta(days=2))
    await house.all_carried()
    await house.decided(wire.Decide(case_no=str(submitted.case_no), outcome="granted", document_no="d-1", officer_ref="0" * 32))
    await house.all_carried()
    return await at_desk(house, opens, str(submitted.receipt_no))


async def somebody(house: House, opens: Opens) -> Page:
    person = a_person()
    await came(house, person)
    page = await opens("intake", "/desk.html", as_=("clerk", house.where.service_bodies[WENZHOU].uscc))
    await page.locator("#queue h2").wait_for()
    await finds(page, person)
    return page


async def nobody(house: House, opens: Opens) -> Page:
    await came(house, a_person(), applicant=None)
    page = await opens("intake", "/desk.html", as_=("clerk", house.where.service_bodies[WENZHOU].uscc))
    await page.locator("#queue [id^=here-]").first.click()
    return page


async def offered_to_a_desk(house: House, opens: Opens) -> Page:
    submitted = await house.case()
    to_body = house.where.service_bodies[HANGZHOU].uscc
    await house.done(wire.OfferCustody(case_no=str(submitted.case_no), to_body=to_body, medium="paper"))
    return await at_desk(house, opens, str(submitted.receipt_no), HANGZHOU)


async def worklist(house: House, opens: Opens, pick: str, role: str = "officer") -> Page:
    await house.all_carried()
    page = await opens("approval", "/", as_=(role, house.where.items[HANGZHOU, TRANSFER].body.uscc))
    await page.locator(pick).click()
    return page


async def undecided(house: House, opens: Opens) -> Page:
    return await worklist(house, opens, f"#pick-{(await house.accepted(ago=timedelta(days=3))).case_no}")


async def before_its_head(house: House, opens: Opens) -> Page:
    return await worklist(house, opens, f"#pick-{(await house.accepted(ago=timedelta(days=1))).case_no}", "head")


async def suspended(house: House, opens: Opens) -> Page:
    case_no = str((await house.accepted(ago=timedelta(days=3))).case_no)
    await house.all_carried()
    await house.decided(wire.StartSpecialProcedure(case_no=case_no, kind="appraisal", basis="licensing-law-45", expected_wd=5))
    return await worklist(house, opens, f"#pick-{case_no}")


async def offered(house: House, opens: Opens) -> Page:
    case_no = str((await house.case()).case_no)
    to_body = house.where.items[HANGZHOU, TRANSFER].body.uscc
    await house.done(wire.OfferCustody(case_no=case_no, to_body=to_body, medium="paper"))
    return await worklist(house, opens, f"#offer-{case_no}")


async def taken_over(house: House, opens: Opens) -> Page:
    return await worklist(house, opens, f"#offer-{await house.taken_over()}")


FORMS = {
    "desk-applying": Form("submit-application", somebody),
    "desk-giving": Form("attribute-visit", nobody),
    "desk-correcting": Form("issue-correction", received, ("missing-deed", "missing-id-card", "reason-absent")),
    "desk-correcting-again": Form("issue-correction", told_what_is_missing, ("missing-id-card", "reason-absent")),
    "desk-answering": Form("submit-correction", told_what_is_missing),
    "desk-offering": Form("offer-custody", received),
    "desk-returning": Form("return-custody", offered_to_a_desk),
    "desk-turning-away": Form("not-accept", received, ("reason-not-our-power",)),
    "desk-withdrawing": Form("withdraw", received),
    "desk-delivering": Form("deliver", decided),
    "worklist-granting": Form("decide", undecided, ("outcome-granted",)),
    "worklist-refusing": Form("decide", undecided, ("outcome-refused",)),
    "worklist-stopping": Form("start", undecided),
    "worklist-extending": Form("extend", before_its_head),
    "worklist-resuming": Form("end", suspended),
    "worklist-returning": Form("return-custody", offered),
    "worklist-turning-away": Form("not-accept", taken_over, ("reason-not-our-power",)),
}


@pytest.mark.parametrize("name", FORMS)
async def test_a_form_is_whole_on_every_screen(house: House, opens: Opens, name: str) -> None:
    form = FORMS[name]
    page = await form.opened(house, opens)
    await page.locator(f"#act-{form.act}").click()
    for click in form.clicks:
        await page.locator(f"label:has(#{click})").click()
    await page.locator("#act-form select, #act-form input").first.wait_for()
    await expect(page.locator("#act-form .loading")).to_have_count(0)

    assert await flaws(page, f"form-{name}") == []
    await expect(page.locator("#act-form")).to_be_visible()
