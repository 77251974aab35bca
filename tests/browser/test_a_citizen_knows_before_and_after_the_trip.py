"""Before a trip: do I need to go, where and with what. After it: where the case is, what comes next, and the promise."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.async_api import Page, Route, expect

from services.intake.guesses import WRONG_MAX
from shared.contracts import commands as wire
from shared.contracts.ingress import Receipt
from shared.contracts.intake import MissingMaterial
from shared.reference.deadlines import local_date
from shared.telemetry import clock
from tests.browser.conftest import DESKTOP, PHONE, Opens, shot
from tests.browser.held import Held
from tests.browser.house import House
from tests.browser.looking import objections, sideways

pytestmark = pytest.mark.browser
WIDE = {ord(digit): ord(digit) - ord("0") + 0xFF10 for digit in "0123456789"}


async def looked_up(opens: Opens, receipt: str, code: str, **how: object) -> Page:
    page = await opens("intake", "/", **how)
    await page.fill("#receipt", receipt)
    await page.fill("#code", code)
    await page.press("#code", "Enter")
    return page


async def looked_up_again(page: Page, submitted: Receipt) -> None:
    await page.fill("#receipt", str(submitted.receipt_no))
    await page.fill("#code", str(submitted.code))
    await page.press("#code", "Enter")
    await page.locator("#answer").wait_for()


@pytest.mark.parametrize(("lang", "size"), [("zh", PHONE), ("en", DESKTOP)], ids=["zh-phone", "en-desktop"])
async def test_the_receipt_and_the_code_show_the_whole_way(house: House, opens: Opens, lang: str, size: tuple[int, int]) -> None:
    submitted = await house.accepted(ago=timedelta(days=1))
    page = await looked_up(opens, str(submitted.receipt_no), str(submitted.code), lang=lang, size=size)
    await expect(page.locator("#answer")).to_be_focused()

    text = await page.locator("main").inner_text()
    for word in {
        "zh": ("已受理", "杭州市 · 杭州市规划和自然资源局", "最晚", "跑了 0 次"),
        "en": ("Accepted", "Hangzhou", "At the latest", "0 so far"),
    }[lang]:
        assert word in text
    await shot(page, f"status-{lang}-{size[0]}")


async def test_what_is_missing_is_told_whole_and_with_its_day(house: House, opens: Opens) -> None:
    submitted = await house.case()
    missing = tuple(MissingMaterial(code=code, reason_code="absent") for code in ("deed", "id-card"))
    await house.done(wire.IssueCorrection(case_no=str(submitted.case_no), missing=missing))
    page = await looked_up(opens, str(submitted.receipt_no), str(submitted.code), size=PHONE)

    await expect(page.locator(".note.lived")).to_contain_text("不动产权证书 · 没有提供")
    await expect(page.locator(".note.lived")).to_contain_text("身份证明 · 没有提供")
    await expect(page.locator("main")).to_contain_text("请您补正材料")
    await shot(page, "status-missing")


@pytest.mark.parametrize(("lang", "size"), [("zh", PHONE), ("en", DESKTOP)], ids=["zh-phone", "en-desktop"])
async def test_who_was_turned_away_or_refused_reads_why_and_what_to_do(
    house: House, opens: Opens, lang: str, size: tuple[int, int]
) -> None:
    away, refused = await house.case(), await house.accepted(ago=timedelta(days=1))
    body = house.where.bodies[0]
    remedies = ("reconsideration", "lawsuit")
    turn_away = wire.NotAccept(case_no=str(away.case_no), reason_code="not-our-power", competent_body=body.uscc, remedies=remedies)
    await house.done(turn_away)
    await house.all_carried()
    refusal = wire.Decide(
        case_no=str(refused.case_no),
        officer_ref="b" * 32,
        outcome="refused",
        document_no="D-1",
        reason_codes=("untrue-materials",),
        remedies=remedies,
    )
    await house.decided(refusal)
    await house.all_carried()

    turned_away = {"zh": f"有权办理的单位：{body.name_zh}", "en": f"The competent body: {body.name_en}"}
    for submitted, why in ((away, turned_away), (refused, {"zh": "材料不真实", "en": "untrue"})):
        page = await looked_up(opens, str(submitted.receipt_no), str(submitted.code), lang=lang, size=size)
        await expect(page.locator("#why")).to_contain_text(why[lang])
        await expect(page.locator("#why")).to_contain_text({"zh": "可提起行政诉讼", "en": "Administrative lawsuit"}[lang])
        await expect(page.locator("#why")).to_contain_text({"zh": "60 日内", "en": "within 60 days"}[lang])
        assert await objections(page) == []
        await shot(page, f"status-why-{submitted.case_no}-{lang}")
    await expect(page.locator("#why p")).to_have_count(1)


async def test_a_broken_promise_is_said_plainly(house: House, opens: Opens) -> None:
    submitted = await house.case()
    today = local_date(clock.now())
    for days, cause in ((1, "not_informed"), (0, "normal")):
        visit = wire.RecordVisit(
            visit_id=uuid4(),
            case_no=submitted.case_no,
            item_code=house.item(),
            venue_id=house.hall(),
            local_date=today - timedelta(days=days),
            by="applicant",
            purpose="apply",
            outcome="done",
            cause=cause,  # type: ignore[arg-type]
            source="window",
        )
        await house.done(visit)
    page = await looked_up(opens, str(submitted.receipt_no), str(submitted.code), size=PHONE)

    await expect(page.locator("main")).to_contain_text("没有兑现：承诺最多跑 1 次，您跑了 2 次。")
    await expect(page.locator("main")).to_contain_text("没有一次性告知")
    await shot(page, "status-broken")


@pytest.mark.parametrize(("lang", "size"), [("zh", PHONE), ("en", DESKTOP)], ids=["zh-phone", "en-desktop"])
async def test_a_halted_clock_is_explained_and_the_new_day_shown(
    house: House, opens: Opens, lang: str, size: tuple[int, int]
) -> None:
    submitted = await house.accepted(ago=timedelta(days=5))
    case_no = str(submitted.case_no)
    halt = wire.StartSpecialProcedure(case_no=case_no, kind="appraisal", basis="licensing-law-45", expected_wd=5)
    await house.all_carried()
    await house.decided(halt, ago=timedelta(days=4))
    await house.all_carried()
    page = await looked_up(opens, str(submitted.receipt_no), str(submitted.code), lang=lang, size=size)
    await expect(page.locator("#halted")).to_contain_text(
        {"zh": "正在进行鉴定，办理时限暂停计算", "en": "Appraisal under way"}[lang]
    )
    await shot(page, f"status-halted-{lang}")

    await house.decided(wire.EndSpecialProcedure(case_no=case_no, result="completed"))
    await house.all_carried()
    await page.reload()
    await looked_up_again(page, submitted)

    await expect(page.locator("#halted")).to_have_count(0)
    await expect(page.locator("#moved")).to_contain_text({"zh": "鉴定期间时限暂停", "en": "the clock stood still"}[lang])
    assert not await sideways(page)
    await shot(page, f"status-moved-{lang}")


async def test_the_messages_that_were_sent_are_listed(house: House, opens: Opens) -> None:
    submitted = await house.case()
    await house.notified(str(submitted.journey))
    page = await looked_up(opens, str(submitted.receipt_no), str(submitted.code), size=PHONE)

    await expect(page.locator("#messages li")).to_have_count(2)
    await expect(page.locator("#messages")).to_contain_text("收件回执 · 电子邮件 · 已发送")
    await expect(page.locator("#messages")).to_contain_text("受理通知 · 电子邮件 · 正在发送")
    assert await objections(page) == []
    await shot(page, "status-messages")


async def test_who_holds_no_receipt_is_shown_an_example(house: House, opens: Opens) -> None:
    submitted = await house.case()
    page = await opens("intake", "/", size=PHONE)
    await expect(page.locator("section:has(#examples)")).to_contain_text("不动产转移登记")
    await shot(page, "status-examples")
    await page.locator(f"#example-{submitted.receipt_no}").click()

    await expect(page.locator("#answer")).to_be_focused()


async def test_a_wrong_code_says_what_to_check_and_keeps_what_was_typed(house: House, opens: Opens) -> None:
    submitted = await house.case()
    wrong = "0000000000" if submitted.code != "0000000000" else "0000000001"
    page = await looked_up(opens, str(submitted.receipt_no), wrong, lang="en")

    await expect(page.locator("#error")).to_contain_text("Check your receipt")
    await expect(page.locator("#error")).to_be_focused()
    assert await page.input_value("#receipt") == submitted.receipt_no
    await page.locator("#language").click()
    await expect(page.locator("#error")).to_contain_text("请核对回执")
    await shot(page, "status-wrong")


async def test_too_many_wrong_codes_say_what_to_do_instead(house: House, opens: Opens) -> None:
    submitted = await house.case()
    page = await looked_up(opens, str(submitted.receipt_no), "0", size=PHONE)
    for _ in range(WRONG_MAX):
        await page.locator("#look").click()
        await expect(page.locator("#error")).to_be_focused()

    await expect(page.locator("#error")).to_contain_text("请一小时后再试")
    await shot(page, "status-too-often")
    await page.locator("#language").click()
    await expect(page.locator("#error")).to_contain_text("ask at a window with your ID card")


async def test_the_way_to_the_text_leads_not_away_from_the_case(house: House, opens: Opens) -> None:
    submitted = await house.case()
    page = await looked_up(opens, str(submitted.receipt_no), str(submitted.code), clock=True)
    await page.locator("#answer").wait_for()
    await page.locator("#skip").focus()
    await page.keyboard.press("Enter")
    await page.clock.run_for(21_000)

    await expect(page.locator("#answer")).to_be_visible()


async def test_a_receipt_is_read_however_it_was_typed(house: House, opens: Opens) -> None:
    submitted = await house.case()
    receipt, code = str(submitted.receipt_no), str(submitted.code)
    page = await looked_up(opens, f" {receipt[:5].lower()} {receipt[5:]}", f"{code[:5]} {code[5:]}".translate(WIDE))

    await expect(page.locator("#answer")).to_be_focused()


async def test_an_outage_that_passes_leaves_the_case_on_the_screen(house: House, opens: Opens) -> None:
    submitted = await house.case()
    page = await looked_up(opens, str(submitted.receipt_no), str(submitted.code), clock=True, size=PHONE)
    await page.locator("#answer").wait_for()
    await page.route("**/v1/status", lambda route: route.fulfill(status=503, json={"rule": "unavailable"}))
    await page.clock.run_for(21_000)
    await expect(page.locator(".note.wait")).to_contain_text("连不上系统，正在重试")
    await page.unroute("**/v1/status")
    await page.clock.run_for(21_000)

    await expect(page.locator(".note.wait")).to_have_count(0)
    await expect(page.locator("#answer")).to_be_visible()


async def test_whoever_comes_next_is_not_shown_the_case_of_whoever_left(house: House, opens: Opens) -> None:
    submitted = await house.case()
    page = await looked_up(opens, str(submitted.receipt_no), str(submitted.code), clock=True)
    await page.locator("#another").wait_for()
    asked, left = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        asked.set()
        await left.wait()
        await route.continue_()

    await page.route("**/v1/status", late)
    await page.clock.run_for(21_000)
    await asked.wait()
    await page.locator("#another").click()
    handed_on = [await page.input_value(field) for field in ("#receipt", "#code")]
    await page.fill("#receipt", "S")
    async with page.expect_response("**/v1/status"):
        left.set()

    assert handed_on == ["", ""]
    assert await page.input_value("#receipt") == "S"
    await expect(page.locator("#answer")).to_have_count(0)


async def test_of_two_questions_the_later_one_is_answered(house: House, opens: Opens) -> None:
    submitted = await house.case()
    page = await opens("intake", "/")
    held = Held()
    await page.route("**/v1/status", held.answer)
    await page.fill("#receipt", str(submitted.receipt_no))
    await page.fill("#code", str(submitted.code))
    await page.press("#code", "Enter")
    await held.came.wait()
    await page.fill("#code", "")
    await page.press("#code", "Enter")
    await page.locator("#error").wait_for()
    await held.let_go(page)

    assert await page.locator("#answer").count() == 0
    await expect(page.locator("#error")).to_contain_text("请输入查询码")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_the_guide_answers_whether_where_and_with_what(house: House, opens: Opens, size: tuple[int, int]) -> None:
    page = await opens("intake", "/guide.html", size=size)
    await page.select_option("#thing", "estate-transfer")
    await page.select_option("#region", "330302")
    await expect(page.locator("#answer")).to_have_text("最多跑 1 次")
    text = await page.locator("main").inner_text()
    for word in ("鹿城区政务服务中心", "周一至周五", "转让合同", "承诺 5 个工作日"):
        assert word in text
    await shot(page, f"guide-{size[0]}")
    await page.reload()
    await expect(page.locator("#answer")).to_have_text("最多跑 1 次")
    await page.select_option("#thing", "business-licence")
    await expect(page.locator("#answer")).to_have_text("不用跑")


async def test_an_answer_goes_with_its_question(house: House, opens: Opens) -> None:
    page = await opens("intake", "/guide.html?thing=estate-transfer&region=330302")
    await expect(page.locator("#answer")).to_have_text("最多跑 1 次")
    held = Held()
    await page.route("**/v1/guide/advice?*", held.answer)
    await page.locator("#thing").focus()
    await page.select_option("#thing", "medical-elsewhere")
    await held.came.wait()

    await expect(page.locator("#answer")).to_have_count(0)
    await expect(page.locator("main .loading")).to_be_visible()
    await expect(page.locator("#thing")).to_be_focused()
    await page.select_option("#thing", "business-licence")
    await expect(page.locator("#answer")).to_have_text("不用跑")
    await held.let_go(page)
    assert await page.locator("#answer").inner_text() == "不用跑"


async def test_what_was_ticked_stays_ticked_until_the_next_question(house: House, opens: Opens) -> None:
    page = await opens("intake", "/guide.html?thing=estate-transfer&region=330302")
    await page.locator("label:has(#material-1)").click()
    await page.locator("#language").click()
    await expect(page.locator("#material-1")).to_be_checked()
    await page.select_option("#thing", "business-licence")

    await expect(page.locator("#answer")).to_have_text("No need to go")
    await expect(page.locator("input:checked")).to_have_count(0)


async def test_where_nobody_handles_a_thing_the_guide_says_what_to_do(opens: Opens) -> None:
    page = await opens("intake", "/guide.html?thing=handled-nowhere&region=330302")

    await expect(page.locator(".note.bad")).to_contain_text("请换一个地方，或拨打 12345")


async def test_whoever_reads_english_reads_what_to_bring_and_when_in_english(house: House, opens: Opens) -> None:
    page = await opens("intake", "/guide.html?thing=estate-transfer&region=330302", lang="en", size=DESKTOP)

    await expect(page.locator("#answer")).to_be_visible()
    text = await page.locator("main").inner_text()
    for word in ("Title deed", "Monday to Friday 09:00-17:00"):
        assert word in text
    for word in ("不动产权证书", "named in Chinese"):
        assert word not in text
    await shot(page, "guide-en")


async def test_a_digit_that_looks_like_a_letter_of_a_receipt_is_read_as_one(house: House, opens: Opens) -> None:
    submitted = await house.case()
    while not set("OIB") & set(str(submitted.receipt_no)):
        submitted = await house.case()

    page = await looked_up(opens, str(submitted.receipt_no).translate(str.maketrans("OIB", "018")), str(submitted.code))

    await expect(page.locator("#answer")).to_be_focused()
