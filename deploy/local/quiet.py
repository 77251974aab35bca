"""Whether everything that was said has been heard: no outbox waits, and every group stands at the end of its topics."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.local.doors import Doors
from shared.contracts.topics import (
    APPROVAL_EVENTS,
    CATALOGUE_EVENTS,
    EVENT_TOPICS,
    INTAKE_EVENTS,
    NOTIFY_EVENTS,
    PARTITIONS,
    SERVICES,
)
from shared.eventsourcing.records import Place
from shared.kafka.admin import end_offsets

LOOK_EVERY_S = 0.5
QUIET_LOOKS = 4
"""Timers fire twice a second, so what is silent for this many looks has nothing more to say."""
_log = logging.getLogger(__name__)
_PLACES = tuple(Place(topic, partition) for topic in EVENT_TOPICS for partition in range(PARTITIONS))
_HEARD: Mapping[str, tuple[str, ...]] = {
    "intake": (APPROVAL_EVENTS, NOTIFY_EVENTS),
    "approval": (CATALOGUE_EVENTS, INTAKE_EVENTS),
    "notify": (INTAKE_EVENTS, APPROVAL_EVENTS),
    "metrics": EVENT_TOPICS,
}
"""Which topics each service has to have heard to the end."""


class NotQuietError(Exception):
    """Something was still under way when the time was up; the message names it."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at everything: how much was appended, and what is still under way."""

    appended: int
    under_way: tuple[str, ...]


async def until_quiet(doors: Doors, kafka: str, limit_s: float, services: Sequence[str] = SERVICES) -> int:
    """Wait until nothing moves any more; returns how many events were appended by then. Raises `NotQuietError` after `limit_s`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit_s
    looks: list[Look] = []
    while True:
        looks.append(await look(doors, kafka, services))
        last = looks[-QUIET_LOOKS:]
        if len(last) == QUIET_LOOKS and not any(one.under_way for one in last) and len({one.appended for one in last}) == 1:
            return looks[-1].appended
        if loop.time() > deadline:
            raise NotQuietError(f"still under way after {limit_s:.0f} s: {', '.join(looks[-1].under_way[:3]) or 'new events'}")
        await asyncio.sleep(LOOK_EVERY_S)


async def until_heard(doors: Doors, kafka: str, service: str, topic: str, limit_s: float) -> None:
    """Wait until `service` has heard everything that is on `topic` now. Raises `NotQuietError` after `limit_s`."""
    deadline = asyncio.get_running_loop().time() + limit_s
    places = [place for place in _PLACES if place.topic == topic]
    while True:
        waiting = await look(doors, kafka, ("intake",))
        ends = await _ends(kafka, places)
        late = ends is None or behind(service, (await doors.get(service, "/v1/conservation", "auditor"))["consumed"], ends)
        if not waiting.under_way and not late:
            return
        if asyncio.get_running_loop().time() > deadline:
            raise NotQuietError(f"{service} did not hear the whole of {topic} within {limit_s:.0f} s")
        await asyncio.sleep(LOOK_EVERY_S)


async def look(doors: Doors, kafka: str, services: Sequence[str] = SERVICES) -> Look:
    """Look once. Ends of topics are read first, so that what is heard later cannot hide what was said before."""
    ends = await _ends(kafka, _PLACES)
    if ends is None:
        return Look(0, ("Kafka does not answer",))
    told = await asyncio.gather(*(doors.get(service, "/v1/conservation", "auditor") for service in services))
    appended = 0
    under_way: list[str] = []
    for service, counts in zip(services, told, strict=True):
        appended += sum(row["appended"] for row in counts["written"])
        waiting = sum(row["waiting"] for row in counts["written"])
        if waiting:
            under_way.append(f"{service} has {waiting} to publish")
        under_way += behind(service, counts["consumed"], ends)
    return Look(appended, tuple(under_way))


async def _ends(kafka: str, places: Sequence[Place]) -> dict[Place, int] | None:
    """The ends of the partitions that hold anything; None while Kafka is away, as it is for seconds after a kill."""
    try:
        return {place: end for place, end in (await end_offsets(kafka, places)).items() if end}
    except Exception as error:
        _log.debug("kafka-away", exc_info=error)
        return None


def behind(service: str, consumed: Sequence[Mapping[str, Any]], ends: Mapping[Place, int]) -> list[str]:
    """How far a service has not heard yet what it has to hear, in words; nothing if it has heard all.

    Of several groups of one service, such as an old projection beside a new one, the slowest counts. A group that reads a topic
    and has no row of a partition has not claimed it yet.
    """
    heard = {(row["group"], Place(row["topic"], row["partition"])): row["next_offset"] for row in consumed}
    readers: dict[str, set[str]] = defaultdict(set)
    for group, place in heard:
        readers[place.topic].add(group)
    late = 0
    for place, end in ends.items():
        if place.topic in _HEARD[service]:
            late += max(end - min((heard.get((group, place), 0) for group in readers[place.topic]), default=0), 0)
    return [f"{service} is {late} behind"] if late else []
