"""As of when the figures are complete: what the relays promise, and how far this projection has come.

A relay says "everything of mine recorded up to T lies below these offsets". T counts as soon as the checkpoints have
reached the offsets; the figures' own as-of is the least of the services' newest such T. An idle service keeps promising,
so it holds nobody back.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from services.metrics.cells import LIVE, OWNERS
from services.metrics.store import group_of
from shared.contracts.topics import EVENT_TOPICS, WATERMARKS
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.eventsourcing.records import Place
from shared.kafka.follow import follow
from shared.postgres.event_log import EventLog
from shared.runtime.parts import lasting
from shared.telemetry import clock
from shared.telemetry.names import AS_OF_LAG_SECONDS

# Whoever begins to follow hears old promises once more; they take nothing back.
_NOTE = """
INSERT INTO watermark (generation, service, complete_to) VALUES ($1, $2, $3) ON CONFLICT (generation, service) DO UPDATE
SET complete_to = CASE WHEN $4 THEN excluded.complete_to ELSE greatest(watermark.complete_to, excluded.complete_to) END
"""
EVERY_S = 0.2
PENDING_MAX = 2_000
RETRY_S = 0.5
_log = logging.getLogger(__name__)


class _Mark(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    service: str
    complete_to: AwareDatetime
    end_offsets: dict[str, dict[int, Annotated[int, Field(ge=0)]]]


class Mark(NamedTuple):
    """One promise of a relay, as far as this projection reads its topics."""

    complete_to: datetime
    ends: Mapping[Place, int]


class Marks:
    """The promises that are not reached yet, by service, oldest first."""

    def __init__(self) -> None:
        self.newest: dict[str, Mark] = {}
        self.taken_back: set[str] = set()
        """Services whose clock was set back: what they record now lies before what they promised, so that holds no more."""
        self._pending: dict[str, deque[Mark]] = {}
        self._claimed: dict[str, dict[Place, int]] = {}

    def hear(self, value: bytes) -> None:
        """Take a promise; one that cannot be read promises nothing."""
        try:
            mark = _Mark.model_validate_json(value)
        except ValidationError:
            _log.warning("watermark-unreadable")
            return
        ends = {
            Place(topic, partition): offset
            for topic, partitions in mark.end_offsets.items()
            if topic in EVENT_TOPICS
            for partition, offset in partitions.items()
        }
        made, before = Mark(mark.complete_to, ends), self.newest.get(mark.service)
        self.newest[mark.service] = made
        waiting, claimed = self._pending.setdefault(mark.service, deque()), self._claimed.setdefault(mark.service, {})
        if any(end < claimed.get(place, 0) for place, end in ends.items()):
            # A topic was begun anew: no checkpoint comes to what was promised of the old one, and nothing may wait behind that.
            waiting.clear()
            claimed.clear()
        if before is not None and made.complete_to < before.complete_to:
            self.taken_back.add(mark.service)
            waiting.clear()
        claimed.update(ends)
        waiting.append(made)
        if len(waiting) > PENDING_MAX:
            # Far behind, every other promise is as good as all of them.
            self._pending[mark.service] = deque([*waiting][::-2][::-1])

    def start_over(self) -> None:
        """The newest promises alone count, and all of them are to be reached again."""
        self._pending = {service: deque([mark]) for service, mark in self.newest.items()}
        self._claimed = {service: dict(mark.ends) for service, mark in self.newest.items()}

    def reached(self, checkpoints: Mapping[Place, int]) -> dict[str, datetime]:
        """The newest promise of each service that the checkpoints have reached, of those heard since it was last asked."""
        found: dict[str, datetime] = {}
        for service, waiting in self._pending.items():
            while waiting and all(checkpoints.get(place, 0) >= end for place, end in waiting[0].ends.items()):
                found[service] = waiting.popleft().complete_to
        return found


class Watermarks:
    """Follows the promises and writes down how far the live build has come."""

    def __init__(self, log: EventLog, bootstrap: str) -> None:
        self.marks = Marks()
        self._log = log
        self._bootstrap = bootstrap

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until `stop`."""
        async with asyncio.TaskGroup() as group:
            group.create_task(lasting(self._listen, stop))
            group.create_task(lasting(self._note, stop))

    async def _listen(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            heard = Marks()
            try:
                async for _, value in follow(self._bootstrap, WATERMARKS, "runonce-metrics-watermarks", stop):
                    heard.hear(value)
                    self.marks = heard
            except UnavailableError:
                await clock.rest(stop, RETRY_S)

    async def _note(self, stop: asyncio.Event) -> None:
        generation = 0
        while not stop.is_set():
            try:
                generation = await self._note_once(generation)
            except (UnavailableError, VersionConflictError) as error:
                _log.warning("watermark-waits", extra={"error_class": type(error).__name__})
            await clock.rest(stop, EVERY_S)

    async def _note_once(self, before: int) -> int:
        async with self._log.transaction() as tx:
            live = await tx.fetchrow(LIVE, list(OWNERS))
            generation: int = 0 if live is None else live["generation"]
            if generation != before:
                # Another build is served now: what the old one had reached says nothing about it.
                self.marks.start_over()
            rows = await tx.fetch("SELECT topic, partition, next_offset FROM checkpoint WHERE grp = $1", group_of(generation))
            reached = self.marks.reached({Place(r["topic"], r["partition"]): r["next_offset"] for r in rows})
            back = self.marks.taken_back.intersection(reached)
            if reached:
                await tx.executemany(_NOTE, [(generation, service, to, service in back) for service, to in sorted(reached.items())])
        self.marks.taken_back -= back
        if live is not None and live["as_of"] is not None:
            # At every look, whether anything was reached or not: it is when nothing is that somebody has to see it grow.
            AS_OF_LAG_SECONDS.set((clock.now() - live["as_of"]).total_seconds())
        return generation


def promised(newest: Mapping[str, Mark]) -> dict[Place, int]:
    """Where each partition ends, as its relay last said."""
    return {place: end for mark in newest.values() for place, end in mark.ends.items()}
