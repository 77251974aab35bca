"""Among thousands of things one is found by a part of its name or its code, by mouse or keys, and no text is taken for a choice."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.at_desk import sits, visits_of
from tests.browser.board_house import BoardHouse, failed_visit
from tests.browser.conftest import DESKTOP, PHONE, Opens, Windows, is_ready, shot
from tests.browser.house import HANGZHOU, WENZHOU, House, a_person
from tests.browser.looking import cut, focused, objections, sideways, thin

pytestmark = pytest.mark.browser
NARROW = (320, 640)
THOUSANDS = {f"thing-{n:04}": (f"第{n:04}号登记", f"Registration no. {n:04}") for n in range(1, 3_000)}
FORTY_TWO = [code for code in THOUSANDS if "42" in code]
SHOWN_MAX = 50
TURN = "document.getElementById('language').click()"


async def thousand_things(route: Route) -> None:
    told = await (await route.fetch()).json()
    made = [{"basic_code": code, "name": names} for code, names in THOUSANDS.items()]
    await route.fulfill(json=told | {"things": [*made, *told["things"]]})


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
    await page.reload()
    await page.locator("#thing[role=combobox]").wait_for()
    return page


async def somebody_new(house: House, opens: Opens, person: str) -> Page:
    """The desk of a clerk who may record thousands of items, with somebody new in front of her."""
    made: list[dict[str, Any]] = [
        {"item_code": code, "name_zh": zh, "name_en": en, "body_region": "330300", "declared_visits": 1}
        for code, (zh, en) in THOUSANDS.items()
    ]
    named = {"name_zh": "不动产转移登记", "name_en": "Real-estate transfer"}
    made.insert(0, {"item_code": house.item(), **named, "body_region": HANGZHOU, "declared_visits": 1})

    async def answer(route: Route) -> None:
        (after,) = parse_qs(urlsplit(route.request.url).query, keep_blank_values=True)["after"]
        await route.fulfill(json=[one for one in made if one["item_code"] > after][:500])

    page = await sits(house, opens)
    await page.route("**/v1/items?*", answer)
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
    await page.fill("#thing", "THING-0007")
    await page.keyboard.press("Enter")
    await expect(page.locator("#thing")).to_have_value(THOUSANDS["thing-0007"][at])


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
    for text in ("estate-transfer", "登记"):
        await page.fill("#thing", text)
        await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")

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
