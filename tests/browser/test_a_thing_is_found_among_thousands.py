"""Among thousands of things one is found by a part of its name or its code, by mouse or keys, and no text is taken for a choice."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.at_desk import asks, sits, visits_of
from tests.browser.board_house import BoardHouse, failed_visit
from tests.browser.conftest import DESKTOP, PHONE, Opens, Windows, is_ready, shot
from tests.browser.held import Held
from tests.browser.house import HANGZHOU, WENZHOU, House, a_person
from tests.browser.looking import cut, focused, objections, sideways, thin

pytestmark = pytest.mark.browser
NARROW = (320, 640)
HELD = 500
"""How many of them a page holds; the others it asks for."""
THOUSANDS = {f"thing-{n:04}": (f"第{n:04}号登记", f"Registration no. {n:04}") for n in range(1, 3_000)}
FORTY_TWO = [code for code in THOUSANDS if "42" in code]
SHOWN_MAX = 50
TURN = "document.getElementById('language').click()"


def called(text: str) -> list[str]:
    """The codes of those that have all words of a text."""
    words = text.lower().split()
    return [code for code, names in THOUSANDS.items() if all(word in " ".join((code, *names)).lower() for word in words)]


def things(codes: list[str]) -> list[dict[str, Any]]:
    return [{"basic_code": code, "name": list(THOUSANDS[code])} for code in codes]


async def thousand_things(route: Route) -> None:
    """The first of them are told, and that there are more."""
    told = await (await route.fetch()).json()
    there = {"things": things(list(THOUSANDS)[:HELD]), "things_there": len(THOUSANDS) + len(told["things"])}
    await route.fulfill(json=told | there)


def asked(route: Route) -> str:
    """The text that somebody typed a part of a name in."""
    body: dict[str, str] = json.loads(route.request.post_data or "")
    return body["text"]


async def found_things(route: Route) -> None:
    told, codes = await (await route.fetch()).json(), called(asked(route))
    shown = [*things(codes), *told["things"]][:SHOWN_MAX]
    await route.fulfill(json={"things": shown, "count": len(codes) + told["count"]})


async def thousand_names(page: Page) -> None:
    async def answer(route: Route) -> None:
        told = await (await route.fetch()).json()
        told["basics"] |= {code: {"zh": zh, "en": en} for code, (zh, en) in THOUSANDS.items()}
        await route.fulfill(json=told)

    await page.route("**/v1/names*", answer)


async def guide(opens: Opens, **how: object) -> Page:
    """The guide of a province in which thousands of things can be done."""
    page = await opens("intake", "/guide.html", **how)
    await page.route("**/v1/guide", thousand_things)
    await page.route("**/v1/guide/find", found_things)
    await page.reload()
    await page.locator("#thing[role=combobox]").wait_for()
    return page


async def somebody_new(house: House, opens: Opens, person: str) -> Page:
    """The desk of a clerk who may record thousands of items, with somebody new in front of her."""
    where = {"region_name": ["温州市", "Wenzhou"], "near": True, "declared": 1}
    made: list[dict[str, Any]] = [{"item_code": code, "name": list(names), **where} for code, names in THOUSANDS.items()]
    named = {"name": ["不动产转移登记", "Real-estate transfer"], "region_name": ["杭州市", "Hangzhou"], "near": False}
    made.append({"item_code": house.item(), **named, "declared": 1})

    async def answer(route: Route) -> None:
        words = asked(route).lower().split()
        found = [one for one in made if all(word in str([*one.values()]).lower() for word in words)]
        await route.fulfill(json={"items": found[: SHOWN_MAX if words else HELD], "count": len(found)})

    page = await sits(house, opens)
    await page.route("**/v1/desk/items", answer)
    await page.locator("#begin").click()
    await page.fill("#id_no", person)
    await page.select_option("#region", WENZHOU)
    return page


def lines(page: Page, field: str) -> Locator:
    """What there is to choose from."""
    return page.locator(f"#{field}-list [role=option]")


async def holds(page: Page, field: str, text: str, marked: str | None) -> None:
    """Somebody's hand is where it was: on an open list, with this text and this line."""
    box = page.locator(f"#{field}")
    await expect(box).to_have_value(text)
    await expect(box).to_have_attribute("aria-expanded", "true")
    assert await box.get_attribute("aria-activedescendant") == marked
    assert await focused(page) == field


