"""Two people in a row are two people at the desk: no number, no answer and no refusal of one is taken for the other's."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.at_desk import TERMINAL, SlowRefusal, asks, away, came, fills_in, finds, known_as, sits, visits_of
from tests.browser.conftest import Opens, shot
from tests.browser.held import Held
from tests.browser.house import WENZHOU, House, a_person
from tests.browser.looking import focused

pytestmark = pytest.mark.browser


async def test_whoever_was_found_leaves_no_number_for_the_next(house: House, opens: Opens) -> None:
    person = a_person()
    await came(house, person)
    page = await sits(house, opens)
    await finds(page, person)
    assert await page.input_value("#search") == ""
    await page.locator("#begin").click()

    await expect(page.locator("#id_no")).to_be_focused()
    assert await page.input_value("#id_no") == ""


async def test_whoever_was_not_found_need_not_be_typed_again_and_only_once(house: House, opens: Opens) -> None:
    person = a_person()
    page = await sits(house, opens)
    await asks(page, f"{person[:6]} {person[6:].lower()}")
    await page.locator("#nothing").wait_for()
    await page.locator("#begin").click()
    await expect(page.locator("#item")).to_be_focused()
    assert await page.input_value("#id_no") == person
    await expect(page.locator("#nothing")).to_have_count(0)

    await page.locator("#begin").click()
    await expect(page.locator("#id_no")).to_be_focused()
    assert await page.input_value("#id_no") == ""


async def test_an_answer_about_somebody_new_leaves_the_next_one_alone(house: House, opens: Opens) -> None:
    first, second = a_person(), a_person()
    page = await sits(house, opens)
    held = Held()
    await page.route("**/record-visit", held.request)
    await page.locator("#begin").click()
    await fills_in(page, first, house.item())
    await page.locator("#record").click()
    await held.came.wait()
    await page.keyboard.press("n")
    await expect(page.locator("#id_no")).to_be_focused()
    assert await page.input_value("#id_no") == ""
    await fills_in(page, second, house.item())
    await held.let_go(page)

    await expect(page.locator("#said")).to_contain_text(f"关于证件号尾号 {first[-4:]} 的人：已记录：第一次到场")
    assert await page.input_value("#id_no") == second
    assert await page.input_value("#region") == WENZHOU
    assert await page.locator("#purpose-apply").is_checked()
    await shot(page, "desk-somebody-next")
    await page.locator("#record").click()
    await page.locator("#panel", has_text=known_as(second)).wait_for()
    assert [len(await visits_of(house, one)) for one in (first, second)] == [1, 1]


async def test_a_refusal_is_told_of_whom_it_is_about_with_the_way_back(house: House, opens: Opens) -> None:
    first, second = a_person(), a_person()
    page = await sits(house, opens)
    refusal = SlowRefusal()
    await page.route("**/record-visit", refusal)
    await page.locator("#begin").click()
    await fills_in(page, first, house.item())
    await page.locator("#record").click()
    await refusal.came.wait()
    await page.keyboard.press("n")
    await page.fill("#id_no", second)
    refusal.go.set()

    await expect(page.locator("#said")).to_contain_text(f"关于证件号尾号 {first[-4:]} 的人：这里不行。")
    await expect(page.locator("#error")).to_have_count(0)
    assert await page.input_value("#id_no") == second
    await page.locator("#said button").click()
    assert await page.input_value("#id_no") == first
    assert await page.locator("#outcome-done").is_checked()


async def test_a_visit_that_waits_keeps_nobody_elses_from_being_recorded(house: House, opens: Opens) -> None:
    people = [a_person(), a_person()]
    page = await sits(house, opens)
    await page.route("**/record-visit", away)
    await page.locator("#begin").click()
    for n, person in enumerate(people, 1):
        await fills_in(page, person, house.item())
        await page.locator("#record").click()
        await expect(page.locator("#caution")).to_contain_text(f"有 {n} 项还没有提交成功")
        await page.keyboard.press("n")
        await expect(page.locator("#id_no")).to_be_focused()
    await shot(page, "desk-two-wait")
    await page.unroute("**/record-visit")
    await page.evaluate("dispatchEvent(new Event('online'))")

    await expect(page.locator("#caution .note")).to_have_count(0, timeout=20_000)
    assert [len(await visits_of(house, person)) for person in people] == [1, 1]


async def test_a_visit_that_waits_cannot_be_recorded_twice_by_coming_back_to_it(house: House, opens: Opens) -> None:
    first, second = a_person(), a_person()
    journeys = [await came(house, person) for person in (first, second)]
    page = await sits(house, opens)
    await finds(page, first)
    await page.route("**/record-visit", away)
    await page.keyboard.press("1")
    await page.keyboard.press("q")
    await expect(page.locator("#record")).to_have_text("正在记录……")
    await page.locator(f"#here-{journeys[1]}").click()
    await expect(page.locator("#record")).to_have_text("记录")
    await page.locator(f"#here-{journeys[0]}").click()
    await expect(page.locator("#record")).to_have_text("正在记录……")
    await page.keyboard.press("1")
    await page.keyboard.press("q")
    await page.unroute("**/record-visit")
    await page.evaluate("dispatchEvent(new Event('online'))")

    await expect(page.locator("#record")).to_have_text("记录", timeout=20_000)
    assert len(await visits_of(house, first)) == 2


async def test_the_search_that_was_asked_last_is_the_one_that_counts(house: House, opens: Opens) -> None:
    first, second = a_person(), a_person()
    for person in (first, second):
        await came(house, person)
    page = await sits(house, opens)
    held = Held()
    await page.route("**/desk/find", held.answer)
    await asks(page, first)
    await held.came.wait()
    await finds(page, second)
    await held.let_go(page)

    await expect(page.locator("#panel")).to_contain_text(known_as(second))
    await expect(page.locator("#found .pick")).to_have_count(1)


async def test_a_search_opens_nothing_over_what_the_clerk_turned_to(house: House, opens: Opens) -> None:
    first, second = a_person(), a_person()
    await came(house, first)
    page = await sits(house, opens)
    held = Held()
    await page.route("**/desk/find", held.answer)
    await asks(page, first)
    await held.came.wait()
    await page.locator("#begin").click()
    await page.fill("#id_no", second)
    await held.let_go(page)

    await expect(page.locator("#found .pick")).to_have_count(1)
    assert await page.input_value("#id_no") == second
    assert await focused(page) == "id_no"


async def test_a_journey_is_shown_as_it_stands_at_the_venue_where_the_clerk_sits_now(house: House, opens: Opens) -> None:
    person = a_person()
    journey = await came(house, person)
    page = await sits(house, opens)
    await page.select_option("#venue", house.hall())
    await finds(page, person)
    await expect(page.locator("#promise")).to_contain_text("这是第 1 次")
    await page.select_option("#venue", TERMINAL)
    await expect(page.locator("#promise")).to_contain_text("这是第 2 次。请说明原因。")

    await page.select_option("#venue", house.hall())
    await expect(page.locator("#promise")).to_contain_text("这是第 1 次")
    held = Held()
    await page.route(f"**/v1/desk/journeys/{journey}**", held.answer)
    await page.select_option("#venue", TERMINAL)
    await held.came.wait()
    async with page.expect_response(f"**/v1/desk/journeys/{journey}**"):
        await page.select_option("#venue", house.hall())
    await held.let_go(page)
    await expect(page.locator("#promise")).to_contain_text("这是第 1 次")
