"""Whoever confirms a redrive has seen exactly what it covers, is told what came of it, and is not disturbed while looking."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from services.metrics.builds import ask_for_rebuild
from tests.browser.board_house import BoardHouse
from tests.browser.conftest import Windows, is_ready

pytestmark = pytest.mark.browser


async def opened(windows: Windows) -> Page:
    page = await windows.open("/operations.html", lang="en", role="operator")
    await is_ready(page, "operations")
    return page


async def test_what_was_parked_since_the_page_was_drawn_is_in_the_question(board: BoardHouse, windows: Windows) -> None:
    await board.park("there-from-the-start")
    page = await opened(windows)
    await page.locator("#redrive-metrics").wait_for()
    await page.route("**/v1/operations", lambda route: route.abort())
    await board.park("came-in-between")

    await page.locator("#redrive-metrics").click()

    await expect(page.locator("#question")).to_contain_text("came-in-between")
    await expect(page.locator("#question")).to_contain_text("there-from-the-start")


async def test_what_is_not_listed_is_counted(board: BoardHouse, windows: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.postgres.standing.PARKED_MAX", 1)
    for n in range(3):
        await board.park(f"one-of-many-{n}")
    page = await opened(windows)
    await page.locator("#redrive-metrics").click()

    await expect(page.locator("#question tbody tr")).to_have_count(1)
    await expect(page.locator("#question")).to_contain_text("not listed, and redriven with these")
    await expect(page.locator(".card", has=page.locator("#redrive-metrics"))).to_contain_text("not listed.")


async def test_what_still_waits_is_said(board: BoardHouse, windows: Windows) -> None:
    await board.park("cannot-be-read")
    page = await opened(windows)
    await page.locator("#redrive-metrics-p1-cannot-be-read").click()
    await page.locator("#confirm").click()

    await expect(page.locator("#said")).to_contain_text("0 events were applied; 1 still waits.")


async def test_a_service_is_called_by_its_name(board: BoardHouse, windows: Windows) -> None:
    await board.park("called-by-its-name")
    page = await windows.open("/operations.html", role="operator")
    await expect(page.locator("#redrive-metrics")).to_have_text("重新处理 统计 metrics 的全部")
    await page.locator("#redrive-metrics").click()

    await expect(page.locator("#question-title")).to_have_text("确认在 统计 metrics 重新处理以下内容？")


async def test_whoever_has_decided_goes_on_from_where_the_question_came_up(board: BoardHouse, windows: Windows) -> None:
    await board.park("goes-on-from-here")
    page = await opened(windows)
    opener = page.locator("#redrive-metrics-p1-goes-on-from-here")
    for decides in ("#cancel", "#confirm"):
        await opener.focus()
        await page.keyboard.press("Enter")
        await page.locator("#confirm:focus").wait_for()
        await page.locator(decides).press("Enter")
        await expect(opener).to_be_focused()

    await page.locator("#redrive-metrics-p1-goes-on-from-here").click()
    await page.locator("#confirm:focus").wait_for()
    await board.log.pool.execute("DELETE FROM parked WHERE key = 'goes-on-from-here'")
    await page.keyboard.press("Enter")
    await expect(page.locator("#ops-parkedtitle")).to_be_focused()
    await expect(page.locator("#trouble")).to_contain_text("no longer what you were shown")


async def test_while_a_service_is_silent_nobody_says_that_nothing_is_parked_there(windows: Windows) -> None:
    page = await windows.open("/operations.html", role="operator")
    await is_ready(page, "operations")

    await expect(page.locator(".card:has(#ops-parkedtitle)")).to_contain_text("没有应答：收件 intake、审批 approval、通知 notify")
    await expect(page.locator(".card:has(#ops-lagtitle)")).to_contain_text("其滞后现在不知道")
    await expect(page.locator("main")).not_to_contain_text("✓ 没有搁置的事")


async def test_a_rebuild_is_stopped_in_two_steps(board: BoardHouse, windows: Windows) -> None:
    asked = await ask_for_rebuild(board.log, "op")
    page = await opened(windows)
    await page.locator("#stop").click()
    await expect(page.locator("#question-title")).to_have_text(f"Stop the rebuild of build {asked}?")
    await page.locator("#cancel").click()
    await expect(page.locator("#stop")).to_be_focused()

    await page.locator("#stop").press("Enter")
    await page.locator("#confirm:focus").press("Enter")

    await expect(page.locator("#said")).to_contain_text(f"The rebuild of build {asked} was stopped.")
    await expect(page.locator("#ops-builds")).to_be_focused()
    await expect(page.locator(".card:has(#ops-builds) tbody tr").first).to_contain_text("stopped")
    await expect(page.locator("#stop")).to_have_count(0)


async def test_a_key_that_is_held_confirms_nothing(board: BoardHouse, windows: Windows) -> None:
    await board.park("asked-by-a-long-press")
    page = await opened(windows)
    await page.locator("#redrive-metrics-p1-asked-by-a-long-press").focus()
    await page.keyboard.down("Enter")
    await page.locator("#confirm:focus").wait_for()
    for _ in range(5):
        await page.keyboard.down("Enter")
    await page.keyboard.up("Enter")

    await expect(page.locator("#confirm")).to_be_focused()
    assert await page.locator("#said").inner_text() == ""
    await page.keyboard.press("Enter")
    await expect(page.locator("#said")).to_contain_text("still wait")