async def test_a_few_are_a_plain_list(opens: Opens) -> None:
    page = await opens("intake", "/guide.html")

    await expect(page.locator("select#thing")).to_be_visible()


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_by_mouse_on_a_desktop(opens: Opens, lang: str) -> None:
    page = await guide(opens, lang=lang, size=DESKTOP)
    await page.select_option("#region", WENZHOU)
    await page.locator("#thing").click()
    await expect(lines(page, "thing")).to_have_count(SHOWN_MAX)
    await expect(page.locator("#thing-chooser [role=status]")).to_contain_text(re.compile("3,0.+50"))
    assert await objections(page) == []
    await shot(page, f"chooser-guide-{lang}")
    await page.keyboard.type({"zh": "不动产", "en": "estate"}[lang])
    await expect(lines(page, "thing")).to_have_count(1)
    await lines(page, "thing").click()

    await expect(page.locator("#answer")).to_have_text({"zh": "最多跑 1 次", "en": "At most 1 visit"}[lang])
    await expect(page.locator("#thing")).to_have_value({"zh": "不动产转移登记", "en": "Real-estate transfer"}[lang])
    await expect(page.locator("#thing")).to_have_attribute("aria-expanded", "false")
    assert parse_qs(urlsplit(page.url).query)["thing"] == ["estate-transfer"]


