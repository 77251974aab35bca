"""What a broker will not take for now: whole topics, single journeys, and topics that take no more than one record at a time.

A topic may be missing, or its limit lowered below an event. Neither may hold up what the broker would take, so both wait by
themselves, are asked again after a while, and need nobody to set them free.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import TypeVar

AGAIN_S = 2.0
JOURNEYS_MAX = 1_000
"""With more than these the broker is ill rather than a journey: then everything waits, as while it is away."""
K = TypeVar("K", bound=Hashable)


class Aside:
    """The memory of one relay."""

    def __init__(self) -> None:
        self._topics: dict[str, float] = {}
        self._journeys: dict[tuple[str, str], float] = {}
        self._narrow: dict[str, float] = {}

    def topics(self) -> list[str]:
        """The topics that wait now."""
        return sorted(_still(self._topics))

    def journeys(self) -> list[tuple[str, str]]:
        """The journeys that wait now, each with its topic."""
        return sorted(_still(self._journeys))

    def is_narrow(self, topic: str) -> bool:
        """Whether a topic refused a record lately: batches would be refused for one of theirs, so it gets records singly."""
        return topic in _still(self._narrow)

    def put_topic(self, topic: str) -> None:
        """Let a topic wait."""
        self._topics[topic] = _later()

    def narrow(self, topic: str) -> None:
        """Send records of this topic singly for a while."""
        self._narrow[topic] = _later() + AGAIN_S

    def put_journey(self, topic: str, key: str) -> bool:
        """Let a journey wait; False if too many do."""
        if len(_still(self._journeys)) >= JOURNEYS_MAX:
            return False
        self._journeys[topic, key] = _later()
        return True


def _later() -> float:
    return asyncio.get_running_loop().time() + AGAIN_S


def _still(waiting: dict[K, float]) -> dict[K, float]:
    now = asyncio.get_running_loop().time()
    for name in [name for name, until in waiting.items() if until <= now]:
        del waiting[name]
    return waiting
