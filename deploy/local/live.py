"""The live load: a few new stories a second through the public doors, half by HTTP alone and half by Kafka as well."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from random import Random

from deploy.local.doors import DoorError
from deploy.local.scenario import LiveScenario
from deploy.local.stage import Stage
from deploy.local.story import Story

PER_SECOND = 5.0
AT_A_TIME_MAX = 600
"""More stories than this at a time means that the system does not keep up; new ones wait."""
_log = logging.getLogger(__name__)
BY_KAFKA = 0.8
"""Of all stories; a third of them has neither an online application nor a department with a topic."""


class LiveLoad:
    """Begins stories until told to stop."""

    def __init__(self, stage: Stage, scenario: LiveScenario, now: Callable[[], datetime], per_second: float = PER_SECOND) -> None:
        self._stage = stage
        self._scenario = scenario
        self._now = now
        self._per_second = per_second
        self._playing: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the load up until `stop`; then let every act that was sent be answered, and leave the rest of each story untold."""
        rng = Random(f"pace/{self._scenario.run}")
        index = 0
        while not stop.is_set():
            if len(self._playing) < AT_A_TIME_MAX and not self._stage.resting:
                self._begin(index, by_kafka=rng.random() < BY_KAFKA)
                index += 1
            await _wait(stop, rng.expovariate(self._per_second))
        await self._end()

    def _begin(self, index: int, *, by_kafka: bool) -> None:
        task = asyncio.create_task(self._play(self._scenario.story(index, self._now()), by_kafka=by_kafka))
        self._playing.add(task)
        task.add_done_callback(self._playing.discard)

    async def _play(self, story: Story, *, by_kafka: bool) -> None:
        try:
            await self._stage.play(story, by_kafka=by_kafka)
        except DoorError as error:
            self._stage.played.surprises[str(error)] += 1
        except Exception as error:
            # One story that goes wrong is told in the end; the others go on.
            _log.exception("story-failed", exc_info=error)
            self._stage.played.surprises[f"a fault of the demo itself: {type(error).__name__}"] += 1

    async def _end(self) -> None:
        self._stage.close()
        if self._playing:
            await asyncio.wait(self._playing)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
