"""A slow line: a question that waits on its way there, or whose answer waits on its way back, until the test lets it go on."""

from __future__ import annotations

import asyncio

from playwright.async_api import Page, Route


class Held:
    """Holds the first question to an address; whatever is asked after it passes."""

    def __init__(self) -> None:
        self.times = 0
        self.came, self._go = asyncio.Event(), asyncio.Event()

    async def request(self, route: Route) -> None:
        """Hold the question: the service has not heard of it."""
        self.times += 1
        if self.times == 1:
            self.came.set()
            await self._go.wait()
        await route.continue_()

    async def answer(self, route: Route) -> None:
        """Hold the answer: it says how things stood when the question came."""
        self.times += 1
        if self.times > 1:
            await route.continue_()
            return
        answer = await route.fetch()
        self.came.set()
        await self._go.wait()
        await route.fulfill(response=answer)

    async def let_go(self, page: Page) -> None:
        """Let it go on, and let the page have seen an answer that was held: what it asks for next comes after it."""
        self._go.set()
        await page.unroute_all(behavior="wait")
        await page.evaluate("fetch('/v1/about').then((answer) => answer.json())")
