"""One house and one Chromium for all tests of the pages, and a window of its own for each test."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from benchmarks.chromium import CHROMIUM, chromium
from shared.postgres.event_log import EventLog
from shared.postgres.migrations import migrate
from shared.postgres.pool import open_pool
from shared.postgres.provisioning import ensure_database
from tests.browser.board_house import BoardHouse, opened_board
from tests.browser.house import SERVICES, House, opened

DESKTOP, PHONE = (1440, 900), (390, 844)
Opens = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="package")
async def house(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Intake, approval and notify with the demonstration's catalogue."""
    directory = tmp_path_factory.mktemp("house")
    async with (
        log_of(postgres, "intake") as intake,
        log_of(postgres, "approval") as approval,
        log_of(postgres, "notify") as messages,
        opened(intake, approval, messages, directory) as made,
    ):
        yield made


@asynccontextmanager
async def log_of(postgres: str, service: str) -> AsyncIterator[EventLog]:
    """A database of one service."""
    owner, app = await ensure_database(postgres, f"t_{service}_{token_hex(6)}", "test-only")
    await migrate(owner, [SERVICES / service / "migrations"])
    log = EventLog(await open_pool(app, service=service), service)
    yield log
    await log.pool.close()


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    if not CHROMIUM.exists():
        pytest.skip("there is no Chromium on this machine")
    async with chromium() as started:
        yield started


@pytest.fixture
async def opens(browser: Browser, house: House) -> AsyncIterator[Opens]:
    """Open a page in a window of its own: `await opens("intake", "/desk.html", as_=("clerk", body))`.

    With `clock` the test may let the page's time go by.

    Whatever the browser objects to fails the test at its end; that the network is away is no objection.
    """
    heard: list[str] = []
    contexts = []

    async def open_page(
        service: str,
        path: str,
        *,
        size: tuple[int, int] = DESKTOP,
        lang: str = "zh",
        as_: tuple[str, str] | None = None,
        name: str | None = None,
        clock: bool = False,
    ) -> Page:
        context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("console", lambda message: heard.append(message.text) if _is_objection(message.type, message.text) else None)
        if as_ is not None:
            await _sign_in(context, house, service, *as_, name)
        if clock:
            await page.clock.install()
        joint = "&" if "?" in path else "?"
        await page.goto(house.urls[service] + path + f"{joint}lang={lang}")
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert heard == []


async def _sign_in(context: BrowserContext, house: House, service: str, role: str, body: str, name: str | None) -> None:
    """As the demonstration's only officer or clerk of a body, or by a token as somebody of this name."""
    if name is None:
        answer = await context.request.post(house.urls[service] + "/v1/session/demo", data={"role": role, "body": body or None})
    else:
        region = next(one.region for one in house.where.bodies if one.uscc == body)
        token = house.keys.issue(role, name, body=body, region=region, ttl_s=3_600)  # type: ignore[arg-type]
        answer = await context.request.post(house.urls[service] + "/v1/session", data={"token": token})
    assert answer.status == 200, await answer.text()


def _is_objection(kind: str, text: str) -> bool:
    return kind == "error" and "Failed to load resource" not in text


@pytest.fixture(scope="package")
async def board(postgres: str, kafka: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BoardHouse]:
    """Metrics with many journeys, for all tests of its pages."""
    async with log_of(postgres, "metrics") as log, opened_board(log, kafka, tmp_path_factory.mktemp("board")) as made:
        yield made


class Windows:
    """Opens pages of the board and hears what the browser objects to."""

    def __init__(self, browser: Browser, board: BoardHouse) -> None:
        self._browser, self._board = browser, board
        self.heard: list[str] = []
        self._contexts: list[Any] = []

    async def open(
        self,
        path: str,
        *,
        size: tuple[int, int] = DESKTOP,
        lang: str = "zh",
        role: str | None = "auditor",
        before: Callable[[Page], Awaitable[None]] | None = None,
    ) -> Page:
        context = await self._browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
        self._contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.heard.append(str(error)))
        page.on("console", self._hear)
        if role is not None:
            answer = await context.request.post(f"{self._board.url}/v1/session/demo", data={"role": role})
            assert answer.status == 200, await answer.text()
        if before is not None:
            await before(page)
        await page.goto(f"{self._board.url}{path}{'&' if '?' in path else '?'}lang={lang}")
        return page

    def _hear(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text and "ERR_" not in message.text:
            self.heard.append(message.text)

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()


@pytest.fixture
async def windows(browser: Browser, board: BoardHouse) -> AsyncIterator[Windows]:
    """Windows of the board; whatever the browser objects to fails the test at its end."""
    made = Windows(browser, board)
    yield made
    await made.close()
    assert made.heard == []


async def with_a_clock(page: Page) -> None:
    """Before a page opens: the test may let its time go by."""
    await page.clock.install()


async def is_ready(page: Page, which: str) -> None:
    """Wait until a page of the board has something on it."""
    marks = {
        "board": "#visited",
        "evidence": "#recount",
        "waits": "#recount",
        "past": "#sum",
        "operations": "#state",
        "logs": "h1",
        "now": "#total",
    }
    await page.locator(marks[which]).wait_for()


async def shot(page: Page, name: str, *, whole: bool = True) -> None:
    """Keep a picture of the page where RUNONCE_SHOTS says, for people to look at; nowhere otherwise."""
    directory = os.environ.get("RUNONCE_SHOTS")
    if directory:
        Path(directory).mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=f"{directory}/{name}.png", full_page=whole)
