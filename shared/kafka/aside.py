"""What a broker will not take for now: topics, places, single journeys, and topics that take no more than one record at a time.

A topic may be missing, one of its partitions silent, or its limit lowered below an event. None of that may hold up what the
broker would take, so each waits by itself, is asked again after a while, and needs nobody to set it free.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import TypeVar

from shared.eventsourcing.records import Place

AGAIN_S, AGAIN_MAX_S = 2.0, 8.0
JOURNEYS_MAX = 1_000
"""With more than these the broker is ill rather than a journey: then everything waits, as while it is away."""
K = TypeVar("K", bound=Hashable)


class Aside:
    """The memory of one relay."""

    def __init__(self) -> None:
        self._topics: dict[str, float] = {}
        self._journeys: dict[tuple[str, str], float] = {}
        self._narrow: dict[str, float] = {}
        self._places: dict[Place, float] = {}
        self._patience: dict[Place, float] = {}

    def topics(self) -> list[str]:
        """The topics that wait now."""
        return sorted(_still(self._topics))

    def journeys(self) -> list[tuple[str, str]]:
        """The journeys that wait now, each with its topic."""
        return sorted(_still(self._journeys))

    def places(self) -> list[Place]:
        """The places that wait now."""
        return sorted(_still(self._places))

    def has_doubtful(self) -> bool:
        """Whether any place is doubtful."""
        return bool(self._patience)

    def is_doubtful(self, place: Place) -> bool:
        """Whether a place failed, and nothing of it was acknowledged since: nobody should wait for what is sent there."""
        return place in self._patience

    def is_narrow(self, topic: str) -> bool:
        """Whether a topic refused a record lately: batches would be refused for one of theirs, so it gets records singly."""
        return topic in _still(self._narrow)

    def put_topic(self, topic: str) -> None:
        """Let a topic wait."""
        self._topics[topic] = _later()

    def put_place(self, place: Place) -> None:
        """Let a place wait, twice as long each time until something of it is acknowledged."""
        waits = min(2 * self._patience[place], AGAIN_MAX_S) if place in self._patience else AGAIN_S
        self._patience[place] = waits
        self._places[place] = _later(waits)

    def trust(self, place: Place) -> None:
        """Something of a place was acknowledged."""
        self._patience.pop(place, None)

    def narrow(self, topic: str) -> None:
        """Send records of this topic singly for a while."""
        self._narrow[topic] = _later() + AGAIN_S

    def put_journey(self, topic: str, key: str) -> bool:
        """Let a journey wait; False if too many do."""
        if len(_still(self._journeys)) >= JOURNEYS_MAX:
            return False
        self._journeys[topic, key] = _later()
        return True


def _later(after_s: float = AGAIN_S) -> float:
    return asyncio.get_running_loop().time() + after_s


def _still(waiting: dict[K, float]) -> dict[K, float]:
    now = asyncio.get_running_loop().time()
    for name in [name for name, until in waiting.items() if until <= now]:
        del waiting[name]
    return waiting
