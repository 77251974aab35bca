"""Every page of staff names whoever is signed in, so that nobody works in a session that a colleague left."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Opens, Windows, shot
from tests.browser.house import HANGZHOU, House
from tests.browser.looking import NARROW, objections, sideways

pytestmark = pytest.mark.browser
WHO = "#masthead .who"


@pytest.mark.parametrize("path", ["/", "/past.html", "/evidence.html?figure=F4", "/operations.html", "/logs.html", "/now.html"])
async def test_on_every_page_of_the_board(windows: Windows, path: str) -> None:
    page = await windows.open(path, size=PHONE)

    await expect(page.locator(WHO)).to_contain_text("审计人员 · demo-auditor")
    assert not await sideways(page)


async def test_on_the_page_of_messages(opens: Opens) -> None:
    page = await opens("notify", "/", as_=("operator", ""))

    await expect(page.locator(WHO)).to_contain_text("运维人员 · demo-operator")


@pytest.mark.parametrize(("lang", "size"), [("zh", PHONE), ("en", DESKTOP)], ids=["zh-phone", "en-desktop"])
async def test_on_the_worklist_beside_the_body(house: House, opens: Opens, lang: str, size: tuple[int, int]) -> None:
    body = house.where.items[HANGZHOU, "estate-transfer"].body
    page = await opens("approval", "/", as_=("officer", body.uscc), name="hz-0427", lang=lang, size=size)

    role, name = {"zh": ("审批人员", body.name_zh), "en": ("Officer", body.name_en)}[lang]
    await expect(page.locator(WHO)).to_contain_text(f"{role} · {name} · hz-0427")
    assert await objections(page) == []
    assert not await sideways(page)
    await shot(page, f"worklist-who-{lang}", whole=False)


@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["phone", "narrow"])
async def test_a_long_name_keeps_to_its_line_on_a_phone_and_is_there_whole(
    house: House, opens: Opens, size: tuple[int, int]
) -> None:
    body = house.where.items[HANGZHOU, "estate-transfer"].body
    page = await opens("approval", "/", as_=("officer", body.uscc), size=size)

    whole = f"审批人员 · {body.name_zh} · demo-officer-{body.uscc}"
    name = page.locator(f"{WHO} .name")
    await expect(name).to_have_text(whole)
    await expect(name).to_have_attribute("title", whole)
    assert await name.evaluate("one => [one.offsetHeight < 30, one.scrollWidth > one.clientWidth]") == [True, True]
    await expect(page.locator("#leave")).to_be_in_viewport(ratio=1)
    assert not await sideways(page)
    await shot(page, f"worklist-long-name-{size[0]}", whole=False)
    await name.hover()
    assert await name.evaluate("one => one.offsetHeight > 30")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [1280, 1440])
async def test_the_longest_name_leaves_the_masthead_of_a_desktop_one_line_that_cuts_nothing_else(
    house: House, opens: Opens, width: int, lang: str
) -> None:
    body = max((item.body for item in house.where.items.values()), key=lambda one: len(one.name_en))
    page = await opens("approval", "/", as_=("officer", body.uscc), lang=lang, size=(width, 900))

    role, called = {"zh": ("审批人员", body.name_zh), "en": ("Officer", body.name_en)}[lang]
    whole = f"{role} · {called} · demo-officer-{body.uscc}"
    name = page.locator(f"{WHO} .name")
    await expect(name).to_have_text(whole)
    await expect(name).to_have_attribute("title", whole)
    line = page.locator("#masthead :is(b, .badge, nav a, .name, #leave, #language)")
    boxes = await line.evaluate_all("all => all.map(one => one.getBoundingClientRect().toJSON())")
    middles = [box["top"] + box["height"] / 2 for box in boxes]
    assert max(middles) - min(middles) <= 2, "one line"
    assert all(one["right"] <= other["left"] for one, other in pairwise(boxes)), "nothing lies over anything"
    assert boxes[-1]["right"] <= width
    cut = await line.evaluate_all("all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.className)")
    assert set(cut) <= {"name"}
    assert cut or lang == "zh", "English names are too long"
    await shot(page, f"worklist-long-name-{width}-{lang}", whole=False)
    await page.locator("#masthead nav a").last.focus()
    await page.keyboard.press("Tab")
    await expect(page.locator("#leave")).to_be_focused()
    assert await name.evaluate("one => [one.offsetHeight > 30, one.scrollWidth > one.clientWidth + 1]") == [bool(cut), False]
    assert await objections(page) == []
