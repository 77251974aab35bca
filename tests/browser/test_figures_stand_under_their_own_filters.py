"""Figures stand under the filters that they were asked for by: the board says while others are read, and no link loses any."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.board_house import day_before
from tests.browser.conftest import Windows, is_ready
from tests.browser.held import Held
from tests.conftest import until

pytestmark = pytest.mark.browser
LIVE, CHANGING = "● 实时", "◌ 正在按新的筛选读取……"
LINKED = """() => {
    window.linked = [];
    const look = () => window.linked.push(document.querySelector("#t-F4").getAttribute("href"));
    new MutationObserver(look).observe(document.querySelector("main"), { subtree: true, childList: true, attributes: true });
}"""
STOOD = """
window.stood = [];
new MutationObserver(() => {
    const said = document.querySelector("#state")?.textContent;
    if (said && said !== window.stood.at(-1)) window.stood.push(said);
}).observe(document, { subtree: true, childList: true, characterData: true });
"""
ASKED = "performance.getEntriesByType('resource').filter((one) => one.name.includes('/v1/dashboard')).length"


async def links(page: Page) -> list[str]:
    """Where the pages beside this one are, once the figures are there."""
    return [str(await one.get_attribute("href")) for one in await page.locator("nav.own a").all()]


async def test_figures_of_other_filters_are_never_shown_under_these(windows: Windows) -> None:
    page = await windows.open("/?period=0", role=None)
    await expect(page.locator("#state")).to_have_text(LIVE)
    held = Held()

    async def answer(route: Route) -> None:
        await (held.answer(route) if "region=330300" in route.request.url else route.continue_())

    await page.route("**/v1/dashboard*", answer)
    await page.evaluate(LINKED)
    await page.select_option("#f-region", "330300")
    await held.came.wait()
    await expect(page.locator("#state")).to_have_text(CHANGING)
    await expect(page.locator("main.stale")).to_have_count(1)
    assert "region" not in str(await page.locator("#t-F4").get_attribute("href"))

    await page.select_option("#f-region", "330100")
    await held.let_go(page)

    await expect(page.locator("#t-F4")).to_have_attribute("href", re.compile("region=330100"))
    await expect(page.locator("#state")).to_have_text(LIVE)
    assert not [link for link in await page.evaluate("window.linked") if "region=330300" in link]


async def test_a_board_that_opens_does_not_begin_by_calling_itself_stale(windows: Windows) -> None:
    async def watched(page: Page) -> None:
        await page.add_init_script(STOOD)

    page = await windows.open("/?period=0", role=None, before=watched)
    await expect(page.locator("#state")).to_have_text(LIVE)

    async def asked_again() -> bool:
        return bool(await page.evaluate(ASKED) > 1)

    await until(asked_again)
    assert set(await page.evaluate("window.stood")) <= {"正在读取……", LIVE}


async def test_the_first_figure_waits_for_no_names(windows: Windows) -> None:
    without: list[int] = []

    async def late(page: Page) -> None:
        async def names(route: Route) -> None:
            await page.locator("#t-F4").wait_for()
            without.append(await page.locator("#f-region").count())
            await route.continue_()

        await page.route("**/v1/names*", names)

    page = await windows.open("/?period=0", role=None, before=late)
    await page.locator("#gap-basic-1-330100").wait_for()
    await page.locator("#f-region").wait_for()

    assert without[0] == 0


async def test_a_county_opens_its_own_journeys(windows: Windows) -> None:
    page = await windows.open("/?period=0&region=330106")
    cell = page.locator("#gap-basic-1-330100")
    of = str(await cell.locator("small").text_content()).removeprefix("n = ")
    await cell.click()
    await is_ready(page, "evidence")

    assert dict(parse_qsl(urlsplit(page.url).query))["region"] == "330106"
    await expect(page.locator(".big")).to_contain_text(f" / {of}")


async def test_the_pages_beside_the_board_open_over_the_same_slice(windows: Windows) -> None:
    page = await windows.open("/?period=7&region=330100", role=None)
    slice_ = f"from={day_before(6)}&region=330100"
    await expect(page.locator("nav.own a").nth(1)).to_have_attribute("href", f"/past.html?{slice_}")

    assert (await links(page))[0] == "/?period=7&region=330100"


async def test_the_pages_beside_evidence_open_over_the_same_slice(windows: Windows) -> None:
    slice_ = f"figure=F4&region=330100&from={day_before(6)}"
    page = await windows.open(f"/evidence.html?{slice_}")
    await is_ready(page, "evidence")

    assert (await links(page))[:2] == ["/?region=330100&period=7", f"/past.html?{slice_}"]


async def test_the_board_beside_what_changed_opens_over_the_same_days(windows: Windows) -> None:
    page = await windows.open(f"/past.html?figure=F10&reading=visits&region=330300&from={day_before(36)}&to={day_before(10)}")
    await is_ready(page, "past")

    assert (await links(page))[0] == f"/?region=330300&to={day_before(10)}&period=30"


async def test_a_fact_opens_its_journey_over_the_same_slice_as_known_on_the_later_day(windows: Windows) -> None:
    day = day_before(10)
    page = await windows.open(f"/past.html?figure=F10&reading=visits&region=330300&to={day}&then={day}")
    await is_ready(page, "past")
    link = page.locator("#bulletin tbody td a").first
    asked = dict(parse_qsl(urlsplit(str(await link.get_attribute("href"))).query))
    journey = asked.pop("journey")
    await link.click()

    assert asked == {"figure": "F10", "reading": "visits", "region": "330300", "to": day, "known_at": day_before(0)}
    await expect(page.locator("#journey-title")).to_contain_text(journey)


async def test_a_field_says_what_is_asked(windows: Windows) -> None:
    page = await windows.open("/?period=365&basic=nobody-knows-it", role=None)
    await page.locator("#f-basic").wait_for()

    assert [await page.locator(f"#f-{key}").input_value() for key in ("period", "basic")] == ["90", "nobody-knows-it"]


@pytest.mark.parametrize("asked", ["&reading=extra", ""], ids=["named", "meant"])
async def test_a_reading_stands_in_its_field(windows: Windows, asked: str) -> None:
    page = await windows.open(f"/past.html?figure=F5{asked}")
    await is_ready(page, "past")

    await expect(page.locator("#f-reading")).to_have_value("extra")


async def test_evidence_offers_the_readings_alone_that_its_filters_cut(windows: Windows) -> None:
    page = await windows.open("/evidence.html?figure=F5&reading=extra")
    await is_ready(page, "evidence")
    every = await page.locator("#reading option").count()

    page = await windows.open("/evidence.html?figure=F5&reading=extra&cause=wrong_place%7Capplicant")
    await is_ready(page, "evidence")

    assert await page.locator("#reading").input_value() == "extra"
    assert 1 <= await page.locator("#reading option").count() < every


async def test_another_figure_is_not_asked_by_a_filter_that_does_not_cut_it(windows: Windows) -> None:
    page = await windows.open("/past.html?figure=F5&reading=extra&cause=wrong_place%7Capplicant&channel=window")
    await is_ready(page, "past")
    assert dict(parse_qsl(urlsplit(page.url).query))["cause"]

    await page.select_option("form [name=figure]", "F4")
    await page.wait_for_url(re.compile("figure=F4"))

    asked = dict(parse_qsl(urlsplit(page.url).query))
    assert ("cause" in asked, asked["channel"]) == (False, "window")
