"""At the desk a visit takes three keys, every step of a case one form, and a minute without network loses nothing."""

from __future__ import annotations

from uuid import uuid4

import orjson
import pytest
from playwright.async_api import Page, Route, expect

from services.intake.people import Pseudonyms
from shared.contracts import commands as wire
from shared.reference.deadlines import local_date
from shared.telemetry import clock
from tests.browser.at_desk import comes_for
from tests.browser.conftest import DESKTOP, PHONE, Opens, shot
from tests.browser.house import HANGZHOU, KEY, WENZHOU, House, a_person
from tests.browser.looking import focused

pytestmark = pytest.mark.browser


def clerk(house: House, region: str = WENZHOU) -> tuple[str, str]:
    return ("clerk", house.where.service_bodies[region].uscc)


async def visits(house: House, case_no: str | None) -> list[tuple[str, str, str]]:
    """Purpose, outcome and cause of each recorded visit of a case's journey."""
    rows = await house.intake_log.pool.fetch(
        "SELECT convert_from(e.body, 'utf8')::json -> 'data' AS data FROM event e JOIN case_index c ON e.key = c.journey::text "
        "WHERE c.case_no = $1 AND e.type = 'gov.intake.visit-recorded.v1' ORDER BY e.version",
        case_no,
    )
    return [(made["purpose"], made["outcome"], made["cause"]) for made in (orjson.loads(row["data"]) for row in rows)]


async def at_desk(opens: Opens, house: House, text: str, **how: object) -> Page:
    page = await opens("intake", "/desk.html", as_=clerk(house), **how)
    await page.locator("#queue h2").wait_for()
    await page.fill("#search", text)
    await page.press("#search", "Enter")
    await page.locator("#promise").wait_for()
    return page


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_purpose_outcome_cause_by_keyboard(house: House, opens: Opens, lang: str) -> None:
    submitted = await house.case()
    page = await at_desk(opens, house, str(submitted.receipt_no), lang=lang)
    assert await focused(page) == "journey-title"

    for key in ("2", "w", "a"):
        await page.keyboard.press(key)

    await expect(page.locator("#said")).to_contain_text("1")
    assert await visits(house, submitted.case_no) == [("apply", "missing_material", "not_informed")]
    assert await focused(page) == "journey-title"
    await shot(page, f"desk-recorded-{lang}")


async def test_the_second_run_of_one_promised_is_asked_why(house: House, opens: Opens) -> None:
    submitted = await house.case()
    await house.done(
        wire.RecordVisit(
            visit_id=uuid4(),
            case_no=submitted.case_no,
            item_code=house.item(),
            venue_id=house.hall("330303"),
            local_date=local_date(clock.now()),
            by="applicant",
            purpose="consult",
            outcome="wrong_place",
            cause="wrong_place",
            source="window",
        )
    )
    page = await at_desk(opens, house, str(submitted.case_no))

    await expect(page.locator("#promise")).to_contain_text("承诺跑 1 次，这是第 2 次。请说明原因。")
    await page.keyboard.press("5")
    await page.keyboard.press("q")
    await expect(page.locator("#ask-cause legend")).to_have_text("为什么又跑了一趟")
    await shot(page, "desk-second-run")
    await page.keyboard.press("x")
    await expect(page.locator("#said")).to_contain_text("已记录：第 2 次到场")
    assert (await visits(house, submitted.case_no))[-1] == ("collect", "done", "collect_failed")


async def test_what_was_recorded_by_mistake_is_undone(house: House, opens: Opens) -> None:
    submitted = await house.case()
    page = await at_desk(opens, house, str(submitted.case_no))
    await page.keyboard.press("1")
    await page.keyboard.press("q")
    await page.locator("#said button").click()

    await expect(page.locator("#said")).to_contain_text("已撤销")
    await expect(page.locator("#promise")).to_contain_text("体验次数 0 次")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_somebody_new_is_received_with_a_receipt(house: House, opens: Opens, size: tuple[int, int]) -> None:
    person = a_person()
    page = await opens("intake", "/desk.html", as_=clerk(house), size=size)
    await page.locator("#begin").click()
    await page.fill("#id_no", person)
    await page.select_option("#region", WENZHOU)
    await comes_for(page, house.item())
    await page.locator("label:has(#purpose-apply)").click()
    await page.locator("label:has(#outcome-done)").click()
    await shot(page, f"desk-new-{size[0]}")
    await page.locator("#record").click()
    await page.locator("#act-submit-application").click()
    await page.fill("#apply-id", person)
    await page.select_option("#apply-region", WENZHOU)
    for box in await page.locator("#act-form .choice.line").all():
        await box.click()
    await shot(page, f"desk-apply-{size[0]}")
    await page.locator("#act-send").click()
    await page.locator("#issued").wait_for()
    await shot(page, f"desk-issued-{size[0]}")

    receipt = await page.locator("#issued dd").first.text_content()
    row = await house.intake_log.pool.fetchrow("SELECT * FROM case_index WHERE receipt_no = $1", receipt)
    assert row is not None
    assert row["situation"] == "received"
    assert await visits(house, row["case_no"]) == [("apply", "done", "normal")]


