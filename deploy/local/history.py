"""Brings a scripted history in through the batch doors: ordered within each journey, concurrent between them, repeatable.

Intake's acts up to the decision go first, then approval's, then intake's after it. What waits for the other service's news
to cross Kafka is refused at first and simply asked again; every document has its own id, so asking again changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from deploy.local.doors import DoorError, Doors
from deploy.local.ledger import History, Ledger
from deploy.local.progress import Tracker
from deploy.local.story import DOOR_OF, Act, Story
from shared.contracts.topics import Service

DOCUMENTS_MAX = 450
IN_FLIGHT = 8
"""Parts under way at a time: enough to fill the seconds that news needs to cross, few enough for memory."""
REQUESTS = 2
NEWS_S = 0.4
NEWS_MAX_S = 180.0
HOLD_S = 300
HOLD_AGAIN_S = 60
HELD: tuple[Service, ...] = ("intake", "approval")
_NOT_YET = frozenset({"case-unknown", "not-decided"})
_ACTS: tuple[Act, ...] = ("before", "decision", "after")


class HistoryError(Exception):
    """Something of the history was answered in a way that its script did not expect."""


@dataclass
class Loaded:
    """What came of the load."""

    documents: int = 0
    refused_as_meant: int = 0
    surprises: Counter[str] = field(default_factory=Counter)


class Loader:
    """Brings one history in. `loaded` counts as it goes."""

    def __init__(self, doors: Doors, history: History, tracker: Tracker) -> None:
        self.loaded = Loaded()
        self._doors = doors
        self._history = history
        self._tracker = tracker
        self._requests = asyncio.Semaphore(REQUESTS)

    async def load(self) -> Loaded:
        """Bring in every part that is not in yet. Raises `HistoryError` if anything was answered unexpectedly."""
        done = self._history.done()
        under_way: set[asyncio.Task[None]] = set()
        async with held(self._doors):
            for number, stories in self._history.chunks():
                if number in done:
                    self._tracker.advance(len(stories))
                    continue
                under_way.add(asyncio.create_task(self._part(number, stories)))
                if len(under_way) >= IN_FLIGHT:
                    under_way = await self._some(under_way)
            while under_way:
                under_way = await self._some(under_way)
            if self.loaded.surprises:
                worst = ", ".join(f"{count} x {what}" for what, count in self.loaded.surprises.most_common(5))
                raise HistoryError(f"the history was answered unexpectedly: {worst}")
            self._history.finish()
        return self.loaded

    async def _some(self, under_way: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
        finished, rest = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        for task in finished:
            if task.exception() is not None:
                for other in rest:
                    other.cancel()
                await asyncio.gather(*rest, return_exceptions=True)
            task.result()
        return rest

    async def _part(self, number: int, stories: Sequence[Story]) -> None:
        for act in _ACTS:
            waiting: list[Story] = list(stories)
            deadline = asyncio.get_running_loop().time() + NEWS_MAX_S
            while waiting:
                waiting = await self._act(act, waiting)
                if waiting:
                    if asyncio.get_running_loop().time() > deadline:
                        raise HistoryError(f"news did not cross within {NEWS_MAX_S:.0f} s; is the other service running?")
                    await asyncio.sleep(NEWS_S)
            if act != "after":
                await asyncio.sleep(NEWS_S)
        if not self.loaded.surprises:
            self._history.mark(number)
        self._tracker.advance(len(stories))

    async def _act(self, act: Act, stories: Sequence[Story]) -> list[Story]:
        """Send one act of the stories; returns those that have to be asked again."""
        again: list[Story] = []
        for part in _requests(act, stories):
            documents = [document for _, _, document in part]
            async with self._requests:
                answers = await self._doors.batch(DOOR_OF[act], stories[0].caller, documents)
            early = {story.name for (story, _, _), answer in zip(part, answers, strict=True) if _is_early(act, answer)}
            for (story, number, _), answer in zip(part, answers, strict=True):
                if story.name not in early:
                    self._count(story, number, answer)
            again += [story for story in stories if story.name in early]
        return again

    def _count(self, story: Story, number: int, answer: Mapping[str, Any]) -> None:
        self.loaded.documents += 1
        meant = story.steps[number].refused
        rule = answer.get("rule") if answer["status"] == "refused" else None
        if rule != meant:
            self.loaded.surprises[f"{story.steps[number].command}: {rule or 'applied'}"] += 1
        elif meant is not None:
            self.loaded.refused_as_meant += 1


def _is_early(act: Act, answer: Mapping[str, Any]) -> bool:
    return act != "before" and answer["status"] == "refused" and answer.get("rule") in _NOT_YET


_Asked = tuple[Story, int, dict[str, Any]]


def _requests(act: Act, stories: Sequence[Story]) -> list[list[_Asked]]:
    """The documents of one act in requests that never split a story."""
    requests: list[list[_Asked]] = [[]]
    for story in stories:
        told = [(story, number, document) for number, document in story.documents(act)]
        if len(requests[-1]) + len(told) > DOCUMENTS_MAX:
            requests.append([])
        requests[-1] += told
    return [request for request in requests if request]


@asynccontextmanager
async def held(doors: Doors) -> AsyncIterator[None]:
    """Let the timekeepers stand still meanwhile: what is overdue is decided when the next act of its journey arrives."""
    await hold(doors, HOLD_S)
    renewing = asyncio.create_task(_renew(doors))
    try:
        yield
    finally:
        renewing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewing
    # Only after the last act: what was interrupted keeps the hold until it is taken up again or the hold runs out.
    await hold(doors, 0)


async def hold_until_in(doors: Doors, ledger: Ledger) -> None:
    """Keep timers still as long as a history is only partly in, whoever brings the rest in, and whenever."""
    while not all(history.is_in for history in ledger.histories()):
        with contextlib.suppress(DoorError):
            await hold(doors, HOLD_S)
            if all(history.is_in for history in ledger.histories()):
                await hold(doors, 0)
        await asyncio.sleep(HOLD_AGAIN_S)


async def _renew(doors: Doors) -> None:
    while True:
        await asyncio.sleep(HOLD_AGAIN_S)
        with contextlib.suppress(DoorError):
            await hold(doors, HOLD_S)


async def hold(doors: Doors, seconds: int) -> None:
    """Let the timekeepers stand still for `seconds`, or run again at 0. Raises `DoorError` if they would not."""
    for service in HELD:
        answer = await doors.send("PUT", service, "/v1/timekeeper", "importer", {"hold_s": seconds})
        if answer.status != 200:
            raise DoorError(f"{service} would not hold its timers: {answer.status}")
