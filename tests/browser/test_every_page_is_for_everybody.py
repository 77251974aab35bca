"""Every page in both languages: nothing that axe objects to, no sideways scroll at 320 px, and hostile names are harmless."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from shared.contracts import commands as wire
from tests.browser.conftest import Opens, shot
from tests.browser.house import HANGZHOU, WENZHOU, House
from tests.browser.looking import COLOURS, NARROW, flaws, objections, sideways

pytestmark = pytest.mark.browser
PAGES = ["sign-in", "desk", "desk-new", "worklist", "worklist-deciding", "status", "guide", "messages"]
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>\u202eevil\u202c'


async def page_of(opens: Opens, house: House, which: str) -> Page:
    """A page with something on it."""
    if which == "sign-in":
        page = await opens("approval", "/parts/sign-in.html?next=/")
        await page.locator("#enter").wait_for()
    elif which.startswith("desk"):
        clerk = ("clerk", house.where.service_bodies[WENZHOU].uscc)
        submitted = await house.case()
        page = await opens("intake", "/desk.html", as_=clerk)
        await page.locator("#queue .pick").first.wait_for()
        await page.locator("#begin" if which == "desk-new" else f"#pick-{submitted.case_no}").click()
        await page.locator("#id_no" if which == "desk-new" else "#promise").wait_for()
    elif which.startswith("worklist"):
        case_no = (await house.accepted(ago=timedelta(days=3))).case_no
        await house.all_carried()
        page = await opens("approval", "/", as_=("officer", house.where.items[HANGZHOU, "estate-transfer"].body.uscc))
        await page.locator(f"#pick-{case_no}").click()
        if which == "worklist-deciding":
            await page.locator("#act-decide").click()
            await page.locator("label:has(#outcome-refused)").click()
    elif which == "status":
        submitted = await house.accepted(ago=timedelta(days=1))
        page = await opens("intake", "/")
        await page.fill("#receipt", str(submitted.receipt_no))
        await page.fill("#code", str(submitted.code))
        await page.locator("#look").click()
        await page.locator("#answer").wait_for()
    elif which == "messages":
        page = await opens("notify", "/", as_=("operator", ""))
        await page.locator("#each").wait_for()
    else:
        page = await opens("intake", "/guide.html?thing=estate-transfer&region=330302")
        await page.locator("#answer").wait_for()
    return page


@pytest.mark.parametrize("which", PAGES)
async def test_axe_objects_to_nothing_and_narrow_windows_show_all(house: House, opens: Opens, which: str) -> None:
    page = await page_of(opens, house, which)

    assert await flaws(page, f"all-{which}") == []


@pytest.mark.parametrize("which", ["desk", "worklist", "guide", "messages"])
async def test_dark_is_as_readable(house: House, opens: Opens, which: str) -> None:
    page = await page_of(opens, house, which)
    await page.emulate_media(color_scheme="dark")
    assert await objections(page, COLOURS) == []
    await shot(page, f"dark-{which}")


@pytest.fixture
async def hostile(house: House) -> AsyncIterator[str]:
    """An item whose published name is an attack as long as names may be."""
    ordinary = house.where.items[WENZHOU[:4] + "00", "medical-elsewhere"]
    name = (HOSTILE + "x" * 200)[:200]
    item = wire.PublishItem(
        item_code="hostile-item",
        basic_code="hostile",
        name_zh=name,
        name_en=name,
        item_type="20",
        main_item=True,
        level=3,
        body_uscc=ordinary.body.uscc,
        case_type="promised",
        promised_wd=5,
        statutory_wd=30,
        declared_visits=1,
        presence_reason="identity-check",
        materials=(),
        roam_eligible=True,
        power_source=1,
        effective_from=date(2024, 1, 1),
    )
    await house.done(item)
    yield "hostile"
    await house.done(wire.RetireItem(item_code="hostile-item", reason_code="test", effective_from=item.effective_from))


async def test_a_hostile_name_is_shown_and_does_nothing(house: House, opens: Opens, hostile: str) -> None:
    page = await opens("intake", f"/guide.html?thing={hostile}&region=330302")
    await expect(page.locator("main bdi").first).to_contain_text("<img src=x")

    assert await page.locator("main img, main script").count() == 0
    assert await page.title() not in ("1", "2")
    text = await page.locator("main").inner_text()
    assert "\u202e" not in text
    assert not await sideways(page)


async def test_ten_thousand_characters_are_cut_and_kept_inside(house: House, opens: Opens) -> None:
    # No published name is that long; a page does not rely on it.
    endless = "\u202e<script>document.title=3</script>" + "永" * 10_000
    page = await opens("intake", "/", size=NARROW)
    shown = await page.evaluate(
        "async (text) => { const { name } = await import('/parts/page.js'); const made = name([text, text], 'x'); "
        "document.querySelector('main').append(made); return made.textContent; }",
        endless,
    )

    assert len(shown) <= 121
    assert "\u202e" not in shown
    assert await page.title() != "3"
    assert not await sideways(page)


async def test_the_policy_forbids_what_the_pages_do_not_need(house: House, browser: Browser) -> None:
    page = await browser.new_page()
    answer = await page.goto(house.urls["intake"] + "/")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    await page.evaluate(
        "() => { const made = document.createElement('script'); "
        "try { made.text = 'window.ran = true'; document.body.append(made); } catch { window.refused = true; } }"
    )

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert await page.evaluate("window.ran") is None
    await page.close()


async def test_what_is_said_aloud_only_widens_no_page(opens: Opens) -> None:
    page = await opens("intake", "/guide.html", size=(320, 640))

    await page.evaluate("""() => {
        const [box, wide, said] = ["div", "div", "span"].map((name) => document.createElement(name));
        box.className = "scroll";
        said.className = "unseen";
        Object.assign(wide.style, { width: "900px", textAlign: "right" });
        wide.append(said);
        box.append(wide);
        document.body.append(box);
    }""")

    assert await page.evaluate("document.documentElement.scrollWidth") == 320