async def test_a_case_is_told_once_what_is_missing_handed_over_and_delivered(house: House, opens: Opens) -> None:
    submitted = await house.case()
    page = await at_desk(opens, house, str(submitted.receipt_no))
    await page.locator("#act-issue-correction").click()
    for code in ("contract", "id-card"):
        await page.locator(f"label:has(#missing-{code})").click()
    await page.locator("label:has(#reason-absent)").click()
    await page.select_option("#why-id-card", "expired")
    await shot(page, "desk-correction")
    await page.locator("#act-send").click()
    await expect(page.locator(".note.wait li")).to_have_text(["转让合同 · 没有提供", "身份证明 · 已过期"])
    await page.locator("#act-submit-correction").click()
    await shot(page, "desk-in-correction")
    await page.locator("label:has(#complete-yes)").click()
    await page.locator("#act-send").click()
    await page.locator("#act-offer-custody").click()
    await page.locator("label:has(#medium-electronic)").click()
    await page.locator("#act-send").click()
    await page.locator("#act-withdraw-custody-offer").wait_for()
    await shot(page, "desk-offered")

    kinds = await house.intake_log.pool.fetch(
        "SELECT split_part(e.type, '.', 3) AS kind FROM event e JOIN case_index c ON e.key = c.journey::text WHERE c.case_no = $1 "
        "ORDER BY e.version",
        submitted.case_no,
    )
    told = [row["kind"] for row in kinds]
    assert told[-3:] == ["correction-notice-issued", "correction-submitted", "custody-offered"]


async def test_custody_is_taken_by_the_other_citys_clerk(house: House, opens: Opens) -> None:
    submitted = await house.case()
    to_body = house.where.service_bodies[HANGZHOU].uscc
    await house.done(wire.OfferCustody(case_no=str(submitted.case_no), to_body=to_body, medium="paper"))
    page = await opens("intake", "/desk.html", as_=clerk(house, HANGZHOU))
    await expect(page.locator(f"#pick-{submitted.case_no}")).to_contain_text("还有 7 个工作日")
    await page.locator(f"#pick-{submitted.case_no}").click()
    await page.locator("#act-accept-custody").click()

    await expect(page.locator("#said")).to_contain_text("已办：接收")
    holder = await house.intake_log.pool.fetchval("SELECT holder_body FROM case_index WHERE case_no = $1", submitted.case_no)
    assert holder == to_body


async def test_a_minute_without_network_loses_nothing_and_repeats_nothing(house: House, opens: Opens) -> None:
    submitted = await house.case()
    page = await at_desk(opens, house, str(submitted.receipt_no))
    keys: list[str] = []
    page.on(
        "request", lambda sent: keys.append(sent.headers.get("idempotency-key", "")) if sent.url.endswith("/record-visit") else None
    )
    # The first answer is lost on its way back, as if the line broke after the service had done its work.
    lost = 0

    async def lose(route: object) -> None:
        nonlocal lost
        lost += 1
        if lost == 1:
            await route.fetch()  # type: ignore[attr-defined]
        await route.abort("connectionfailed") if lost < 3 else await route.continue_()  # type: ignore[attr-defined]

    await page.route("**/record-visit", lose)
    await page.keyboard.press("3")
    await page.keyboard.press("q")
    await page.locator(".note.wait").wait_for()
    await shot(page, "desk-offline")
    await expect(page.locator("#said")).to_contain_text("已记录", timeout=20_000)

    assert await visits(house, submitted.case_no) == [("correct", "done", "normal")]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    await expect(page.locator(".note.wait")).to_have_count(0)


async def test_an_answer_that_was_cut_off_is_asked_for_again(house: House, opens: Opens) -> None:
    submitted = await house.case()
    page = await at_desk(opens, house, str(submitted.receipt_no))
    cut: list[bool] = []

    async def break_off(route: Route) -> None:
        answer = await route.fetch()
        body = await answer.body()
        await route.fulfill(response=answer, body=body if cut else body[:20])
        cut.append(True)

    await page.route("**/record-visit", break_off)
    await page.keyboard.press("3")
    await page.keyboard.press("q")

    await expect(page.locator("#said")).to_contain_text("已记录", timeout=20_000)
    assert await visits(house, submitted.case_no) == [("correct", "done", "normal")]


async def test_a_server_killed_under_the_open_desk_costs_no_letter_and_records_once(house: House, opens: Opens) -> None:
    person = a_person()
    page = await opens("intake", "/desk.html", as_=clerk(house))
    keys: list[str] = []
    page.on(
        "request", lambda sent: keys.append(sent.headers.get("idempotency-key", "")) if sent.url.endswith("/record-visit") else None
    )
    await page.locator("#begin").click()
    await page.locator("#id_no").press_sequentially(person[:9])
    await house.kill("intake")
    try:
        # The queue is read while the clerk types, as when the page is seen again; that it cannot be must leave her where she is.
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await page.locator(".note.wait").first.wait_for()
        assert await focused(page) == "id_no"
        await page.keyboard.type(person[9:])
        assert await page.input_value("#id_no") == person
        await page.select_option("#region", WENZHOU)
        await comes_for(page, house.item())
        await page.locator("label:has(#purpose-apply)").click()
        await page.locator("label:has(#outcome-done)").click()
        await page.locator("#record").click()
        await expect(page.locator(".note.wait")).to_contain_text("1")
        assert await page.input_value("#id_no") == person
        await shot(page, "desk-server-away")
    finally:
        await house.start("intake")
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.locator("#said")).to_contain_text("已记录", timeout=30_000)

    await expect(page.locator(".note.wait")).to_have_count(0)
    assert len(keys) > 1
    assert len(set(keys)) == 1
    stored = await house.intake_log.pool.fetchval(
        "SELECT count(*) FROM event WHERE type = 'gov.intake.visit-recorded.v1' "
        "AND convert_from(body, 'utf8')::json -> 'data' ->> 'subject_ref' = $1",
        Pseudonyms(KEY).subject_ref(person),
    )
    assert stored == 1
