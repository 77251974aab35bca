"""Promise: what is scanned or typed leads to whom it names, wherever the focus is, and a slip makes nobody new unseen."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.at_desk import asks, came, finds, known_as, sits, visits_of
from tests.browser.conftest import Opens, shot
from tests.browser.house import House, a_person

pytestmark = pytest.mark.browser


async def scans(page: Page, receipt: str) -> None:
    """Type as a scanner does: capitals by the shift key, and Enter behind them."""
    for letter in receipt:
        await page.keyboard.press(f"Shift+{letter}" if letter.isalpha() else letter)
    await page.keyboard.press("Enter")


async def test_a_receipt_that_is_scanned_is_searched_for_and_records_nothing(house: House, opens: Opens) -> None:
    person, other = a_person(), await house.case()
    await came(house, person)
    page = await sits(house, opens)
    await finds(page, person)

    await scans(page, str(other.receipt_no))

    await expect(page.locator("#panel dd").first).to_have_text(str(other.case_no))
    assert len(await visits_of(house, person)) == 1


async def test_the_letters_that_a_desk_shows_of_somebody_lead_to_them(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person)
    page = await sits(house, opens)

    await asks(page, known_as(person))

    await expect(page.locator("#panel")).to_contain_text(known_as(person))


async def test_what_is_no_number_of_a_card_is_not_taken_for_one(house: House, opens: Opens) -> None:
    page = await sits(house, opens)
    for text in ("3f9a1c20", "SB3QAAAAAAAA", "sabcdefghijkl"):
        await asks(page, text)
        await page.locator("#begin-found").click()

        await expect(page.locator("#id_no")).to_be_focused()
        assert await page.input_value("#id_no") == "", text


async def test_a_check_digit_that_does_not_fit_is_pointed_out(house: House, opens: Opens) -> None:
    page = await sits(house, opens)
    await page.locator("#begin").click()
    await page.fill("#id_no", "11010519491231002X")
    await expect(page.locator("#id-doubt")).to_have_text("")

    await page.fill("#id_no", "11010519491231003X")

    await expect(page.locator("#id-doubt")).to_contain_text("校验位不对")
    await shot(page, "desk-doubt")


async def test_where_a_desk_is_stays_a_guess_until_its_clerk_says_so(house: House, opens: Opens) -> None:
    page = await sits(house, opens)
    await expect(page.locator("#guessed")).to_be_visible()
    await shot(page, "desk-guessed")
    await page.reload()
    await page.locator("#seated").click()
    await expect(page.locator("#guessed")).to_have_count(0)

    await page.reload()

    await page.locator("#queue h2").wait_for()
    await page.locator("#venue option").first.wait_for(state="attached")
    await expect(page.locator("#guessed")).to_have_count(0)