@pytest.mark.parametrize(("lang", "size"), [("zh", PHONE), ("en", NARROW)], ids=["zh-phone", "en-narrow"])
async def test_by_keys_on_a_phone(opens: Opens, lang: str, size: tuple[int, int]) -> None:
    page = await guide(opens, lang=lang, size=size)
    await page.locator("#thing").focus()
    await page.keyboard.type("42")
    await expect(page.locator("#thing-chooser [role=status]")).to_contain_text(str(len(FORTY_TWO)))
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"):
        await page.keyboard.press(key)
    await holds(page, "thing", "42", f"thing-at-{FORTY_TWO[1]}")
    assert await objections(page) == []
    assert not await sideways(page)
    assert await cut(page) == []
    assert await thin(page) == []
    assert await lines(page, "thing").evaluate_all("(all) => Math.min(...all.map((one) => one.offsetHeight))") >= 44
    await shot(page, f"chooser-guide-{lang}-{size[0]}", whole=False)
    await page.keyboard.press("Enter")

    at = ["zh", "en"].index(lang)
    await expect(page.locator("#thing")).to_have_value(THOUSANDS[FORTY_TWO[1]][at])
    await expect(page.locator("#thing")).to_have_attribute("aria-expanded", "false")
    assert await focused(page) == "thing"
    for code in ("thing-0007", "thing-2007"):
        await page.fill("#thing", code.upper())
        await page.keyboard.press("Enter")
        await expect(page.locator("#thing")).to_have_value(THOUSANDS[code][at])


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_what_is_typed_and_not_chosen_is_pointed_out_and_asks_nothing(opens: Opens, lang: str) -> None:
    page = await guide(opens, lang=lang)
    await page.fill("#thing", "登记")
    await page.keyboard.press("Tab")

    said = {"zh": "要办什么事：“登记”还没有选定", "en": "What do you need? “登记” is not chosen yet"}[lang]
    await expect(page.locator("#thing-wrong")).to_contain_text(said)
    await expect(page.locator("#thing")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#thing-list")).to_be_hidden()
    assert "thing=" not in page.url
    assert await objections(page) == []
    await shot(page, f"chooser-wrong-{lang}")
    await page.press("#thing", "Escape")
    await expect(page.locator("#thing")).to_have_value("")
    await expect(page.locator("#thing-wrong")).to_have_text("")


async def test_enter_takes_nothing_where_nothing_is_so_called(opens: Opens) -> None:
    page = await guide(opens)
    await page.fill("#thing", "nobody-knows-it")
    await page.keyboard.press("Enter")

    await expect(page.locator("#thing-chooser [role=status]")).to_contain_text("没有符合的")
    await expect(page.locator("#thing-wrong")).to_contain_text("还没有选定")
    await expect(page.locator("#thing")).to_have_attribute("aria-expanded", "false")
    assert await objections(page) == []


async def test_what_was_chosen_stays_until_something_else_is_or_the_field_is_emptied(opens: Opens) -> None:
    page = await guide(opens)
    await page.select_option("#region", WENZHOU)
    await page.fill("#thing", "estate-transfer")
    await page.keyboard.press("Enter")
    await expect(page.locator("#thing")).to_have_value("不动产转移登记")
    await page.fill("#thing", "登记")
    for key in ("Enter", "Tab"):
        await page.keyboard.press(key)

    await expect(page.locator("#thing-wrong")).to_contain_text("在此之前仍按“不动产转移登记”")
    await expect(page.locator("#answer")).to_have_text("最多跑 1 次")
    await page.fill("#thing", "")
    await page.keyboard.press("Tab")
    await expect(page.locator("#answer")).to_have_count(0)
    await expect(page.locator("#thing-wrong")).to_have_text("")


async def test_a_page_that_is_drawn_anew_leaves_text_and_list_as_they_are(opens: Opens) -> None:
    page = await guide(opens)
    await page.locator("#thing").focus()
    await page.keyboard.type("42")
    await page.keyboard.press("ArrowDown")
    await page.evaluate(TURN)
    await expect(page.locator("html")).to_have_attribute("lang", "en")

    await holds(page, "thing", "42", f"thing-at-{FORTY_TWO[0]}")
    await page.keyboard.press("Escape")
    await page.evaluate(TURN)
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await expect(page.locator("#thing-list")).to_be_hidden()
    await expect(page.locator("#thing")).to_have_value("42")
    assert "thing=" not in page.url


async def test_letters_that_are_to_become_characters_narrow_nothing_and_are_not_lost(opens: Opens) -> None:
    page = await guide(opens)
    await page.locator("#thing").focus()
    keyboard = await page.context.new_cdp_session(page)
    await keyboard.send("Input.imeSetComposition", {"text": "budong", "selectionStart": 6, "selectionEnd": 6})
    await page.evaluate(TURN)

    await expect(page.locator("#thing")).to_have_value("budong")
    await expect(page.locator("#thing")).to_have_attribute("aria-expanded", "false")
    await keyboard.send("Input.insertText", {"text": "不动产"})
    await expect(lines(page, "thing")).to_have_count(1)
    await expect(page.locator("#thing")).to_have_value("不动产")


async def test_it_is_said_that_others_are_looked_for_and_the_newest_answer_alone_counts(opens: Opens) -> None:
    page, held = await guide(opens), Held()
    await page.route("**/v1/guide/find", held.answer)
    await page.locator("#thing").focus()
    await page.keyboard.type("居住")
    await held.came.wait()
    await expect(page.locator("#thing-chooser [role=status]")).to_have_text("正在查找……")
    assert await objections(page) == []
    await page.fill("#thing", "不动产")
    await expect(lines(page, "thing")).to_have_text(["不动产转移登记"])
    await held.let_go(page)

    await expect(lines(page, "thing")).to_have_text(["不动产转移登记"])
    await expect(page.locator("#thing")).to_have_value("不动产")
    await expect(page.locator("#thing-chooser [role=status]")).to_have_text("1 项")


@pytest.mark.parametrize("how", ["button", "enter"])
async def test_what_could_not_be_looked_for_is_looked_for_again(opens: Opens, how: str) -> None:
    page = await guide(opens, size=NARROW)
    await page.route("**/v1/guide/find", lambda route: route.abort())
    await page.fill("#thing", "不动产")
    await expect(page.locator("#thing-chooser [role=status]")).to_contain_text("没有查全。连不上系统")
    assert await objections(page) == []
    assert await thin(page) == []
    await shot(page, "chooser-away", whole=False)
    await page.unroute("**/v1/guide/find")
    if how == "button":
        await page.keyboard.press("Tab")
        assert await focused(page) == "thing-again"
        await page.keyboard.press("Enter")
        await expect(lines(page, "thing")).to_have_text(["不动产转移登记"])
        assert await focused(page) == "thing"
    await page.keyboard.press("Enter")

    await expect(page.locator("#thing")).to_have_value("不动产转移登记")
    await expect(page.locator("#thing-again")).to_have_count(0)


async def test_what_an_address_names_is_called_by_its_name(opens: Opens) -> None:
    page = await guide(opens)
    await page.goto(page.url.split("?")[0] + f"?thing=estate-transfer&region={WENZHOU}")

    await expect(page.locator("#thing")).to_have_value("不动产转移登记")


async def test_what_was_meant_before_the_answer_came_is_taken_when_it_comes(opens: Opens) -> None:
    page, held = await guide(opens), Held()
    await page.route("**/v1/guide/find", held.answer)
    await page.select_option("#region", WENZHOU)
    await page.fill("#thing", "不动产")
    for key in ("Enter", "Tab"):
        await page.keyboard.press(key)
    await held.came.wait()
    assert await page.input_value("#thing") == "不动产"
    await expect(page.locator("#thing-wrong")).to_have_text("")
    await held.let_go(page)

    await expect(page.locator("#thing")).to_have_value("不动产转移登记")
    await expect(page.locator("#answer")).to_have_text("最多跑 1 次")
    assert await focused(page) == "region"


async def test_figures_that_move_leave_whoever_types_alone(board: BoardHouse, windows: Windows) -> None:
    page = await windows.open("/?period=0", role=None, before=thousand_names)
    await is_ready(page, "board")
    await page.locator("#f-basic").click()
    await page.keyboard.type("42")
    await page.keyboard.press("ArrowDown")
    total = page.locator("#q-now .card p").first
    said = str(await total.text_content())
    await board.tell(failed_visit())
    await expect(total).not_to_have_text(said)

    await holds(page, "f-basic", "42", f"f-basic-at-{FORTY_TWO[0]}")
    assert "basic=" not in page.url
    assert await objections(page) == []
    await page.fill("#f-basic", "不动产")
    await page.keyboard.press("Enter")
    await expect(page.locator("#t-F4")).to_have_attribute("href", re.compile("basic=basic-1"))
    await expect(page.locator("#f-basic")).to_have_value("不动产转移登记")


async def test_the_list_lies_over_what_follows(windows: Windows) -> None:
    page = await windows.open("/past.html?figure=F10&reading=visits", before=thousand_names)
    await is_ready(page, "past")
    await page.locator("#f-basic").click()
    # A line that lies outside its card is under the hand all the same.
    await lines(page, "f-basic").nth(6).hover()
    assert await objections(page) == []
    await shot(page, "chooser-past", whole=False)
    await page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    assert not await sideways(page)
    await page.fill("#f-basic", "居住证")
    await lines(page, "f-basic").click()

    await page.wait_for_url(re.compile("basic=basic-2"))
    await expect(page.locator("#sum")).to_be_visible()


async def test_a_clerk_finds_an_item_and_records(house: House, opens: Opens) -> None:
    person = a_person()
    page = await somebody_new(house, opens, person)
    await page.locator("#item").focus()
    await page.keyboard.type("不动产 杭州")
    await expect(lines(page, "item")).to_have_count(1)
    await expect(page.locator("#item-list [role=group]")).to_have_attribute("aria-label", "外市办理（跨市通办）")
    assert await objections(page) == []
    await shot(page, "chooser-desk")
    await page.keyboard.press("Enter")
    await expect(page.locator("#item")).to_have_value("不动产转移登记 · 杭州市")
    await expect(page.locator("#panel .note.promised")).to_be_visible()
    for key in ("Tab", "2", "q"):
        await page.keyboard.press(key)

    await expect(page.locator("#said")).to_contain_text("已记录：第一次到场")
    assert len(await visits_of(house, person)) == 1


async def test_what_is_handled_nearby_is_chosen_while_nobody_answers(house: House, opens: Opens) -> None:
    page = await somebody_new(house, opens, a_person())
    await page.unroute("**/v1/desk/items")
    await page.route("**/v1/desk/items", lambda route: route.abort())
    await page.fill("#item", "第0007号")
    await expect(page.locator("#item-chooser [role=status]")).to_contain_text("没有查全。")
    await lines(page, "item").click()
    await expect(page.locator("#item")).to_have_value("第0007号登记 · 温州市")
    await page.fill("#item", "thing-0042")
    await page.keyboard.press("Enter")

    await expect(page.locator("#item")).to_have_value("第0042号登记 · 温州市")
    await expect(page.locator("#panel .note.promised")).to_be_visible()


async def test_a_case_goes_to_a_body_that_is_found_by_its_name(house: House, opens: Opens) -> None:
    case, there = await house.case(), house.where.service_bodies[HANGZHOU]
    page = await sits(house, opens)
    await asks(page, str(case.receipt_no))
    await page.locator("#act-offer-custody").click()
    handles = house.where.items[HANGZHOU, "estate-transfer"].body
    await expect(page.locator("#to-body")).to_have_value(handles.name_zh)
    await page.locator("label:has(#medium-paper)").click()
    await page.fill("#to-body", "政务服务")
    await page.press("#to-body", "Escape")
    await page.locator("#act-send").click()
    await expect(page.locator("#to-body-wrong")).to_contain_text("“政务服务”还没有选定")
    await expect(page.locator("#to-body")).to_be_focused()
    assert await objections(page) == []
    await page.fill("#to-body", there.name_zh)
    await page.keyboard.press("Enter")
    await expect(page.locator("#to-body")).to_have_attribute("aria-expanded", "false")
    await page.locator("#act-send").click()
    await page.locator("#act-withdraw-custody-offer").wait_for()

    offered = "SELECT offered_body FROM case_index WHERE case_no = $1"
    assert await house.intake_log.pool.fetchval(offered, case.case_no) == there.uscc


async def test_a_panel_that_is_made_anew_takes_no_letter_from_a_clerk(house: House, opens: Opens) -> None:
    page = await somebody_new(house, opens, a_person())
    await page.locator("#item").focus()
    await page.keyboard.type("不动")
    await page.evaluate("import('/desk.js').then((desk) => desk.drawPanel())")
    await page.keyboard.type("产")

    await holds(page, "item", "不动产", None)
    await expect(lines(page, "item")).to_have_count(1)


async def test_a_text_is_no_item_and_stays_with_whom_it_was_typed_for(house: House, opens: Opens) -> None:
    person = a_person()
    page = await somebody_new(house, opens, person)
    await page.fill("#item", "登记")
    await page.keyboard.press("Escape")
    # The objection comes when the press is over: it moves what is pressed.
    await page.locator("label:has(#purpose-apply)").hover()
    await page.mouse.down()
    await page.evaluate("new Promise((done) => setTimeout(done, 50))")
    await page.mouse.up()
    await expect(page.locator("#item-wrong")).to_contain_text("事项：“登记”还没有选定")
    assert await page.locator("#purpose-apply").is_checked()
    await page.locator("label:has(#outcome-done)").click()
    await page.locator("#record").click()

    await expect(page.locator("#error")).to_have_text("请选择来办的事项。")
    await expect(page.locator("#item")).to_be_focused()
    assert await page.input_value("#item") == "登记"
    assert await visits_of(house, person) == []
    await page.locator("#begin").click()
    assert await page.input_value("#item") == ""
    await expect(page.locator("#item-wrong")).to_have_text("")
