"""What became of a case is told of that case, however late the answer comes, and leaves the one in front of the officer alone."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Opens, shot
from tests.browser.held import Held
from tests.browser.house import HANGZHOU, House

pytestmark = pytest.mark.browser


async def worklist(house: House, opens: Opens, **how: object) -> Page:
    body = house.where.items[HANGZHOU, "estate-transfer"].body.uscc
    page = await opens("approval", "/", as_=("officer", body), **how)
    await page.locator("#due").wait_for()
    return page


async def two_cases(house: House) -> list[str]:
    """Their numbers; both wait for a decision."""
    made = [str((await house.accepted(ago=timedelta(days=3))).case_no) for _ in range(2)]
    await house.all_carried()
    return made


async def deciding(page: Page, case_no: str) -> None:
    """Open a case, and its form up to the decision."""
    await page.locator(f"#pick-{case_no}").click()
    await page.locator("#act-decide").click()
    await page.locator("label:has(#outcome-granted)").click()


async def decided_elsewhere(page: Page, house: House, case_no: str) -> None:
    """Have a colleague decide a case."""
    body = house.where.items[HANGZHOU, "estate-transfer"].body
    token = house.keys.issue("officer", "a-colleague", body=body.uscc, region=body.region)
    headers = {"authorization": f"Bearer {token}", "idempotency-key": str(uuid4())}
    decision = {"case_no": case_no, "outcome": "granted", "document_no": f"elsewhere-{case_no[-6:]}"}
    answer = await page.context.request.post(house.urls["approval"] + "/v1/commands/decide", data=decision, headers=headers)
    assert answer.status == 201


async def test_a_decision_that_is_answered_late_is_told_by_its_number(house: House, opens: Opens) -> None:
    first, second = await two_cases(house)
    page = await worklist(house, opens)
    held = Held()
    await page.route("**/v1/commands/decide", held.request)
    await deciding(page, first)
    await page.locator("#act-send").click()
    await held.came.wait()
    await deciding(page, second)
    await page.locator("#document").focus()
    await held.let_go(page)

    await expect(page.locator("#said")).to_contain_text(f"办件 {first[-18:]}：已办结：准予。")
    await expect(page.locator(f"#pick-{first}")).to_have_count(0)
    await expect(page.locator("#document")).to_be_focused()
    await expect(page.locator("article dd").first).to_have_text(second)
    await expect(page.locator("#act-send")).to_be_enabled()
    await shot(page, "worklist-told-elsewhere")


async def test_a_refusal_that_comes_late_is_not_the_next_cases(house: House, opens: Opens) -> None:
    first, second = await two_cases(house)
    page = await worklist(house, opens)
    held = Held()
    await page.route("**/v1/commands/decide", held.request)
    await deciding(page, first)
    await page.locator("#act-send").click()
    await held.came.wait()
    await decided_elsewhere(page, house, first)
    await page.locator(f"#pick-{second}").click()
    await held.let_go(page)

    await expect(page.locator("#said")).to_contain_text(f"办件 {first[-18:]}：此件已由他人作出决定")
    await expect(page.locator(f"#pick-{first}")).to_have_count(0)
    await expect(page.locator("#error")).to_have_count(0)
    await expect(page.locator("#case-title")).to_be_focused()
    await expect(page.locator("article dd").first).to_have_text(second)


async def test_the_next_case_is_decided_while_one_waits(house: House, opens: Opens) -> None:
    first, second = await two_cases(house)
    page = await worklist(house, opens)
    held = Held()
    await page.route("**/v1/commands/decide", held.request)
    await deciding(page, first)
    await page.locator("#act-send").click()
    await held.came.wait()
    await expect(page.locator("#act-decide")).to_be_disabled()
    await deciding(page, second)
    await page.locator("#act-send").click()
    await expect(page.locator("#decision")).to_contain_text("您已于")
    await held.let_go(page)

    await expect(page.locator("#said")).to_contain_text(f"办件 {first[-18:]}")
    rows = await house.approval_log.pool.fetch("SELECT situation FROM worklist WHERE case_no = ANY($1)", [first, second])
    assert [row["situation"] for row in rows] == ["granted", "granted"]


async def test_a_list_that_was_asked_for_before_does_not_come_back(house: House, opens: Opens) -> None:
    first, _ = await two_cases(house)
    page = await worklist(house, opens, clock=True)
    held = Held()
    await page.route("**/v1/desk", held.answer)
    await page.clock.run_for(11_000)
    await held.came.wait()
    await deciding(page, first)
    await page.locator("#act-send").click()
    await expect(page.locator("#decision")).to_contain_text("您已于")
    await expect(page.locator(f"#pick-{first}")).to_have_count(0)
    await held.let_go(page)

    assert await page.locator(f"#pick-{first}").count() == 0
    assert await page.locator("#decision").is_visible()


async def test_what_is_heard_of_one_case_is_not_shown_as_another(house: House, opens: Opens) -> None:
    first, second = await two_cases(house)
    page = await worklist(house, opens, clock=True)
    for case_no in (first, second):
        await decided_elsewhere(page, house, case_no)
    await page.clock.run_for(11_000)
    await expect(page.locator(f"#pick-{second}")).to_have_count(0)
    await page.locator("#lists summary").click()
    await page.locator(f"#done-{first}").click()
    held = Held()
    await page.route("**/v1/cases/*", held.answer)
    await page.clock.run_for(11_000)
    await held.came.wait()
    await page.locator(f"#done-{second}").click()
    await held.let_go(page)

    assert await page.locator("article dd").first.inner_text() == second
    await expect(page.locator("#decision")).to_contain_text(f"elsewhere-{second[-6:]}")


async def test_what_the_officer_fills_in_is_left_alone_while_the_list_moves(house: House, opens: Opens) -> None:
    first, second = await two_cases(house)
    page = await worklist(house, opens, clock=True)
    await deciding(page, first)
    await page.evaluate("() => { window.filled = document.getElementById('act-form'); }")
    await decided_elsewhere(page, house, second)
    await page.clock.run_for(11_000)
    await expect(page.locator(f"#pick-{second}")).to_have_count(0)

    assert await page.evaluate("window.filled.isConnected")
