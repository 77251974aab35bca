"""From what `./runonce demo` prints, and nothing else, a new user finds five ways: each as a person with a browser goes it.

A failed visit at the counter moves its one cell of the board; a journey is followed from Wenzhou to Hangzhou; it is
decided; the broken promise is opened down to its bytes and counted again; and what the board said yesterday is explained.
"""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, expect

from benchmarks.chromium import CHROMIUM, chromium
from deploy.local.ledger import Ledger
from deploy.local.quiet import until_quiet
from deploy.local.rest import resting
from tests.acceptance.conftest import Demo, Installation
from tests.browser.conftest import DESKTOP, PHONE, shot

WAIT_MS = 20_000
QUIET_S = 60.0
MOVES_WITHIN_MS = 1_000
"""What is promised on a machine of one's own."""
PATIENCE_MS = 10_000
"""What a machine shared with others is given, as in a test."""
CAUSE = "没有一次性告知"
THING = "不动产转移登记"

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no Chromium on this machine"),
]

TABLE = """[...document.querySelectorAll("#q-now .card")].find(
  card => card.querySelector("h3")?.textContent === "今天没有办成的到场")"""
COUNTS = f"""() => Object.fromEntries([...({TABLE}).querySelectorAll("tbody tr")].map(
  row => [row.firstChild.textContent, Number(row.lastChild.textContent)]))"""
WATCH = f"""([cause, wanted]) => {{
  const count = () => ({COUNTS})()[cause];
  window.moved = new Promise(done => new MutationObserver((_, self) => {{
    if (count() !== wanted) return;
    self.disconnect();
    requestAnimationFrame(() => done(performance.timeOrigin + performance.now()));
  }}).observe(document.getElementById("main"), {{ childList: true, subtree: true }}));
}}"""
PRESSED = "addEventListener('keydown', () => { window.pressed = performance.timeOrigin + performance.now(); }, true)"
DAY = "ago => new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai' }).format(new Date(Date.now() - ago * 864e5))"


@dataclass
class User:
    """Somebody at a screen, and what stood on the screen before."""

    browser: Browser
    demo: Demo

    async def opens(self, address: str, size: tuple[int, int] = DESKTOP) -> Page:
        """A window of its own, as another person would have."""
        context = await self.browser.new_context(viewport={"width": size[0], "height": size[1]})
        page = await context.new_page()
        page.set_default_timeout(WAIT_MS)
        await page.goto(address)
        return page

    @property
    def receipt(self) -> str:
        """The number on the receipt of the journey that waits."""
        found = re.search(r"#receipt=(\S+)&code=", self.demo.address("yours"))
        assert found is not None
        return found[1]


@pytest.fixture(scope="module")
async def user(demo: Demo) -> AsyncIterator[User]:
    demo.is_alive()
    async with chromium() as browser:
        expect.set_options(timeout=WAIT_MS)
        yield User(browser, demo)
        expect.set_options(timeout=5_000)


@pytest.fixture(autouse=True)
async def leaves(user: User) -> AsyncIterator[None]:
    """Nobody leaves a board open that goes on asking while the next one is timed."""
    yield
    for context in user.browser.contexts:
        await context.close()


async def signs_in(page: Page, role: str, city: str = "", body: str = "") -> None:
    """Choose who one is, on the page that the demonstration offers for it."""
    await page.locator(f"label:has(#role-{role})").click()
    if city:
        await page.locator("#city").select_option(label=city)
        await page.locator("#body").select_option(label=body)
    await page.locator("#enter").click()


def named(demo: Demo, after: str) -> str:
    """The body that was printed behind some words."""
    found = re.search(rf"{after} (\S+) \(", demo.says(after, QUIET_S))
    assert found is not None
    return found[1]


async def at_the_counter(user: User) -> Page:
    page = await user.opens(user.demo.address("counter"))
    await signs_in(page, "clerk", "温州市", named(user.demo, "counter of"))
    await page.locator("#queue h2").wait_for()
    return page


