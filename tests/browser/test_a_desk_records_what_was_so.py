"""What the desk records and tells is so: the whole number, the day at the service, why somebody had to come, what was received."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Page, Route, expect

from services.intake.people import Pseudonyms
from shared.contracts import commands as wire
from shared.reference.deadlines import local_date
from shared.telemetry import clock
from tests.browser.at_desk import asks, came, fills_in, finds, known_as, refused, sits, visits_of
from tests.browser.conftest import Opens, shot
from tests.browser.house import KEY, WENZHOU, House, a_person

pytestmark = pytest.mark.browser


def as_printed(person: str) -> str:
    """A number with the gaps that cards and systems print."""
    return f" {person[:6]} {person[6:14]}\u3000{person[14:]} "


async def pastes(page: Page, field: str, text: str) -> None:
    """Put a text into a field as a user does, so that what the field cuts off is cut off."""
    await page.locator(field).focus()
    await page.keyboard.insert_text(text)


async def applies(page: Page, person: str, **contact: str) -> None:
    """Apply for somebody whose journey is open."""
    await page.locator("#act-submit-application").click()
    await page.fill("#apply-id", person)
    await page.select_option("#apply-region", WENZHOU)
    for field, value in contact.items():
        await page.fill(f"#apply-{field}", value)
    await page.locator("#act-send").click()
    await page.locator("#handed").wait_for()


async def test_a_number_that_is_pasted_with_gaps_stays_whole(house: House, opens: Opens) -> None:
    person = a_person()
    page = await sits(house, opens)
    await page.locator("#begin").click()
    await fills_in(page, "", house.item())
    await pastes(page, "#id_no", as_printed(person))
    await page.locator("#record").click()
    await page.locator("#panel", has_text=known_as(person)).wait_for()
    await page.locator("#act-submit-application").click()
    await pastes(page, "#apply-id", as_printed(person))
    assert await page.locator("#apply-id").evaluate("(field) => field.checkValidity()")
    await page.select_option("#apply-region", WENZHOU)
    await page.locator("#act-send").click()

    await expect(page.locator("#issued")).to_be_focused()
    assert [visit["subject_ref"] for visit in await visits_of(house, person)] == [Pseudonyms(KEY).subject_ref(person)]


async def test_what_is_no_id_number_is_not_sent(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person)
    page = await sits(house, opens)
    await finds(page, person)
    await page.locator("#act-submit-application").click()
    for text in ("12345", "1" * 19, "330302-19900101"):
        await page.fill("#apply-id", "")
        await pastes(page, "#apply-id", text)

        assert not await page.locator("#apply-id").evaluate("(field) => field.checkValidity()"), text
    await page.fill("#apply-id", person)
    assert await page.locator("#apply-id").evaluate("(field) => field.checkValidity()")


async def test_the_day_is_the_services_whatever_the_machine_says(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person)
    page = await sits(house, opens)
    await page.clock.set_fixed_time(clock.now() + timedelta(days=2))
    await finds(page, person)
    await page.keyboard.press("1")
    await page.keyboard.press("q")

    await expect(page.locator("#said")).to_contain_text("已记录")
    assert [visit["local_date"] for visit in await visits_of(house, person)] == [local_date(clock.now()).isoformat()] * 2
    await expect(page.locator(".story button")).to_have_count(2)


async def test_what_was_applied_for_and_not_received_says_so(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person)
    page = await sits(house, opens)
    await finds(page, person)
    await page.route("**/commands/receive", refused)
    await page.locator("#act-submit-application").click()
    await page.fill("#apply-id", person)
    await page.select_option("#apply-region", WENZHOU)
    await page.locator("#act-send").click()

    await expect(page.locator("#error")).to_be_focused()
    await expect(page.locator("#error")).to_have_text("这里不行。")
    await expect(page.locator("#issued strong")).to_have_text("已提交，还没有收件。请先收件，再把回执交给申请人。")
    await shot(page, "desk-not-received")
    await page.keyboard.press("2")
    assert await page.locator("#purpose-apply").is_checked()
    await page.unroute("**/commands/receive")
    await page.locator("#act-receive").click()
    await expect(page.locator("#issued strong")).to_have_text("已收件，请把回执交给申请人")
    await expect(page.locator("#issued dd").first).to_contain_text("S")


async def test_the_first_visit_about_what_promises_none_is_asked_why(house: House, opens: Opens) -> None:
    person = a_person()
    page = await sits(house, opens)
    await page.locator("#begin").click()
    await fills_in(page, person, house.item("business-licence", WENZHOU))
    await expect(page.locator("#ask-cause legend")).to_have_text("为什么要跑这一趟")
    await expect(page.locator("#record")).to_be_disabled()
    await shot(page, "desk-none-promised")
    await page.locator("label:has(#cause-not_informed)").click()
    await page.locator("#record").click()

    await page.locator("#panel", has_text=known_as(person)).wait_for()
    assert [visit["cause"] for visit in await visits_of(house, person)] == ["not_informed"]


async def test_where_nothing_was_promised_nothing_is_compared(house: House, opens: Opens) -> None:
    person = a_person()
    journey = await came(house, person)

    async def undeclared(route: Route) -> None:
        answer = await route.fetch()
        told = await answer.json()
        told["promise"]["declared"] = None
        await route.fulfill(response=answer, json=told)

    page = await sits(house, opens)
    await page.route(f"**/v1/desk/journeys/{journey}**", undeclared)
    await asks(page, person)

    await expect(page.locator("#promise strong")).to_have_text("这件事没有承诺次数；这是第 1 次。")


async def test_who_comes_on_somebodys_behalf_makes_no_run_of_theirs(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person)
    page = await sits(house, opens)
    await finds(page, person)
    await page.locator("label:has(#by-agent)").click()
    await page.locator("label:has(#purpose-apply)").click()
    await page.locator("label:has(#outcome-done)").click()
    await page.locator("#record").click()

    await expect(page.locator("#said")).to_contain_text("代办到场")
    assert [visit["by"] for visit in await visits_of(house, person)] == ["applicant", "agent"]
    await expect(page.locator("#by-agent")).not_to_be_checked()


async def test_how_an_applicant_is_reached_is_asked_and_kept(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person)
    page = await sits(house, opens)
    await finds(page, person)
    await applies(page, person, email="somebody@example.org", phone="0571 8888 0000")

    await expect(page.locator("#issued")).to_be_focused()
    kept = await house.intake_log.pool.fetch(
        "SELECT email, phone FROM case_contact WHERE subject_ref = $1", Pseudonyms(KEY).subject_ref(person)
    )
    assert [tuple(row) for row in kept] == [("somebody@example.org", "0571 8888 0000")]


async def test_a_receipt_is_there_until_it_was_handed_out(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person)
    page = await sits(house, opens)
    await finds(page, person)
    await applies(page, person)
    code = str(await page.locator("#issued dd").last.text_content())
    await page.keyboard.press("n")
    await expect(page.locator("#issued")).to_have_count(0)
    await finds(page, person)
    await expect(page.locator("#issued dd").last).to_have_text(code)

    await page.locator("#handed").click()
    await expect(page.locator("#issued")).to_have_count(0)
    await expect(page.locator("#journey-title")).to_be_focused()


async def test_a_visit_that_is_recorded_takes_no_half_filled_form_along(house: House, opens: Opens) -> None:
    submitted = await house.case()
    page = await sits(house, opens)
    await asks(page, str(submitted.receipt_no))
    await page.locator("#act-issue-correction").click()
    await page.locator("label:has(#missing-deed)").click()
    await page.locator("label:has(#purpose-consult)").click()
    await page.locator("label:has(#outcome-done)").click()
    await page.locator("#record").click()

    await expect(page.locator("#said")).to_contain_text("已记录")
    await expect(page.locator("#missing-deed")).to_be_checked()


async def test_no_day_is_named_while_the_clock_stands_still(house: House, opens: Opens) -> None:
    submitted = await house.accepted(ago=timedelta(days=1))
    await house.all_carried()
    halt = wire.StartSpecialProcedure(case_no=str(submitted.case_no), kind="appraisal", basis="licensing-law-45", expected_wd=5)
    await house.decided(halt)
    await house.all_carried()
    page = await sits(house, opens)
    await asks(page, str(submitted.receipt_no))

    await expect(page.locator("#panel dl")).to_contain_text("鉴定期间时限中止，尚无日期")


async def test_visits_of_nobody_are_given_to_whoever_made_them(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person, applicant=None)
    page = await sits(house, opens)
    await page.locator("#queue [id^=here-]").first.click()
    await page.locator("#act-attribute-visit").click()
    await page.fill("#apply-id", person)
    await page.select_option("#apply-region", WENZHOU)
    await page.locator("#act-send").click()
    await page.locator("#panel", has_text=known_as(person)).wait_for()

    await expect(page.locator("#act-submit-application")).to_be_visible()
    assert [visit["purpose"] for visit in await visits_of(house, person)] == ["consult"]
