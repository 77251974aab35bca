"""When a session ends the page stays as it is: what was typed, what waits to be sent, and in whose name."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import Opens, shot
from tests.browser.house import HANGZHOU, WENZHOU, House
from tests.browser.looking import objections

pytestmark = pytest.mark.browser
CONNECTED = "dispatchEvent(new Event('online'))"
"""What a page waits for besides the time."""


async def signs_in(page: Page, house: House, service: str, role: str, body: str) -> None:
    chosen = {"role": role, "body": body}
    answer = await page.context.request.post(house.urls[service] + "/v1/session/demo", data=chosen, max_retries=1)
    assert answer.ok


async def signs_out(page: Page) -> None:
    await page.context.clear_cookies()


async def test_what_was_typed_at_the_desk_stays_until_its_clerk_is_back(house: House, opens: Opens) -> None:
    body = house.where.service_bodies[WENZHOU].uscc
    page = await opens("intake", "/desk.html", as_=("clerk", body), clock=True)
    await page.locator("#begin").click()
    await page.fill("#id_no", "33010019900101001X")
    await signs_out(page)
    await page.clock.run_for(16_000)

    await expect(page.locator(".note.wait")).to_contain_text("登录已过期。已填写的内容还在。")
    assert await page.input_value("#id_no") == "33010019900101001X"
    assert await objections(page) == []
    await shot(page, "desk-signed-out")
    await signs_in(page, house, "intake", "clerk", body)
    await page.clock.run_for(16_000)
    await expect(page.locator(".note.wait")).to_have_count(0)
    assert await page.input_value("#id_no") == "33010019900101001X"


async def test_what_waits_is_sent_in_nobody_elses_name(house: House, opens: Opens) -> None:
    submitted = await house.case()
    bodies = [house.where.service_bodies[region].uscc for region in (WENZHOU, HANGZHOU)]
    page = await opens("intake", "/desk.html", as_=("clerk", bodies[0]))
    await page.fill("#search", str(submitted.receipt_no))
    await page.press("#search", "Enter")
    await page.locator("#promise").wait_for()
    await signs_out(page)
    await signs_in(page, house, "intake", "clerk", bodies[1])
    await page.keyboard.press("3")
    await page.keyboard.press("q")
    await expect(page.locator(".note.wait")).to_contain_text("登录已过期，有 1 项等待提交")
    await shot(page, "desk-somebody-else")
    await signs_in(page, house, "intake", "clerk", bodies[0])
    await page.evaluate(CONNECTED)

    await expect(page.locator("#said")).to_contain_text("已记录", timeout=20_000)
    asked = await house.intake_log.pool.fetchval(
        "SELECT convert_from(e.body, 'utf8')::json ->> 'actorbody' FROM event e JOIN case_index c ON e.key = c.journey::text "
        "WHERE c.case_no = $1 AND e.type = 'gov.intake.visit-recorded.v1'",
        submitted.case_no,
    )
    assert asked == bodies[0]


async def test_the_worklist_waits_for_its_officer_too(house: House, opens: Opens) -> None:
    body = house.where.items[HANGZHOU, "estate-transfer"].body.uscc
    page = await opens("approval", "/", as_=("officer", body), clock=True)
    await page.locator("#due").wait_for()
    await signs_out(page)
    await page.clock.run_for(11_000)

    await expect(page.locator("#lists .note.wait a")).to_have_attribute("href", "/parts/sign-in.html?second")
    await page.evaluate("() => { window.said = document.querySelector('#lists [role=alert]'); }")
    await page.locator("label:has(#filter-soon)").click()
    assert await page.evaluate("window.said.isConnected"), "it would be read out again"
    await signs_in(page, house, "approval", "officer", body)
    await page.clock.run_for(11_000)
    await expect(page.locator("#lists .note.wait")).to_have_count(0)


async def test_whoever_signed_in_anew_on_another_page_finds_at_once(house: House, opens: Opens) -> None:
    submitted = await house.case()
    body = house.where.service_bodies[WENZHOU]
    page = await opens("intake", "/desk.html", as_=("clerk", body.uscc), name="the-clerk")
    await page.locator("#queue h2").wait_for()
    token = house.keys.issue("clerk", "the-clerk", body=body.uscc, region=body.region, ttl_s=1_800)
    answer = await page.context.request.post(house.urls["intake"] + "/v1/session", data={"token": token})
    assert answer.ok
    await page.fill("#search", str(submitted.receipt_no))
    await page.press("#search", "Enter")

    await expect(page.locator("#promise")).to_be_visible()


async def test_who_cannot_be_signed_out_is_told_so(house: House, opens: Opens) -> None:
    page = await opens("intake", "/desk.html", as_=("clerk", house.where.service_bodies[WENZHOU].uscc))
    await page.locator("#queue h2").wait_for()
    await page.context.set_offline(True)
    await page.locator("#leave").click()
    await expect(page.locator("#said")).to_contain_text("连不上系统，请稍后再试。")
    await page.context.set_offline(False)
    await page.locator("#leave").click()

    await page.wait_for_url("**/parts/sign-in.html*")


@pytest.mark.parametrize("asked", ["session", "about"])
async def test_a_page_that_opens_in_a_bad_moment_says_so_and_goes_on(house: House, opens: Opens, asked: str) -> None:
    async def away(route: Route) -> None:
        await route.fulfill(status=503, json={"rule": "unavailable"})

    page = await opens("approval", "/", as_=("officer", house.where.items[HANGZHOU, "estate-transfer"].body.uscc))
    await page.route(f"**/v1/{asked}", away)
    await page.reload()
    await expect(page.locator("main .loading")).to_contain_text("连不上系统，正在重试")
    await page.unroute(f"**/v1/{asked}")
    await page.evaluate(CONNECTED)

    await page.locator("#due").wait_for()
    await expect(page.locator("#masthead .badge")).to_have_text("演示数据")


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "/%09/evil.example", "/%5Cevil.example", "https://evil.example", "http://"]
)
async def test_signing_in_leads_to_no_other_site(house: House, opens: Opens, elsewhere: str) -> None:
    page = await opens("intake", f"/parts/sign-in.html?next={elsewhere}")
    await page.locator("#enter").click()
    await page.wait_for_url(lambda url: "sign-in" not in url)

    assert page.url.startswith(house.urls["intake"])