async def test_a_failed_visit_moves_its_one_cell_within_a_second(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    board = await user.opens(user.demo.address("board"))
    await board.locator("#t-F4").wait_for()
    desk = await at_the_counter(user)
    # Nobody else acts meanwhile, so whatever moves was moved by this visit.
    with resting(Ledger(user.demo.data).directory):
        async with Installation(user.demo.data, user.demo.found).doors() as doors:
            await until_quiet(doors, user.demo.found.kafka, QUIET_S, ("intake", "metrics"))
        await board.reload()
        await board.locator("#visited").wait_for()
        await expect(board.locator("#state")).to_have_text("● 实时")
        before = await board.evaluate(COUNTS)
        moved = before | {CAUSE: before.get(CAUSE, 0) + 1}
        await board.evaluate(WATCH, [CAUSE, moved[CAUSE]])

        await desk.locator("#queue .pick", has_text=THING).first.click()
        await expect(desk.locator("#journey-title")).to_be_focused()
        await desk.evaluate(PRESSED)
        for key in ("2", "w", "a"):
            await desk.keyboard.press(key)
        await expect(desk.locator("#said")).to_contain_text("已记录")

        moved_at = await board.evaluate("window.moved")
        took_ms = moved_at - await desk.evaluate("window.pressed")
        after = await board.evaluate(COUNTS)
        await shot(board, "new-user-board-moved")
        await shot(desk, "new-user-desk-recorded")
    with capsys.disabled():
        sys.stdout.write(
            f"\nfrom the last key at the counter to the board's cell: {took_ms:.0f} ms; {MOVES_WITHIN_MS} are promised\n"
        )
    assert after == moved
    assert took_ms < PATIENCE_MS


async def test_the_journey_is_followed_from_wenzhou_to_hangzhou_on_a_phone(user: User) -> None:
    phone = await user.opens(user.demo.address("yours"), PHONE)
    await expect(phone.locator("#answer")).to_contain_text("已收件")
    await expect(phone.locator("#holder")).to_have_text(f"温州市 · {named(user.demo, 'counter of')}")
    await expect(phone.locator("main")).to_contain_text("没有兑现")
    await expect(phone.locator("#messages")).to_contain_text("收件回执 · 电子邮件 · 已发送")
    await shot(phone, "new-user-status")

    # Who knows of no receipt finds one on the page itself.
    other = await user.opens(user.demo.address("citizens"), PHONE)
    await other.locator("[id^=example-]").first.click()
    await expect(other.locator("#answer")).to_be_visible()


async def test_it_is_decided_at_the_department_and_the_phone_says_so(user: User) -> None:
    phone = await user.opens(user.demo.address("yours"), PHONE)
    await phone.locator("#answer").wait_for()
    office = await user.opens(user.demo.address("department"))
    await signs_in(office, "officer", "杭州市", named(user.demo, "the department"))
    await office.locator("[id^=offer-]", has_text=THING).first.click()
    await shot(office, "new-user-offered")
    await office.locator("#act-accept-custody").click()
    await office.locator("#act-accept").click()
    await expect(office.locator("#said")).to_contain_text("已受理")
    await office.locator("#act-decide").click()
    await office.locator("label:has(#outcome-granted)").click()
    await office.locator("#act-send").click()
    await expect(office.locator("#decision")).to_contain_text("准予")

    await phone.goto(user.demo.address("yours"))
    await expect(phone.locator("#answer")).to_contain_text("已办结")
    await expect(phone.locator("#holder")).to_have_text(f"杭州市 · {named(user.demo, 'the department')}")
    await shot(phone, "new-user-decided")


async def test_the_broken_promise_opens_down_to_its_bytes_and_counts_again(user: User) -> None:
    desk = await at_the_counter(user)
    await desk.fill("#search", user.receipt)
    await desk.press("#search", "Enter")
    await desk.locator("#act-deliver").click()
    await desk.locator("label:has(#method-window)").click()
    await desk.locator("#act-send").click()
    await expect(desk.locator("#said")).to_contain_text("送达")

    board = await user.opens(user.demo.address("board"))
    await board.locator("#gap-estate-transfer-330100").click()
    await signs_in(board, "auditor")
    await board.locator("#figure").wait_for()
    today = await board.evaluate(DAY, 0)
    broken = board.locator("tbody tr", has_text=today).filter(
        has=board.locator("td:nth-last-child(2)", has_text=re.compile("^[1-9]"))
    )
    await broken.first.locator("button").click()
    await expect(board.locator("section .note.lived")).to_be_visible()
    await board.locator("summary", has_text="到场").first.click()
    await expect(board.locator("details[open] pre")).to_contain_text("gov.intake.visit-recorded.v1")
    await expect(board.locator("details[open] dd code").nth(1)).to_have_text(re.compile("^[0-9a-f]{64}$"))
    await board.locator("#recount").click()
    await expect(board.locator("#recounted")).to_contain_text("✓")
    await shot(board, "new-user-evidence")


async def test_what_the_board_said_yesterday_is_explained(user: User) -> None:
    board = await user.opens(user.demo.address("board"))
    await board.locator("#t-F4").wait_for()
    await board.locator("nav.own a", has_text="为什么变了").click()
    await signs_in(board, "auditor")
    await board.locator("#f-figure").select_option("F10")
    yesterday = await board.evaluate(DAY, 1)
    for field in ("#f-to", "#f-then"):
        await board.fill(field, yesterday)
        await board.locator("body[data-ready=true]").wait_for()

    await expect(board.locator("#sum")).to_contain_text("正好")
    await expect(board.locator("#bulletin tbody summary").first).to_contain_text("到场")
    await expect(board.locator("#bulletin ul")).to_contain_text("补录")
    await shot(board, "new-user-past")
