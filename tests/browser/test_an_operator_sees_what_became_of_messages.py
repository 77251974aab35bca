"""An operator sees whether messages go out and why some did not arrive, and finds each; by mouse, and by keyboard on a phone."""

from __future__ import annotations

from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Opens, shot
from tests.browser.held import Held
from tests.browser.house import House
from tests.browser.looking import objections

pytestmark = pytest.mark.browser
EVERY_MS = 6_000
"""The page has asked again by then."""
OWED = """
INSERT INTO intent (intent_id, journey, case_no, cause_event, template, recipient_role, channel, state, attempt, reason_code,
                    requested_at)
SELECT gen_random_uuid(), gen_random_uuid(), $1 || n, gen_random_uuid(), $2, 'applicant', $3, $4, $5, $6,
       clock_timestamp() - $7 * interval '1 minute'
FROM generate_series(1, $8) AS n
"""
STOCK = (
    ("receipt", "email", "sent", 1, None, 3, 12),
    ("acceptance", "email", "waiting", 2, "away", 14, 3),
    ("result", "email", "failed", 1, "unconfirmed", 30, 1),
    ("correction", "email", "failed", 1, "no-contact", 45, 2),
    ("receipt", "sms", "failed", 5, "internal-error", 50, 1),
)


async def messages(opens: Opens, house: House, *, query: str = "", **how: object) -> Page:
    """The page, with some messages of every kind; the cases are named after this visit to it."""
    name = uuid4().hex[:6]
    await house.notify_log.pool.execute("UPDATE intent SET state = 'suppressed'")
    for template, channel, state, attempt, reason, minutes, many in STOCK:
        case_no = f"330302-{name}-{template}-"
        await house.notify_log.pool.execute(OWED, case_no, template, channel, state, attempt, reason, minutes, many)
    page = await opens("notify", f"/{query}", as_=("operator", ""), **how)
    await page.locator("#each").wait_for()
    return page


@pytest.mark.parametrize(("lang", "size"), [("zh", DESKTOP), ("en", PHONE)], ids=["zh-desktop", "en-phone"])
async def test_what_waits_and_what_did_not_arrive_is_told_by_channel(
    house: House, opens: Opens, lang: str, size: tuple[int, int]
) -> None:
    page = await messages(opens, house, lang=lang, size=size)

    row = page.locator("#going tbody tr").filter(has_text={"zh": "电子邮件", "en": "E-mail"}[lang])
    assert (await row.locator("td").all_inner_texts())[:5] == ["3", "0", "12", "1", "2"]
    await expect(page.locator("#going")).to_contain_text(
        {"zh": "最早的一条已等 14 分钟", "en": "The oldest has waited 14 min"}[lang]
    )
    why = await page.locator("#why tbody th").all_inner_texts()
    assert len(why) == 4
    await expect(page.locator("#why")).to_contain_text({"zh": "对方可能已收到，因此不再重发", "en": "It may have arrived"}[lang])
    assert await objections(page) == []
    await shot(page, f"messages-{lang}-{size[0]}")


async def test_the_list_is_narrowed_by_keyboard_and_its_address_keeps_it(house: House, opens: Opens) -> None:
    page = await messages(opens, house, size=PHONE)
    await page.locator("#state-all").focus()
    for _ in range(3):
        await page.keyboard.press("ArrowRight")
    await expect(page.locator("#each tbody tr")).to_have_count(1)
    await expect(page.locator("#state-unconfirmed")).to_be_focused()
    assert page.url.endswith("?state=unconfirmed")
    await page.reload()

    await expect(page.locator("#each tbody tr")).to_have_count(1)
    await expect(page.locator("#each")).to_contain_text("办理结果")


async def test_a_message_that_goes_out_moves_while_one_looks(house: House, opens: Opens) -> None:
    page = await messages(opens, house, query="?state=waiting", clock=True)
    await expect(page.locator("#each tbody tr")).to_have_count(3)
    await house.notify_log.pool.execute("UPDATE intent SET state = 'sent' WHERE state = 'waiting'")
    await page.clock.run_for(EVERY_MS)

    await expect(page.locator("#none")).to_be_visible()
    await expect(page.locator("#going .ok")).to_contain_text("没有积压")


async def test_what_is_read_stays_where_it_is_while_it_is_asked_for_again(house: House, opens: Opens) -> None:
    page = await messages(opens, house, size=PHONE, clock=True)
    table = page.locator("#each .scroll")
    await table.focus()
    await table.evaluate("(one) => { one.scrollLeft = 60; window.before = [one, document.getElementById('state')]; }")
    for _ in range(2):
        async with page.expect_response("**/v1/outbox*"):
            await page.clock.run_for(EVERY_MS)
        await page.evaluate("fetch('/v1/about').then((answer) => answer.json())")

    assert await page.evaluate("window.before.every((one) => one.isConnected)")
    assert await table.evaluate("(one) => one.scrollLeft") == 60
    await expect(table).to_be_focused()


async def test_who_is_slow_to_answer_is_not_asked_meanwhile(house: House, opens: Opens) -> None:
    page = await messages(opens, house, clock=True)
    held = Held()
    await page.route("**/v1/outbox*", held.answer)
    await page.clock.run_for(EVERY_MS)
    await held.came.wait()
    await page.clock.run_for(12_000)
    await page.evaluate("fetch('/v1/about').then((answer) => answer.json())")

    assert held.times == 1
    await held.let_go(page)


async def test_a_list_that_was_asked_for_before_does_not_replace_the_one_chosen(house: House, opens: Opens) -> None:
    page = await messages(opens, house)
    held = Held()
    await page.route("**/v1/outbox?state=waiting", held.answer)
    await page.locator("label:has(#state-waiting)").click()
    await held.came.wait()
    await page.locator("label:has(#state-unconfirmed)").click()
    await expect(page.locator("#each tbody tr")).to_have_count(1)
    await held.let_go(page)

    assert await page.locator("#each tbody tr").count() == 1
    await expect(page.locator("#each")).to_contain_text("办理结果")


async def test_whoever_is_not_signed_in_is_led_to_the_door(house: House, opens: Opens) -> None:
    page = await opens("notify", "/")

    await expect(page.locator("#role-operator")).to_be_visible()
    await page.locator("#enter").click()
    await page.locator("#each").wait_for()
