"""The operator's board in Debian's Chromium while events go on arriving: its first figure, frames, weight, and memory over time."""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass, field
from statistics import median, quantiles

from playwright.async_api import Browser, CDPSession, Page

from benchmarks.chromium import CHROMIUM, chromium
from benchmarks.installation import say
from benchmarks.metrics_alone import MetricsAlone, metrics_alone
from benchmarks.results import Result

WORD = "board"
HELP = "the operator's board in a browser under load: first figure, frames, weight, and memory for --minutes N"
EVENTS = 100_000
SMOKE_EVENTS = 4_000
LIVE_EVENTS_PER_S = 1_000
MINUTES = 2.0
SMOKE_MINUTES = 0.1
OPENINGS = 5
LOOKS = 12
"""How often memory is looked at; each look collects garbage first and costs frames."""
SEEN_S = 30.0
_FIRST_FIGURE = """async () => {
    while (!document.querySelector('#t-F4')) await new Promise(requestAnimationFrame);
    return performance.now();
}"""
_SHOWS = """async ([wanted, ms]) => {
    const ends = performance.now() + ms;
    const shows = () => document.querySelector('[data-figure="F2"]').textContent.includes(wanted);
    while (!shows() && performance.now() < ends) await new Promise(requestAnimationFrame);
    return shows();
}"""
_WEIGHT = """
[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .filter(one => !one.name.endsWith('.woff2')).reduce((sum, one) => sum + one.transferSize, 0)
"""
_COUNT_FRAMES = """() => {
    let last = performance.now();
    window.spans = [];
    const tick = (now) => { window.spans.push(now - last); last = now; requestAnimationFrame(tick); };
    requestAnimationFrame(tick);
}"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long the board stays open under load")


def run(options: argparse.Namespace) -> list[Result]:
    """Measure; nothing where there is no Chromium."""
    if not CHROMIUM.exists():
        say("no Chromium here, so the board is left out")
        return []
    if options.smoke:
        return asyncio.run(_measure(SMOKE_EVENTS, SMOKE_MINUTES))
    return asyncio.run(_measure(EVENTS, options.minutes))


@dataclass
class _Seen:
    """What was seen of one open board."""

    spans: list[float] = field(default_factory=list)
    """Milliseconds between two frames."""
    events_per_s: float = 0.0
    """How many were applied meanwhile, of those that were offered."""
    heap_mb: list[float] = field(default_factory=list)
    nodes: list[float] = field(default_factory=list)


async def _measure(events: int, minutes: float) -> list[Result]:
    async with metrics_alone() as house, chromium() as browser:
        await house.publish(events)
        await house.start()
        await house.until_applied()
        url = f"{house.stack.urls['metrics']}/?period=0"
        resting = [await _opened(browser, url) for _ in range(OPENINGS)]
        stop = asyncio.Event()
        living = asyncio.create_task(house.publish_slowly(LIVE_EVENTS_PER_S, stop))
        try:
            opened = [await _opened(browser, url) for _ in range(OPENINGS)]
            page = await browser.new_page(viewport={"width": 1440, "height": 900})
            await page.goto(url)
            before, begun = await house.applied(), time.monotonic()
            seen = await _watched(page, minutes * 60)
            seen.events_per_s = (await house.applied() - before) / (time.monotonic() - begun)
        finally:
            stop.set()
            await living
        await house.until_applied()
        right = await house.is_right() and await _agrees(page, house)
    return _told(resting, opened, seen, right=right)


async def _opened(browser: Browser, url: str) -> tuple[float, float]:
    """One opening without a cache: milliseconds to the first figure, and bytes that came over the wire."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    await page.goto(url, wait_until="commit")
    async with asyncio.timeout(SEEN_S):
        found = float(await page.evaluate(_FIRST_FIGURE)), float(await page.evaluate(_WEIGHT))
    await context.close()
    return found


async def _watched(page: Page, seconds: float) -> _Seen:
    async with asyncio.timeout(SEEN_S):
        await page.evaluate(_FIRST_FIGURE)
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    seen = _Seen()
    await page.evaluate(_COUNT_FRAMES)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        await asyncio.sleep(seconds / LOOKS)
        seen.spans += await page.evaluate("window.spans.splice(0)")
        await _look(session, seen)
        # The frame that waited for the collection is ours.
        await page.evaluate("new Promise(done => requestAnimationFrame(() => { window.spans.length = 0; done(); }))")
    return seen


async def _look(session: CDPSession, seen: _Seen) -> None:
    await session.send("HeapProfiler.collectGarbage")
    told = {one["name"]: one["value"] for one in (await session.send("Performance.getMetrics"))["metrics"]}
    seen.heap_mb.append(told["JSHeapUsedSize"] / 1e6)
    seen.nodes.append(told["Nodes"])


async def _agrees(page: Page, house: MetricsAlone) -> bool:
    """Whether the open board comes to show as many delivered journeys as the service counts."""
    told = await house.doors.get("metrics", "/v1/dashboard", None)
    wanted = f"{told['promise']['F2']['once']['denominator']:,}"
    return bool(await page.evaluate(_SHOWS, [wanted, SEEN_S * 1_000]))


def _told(resting: list[tuple[float, float]], opened: list[tuple[float, float]], seen: _Seen, *, right: bool) -> list[Result]:
    third = max(len(seen.heap_mb) // 3, 1)
    rests, firsts = [[float(round(ms)) for ms, _ in some] for some in (resting, opened)]
    values: list[tuple[str, float, list[float]]] = [
        ("ms first figure, nothing arriving", median(rests), rests),
        ("ms first figure", median(firsts), firsts),
        ("kB page weight", median(weight for _, weight in opened) / 1_000, []),
        ("events/s applied meanwhile", seen.events_per_s, []),
        ("frames/s", 1_000 * len(seen.spans) / sum(seen.spans), []),
        ("ms p99 between frames", quantiles(seen.spans, n=100)[98], []),
        ("MB heap, first third", median(seen.heap_mb[:third]), []),
        ("MB heap, last third", median(seen.heap_mb[-third:]), []),
        ("DOM nodes, first third", median(seen.nodes[:third]), []),
        ("DOM nodes, last third", median(seen.nodes[-third:]), []),
    ]
    found = [
        Result(WORD, "ours", LIVE_EVENTS_PER_S, round(value, 1), unit, correct=right, rounds=rounds)
        for unit, value, rounds in values
    ]
    say(", ".join(f"{result.unit} {result.value}" for result in found))
    return found
