"""F10 and F11: how far the figures can be trusted. Every service is asked what it appended, published and consumed.

Nothing is lost if appended = published + waiting for every partition that a service writes, and consumed = applied +
duplicate + ignored + parked + dead-lettered for every partition that a group reads. What was consumed is the sum of what became
of it as it is counted, so that alone would never be false: topics of events have no gaps, and there a checkpoint must have
moved by one for each record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from services.metrics.builds import retired_groups
from services.metrics.cells import OWNERS, Snapshot, answer
from services.metrics.figures import BY_CODE
from services.metrics.shelf import shown
from services.metrics.slices import Slice
from services.metrics.watermarks import Marks, promised
from shared.contracts.base import wire_time
from shared.contracts.topics import EVENT_TOPICS, Service
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.records import Place
from shared.postgres import conservation
from shared.postgres.event_log import EventLog
from shared.reference.deadlines import local_date
from shared.telemetry import clock

ASK_S = 3.0
_WRITTEN = ("appended", "published", "waiting")
_CONSUMED = ("consumed", "applied", "duplicate", "ignored", "parked", "dead_lettered")
_OTHERS: tuple[Service, ...] = ("intake", "approval", "notify")


class Client(Protocol):
    """Asks another service, as this one or with the words and the token of whoever asked this one."""

    async def get(self, service: Service, path: str, **query: str | int) -> Any: ...
    async def forward(self, service: Service, path: str, token: str, key: str, body: bytes) -> tuple[int, bytes, str]: ...


async def ask_all(log: EventLog, client: Client) -> tuple[dict[str, Any], list[str]]:
    """What each service says of its records, and which services did not answer."""
    consumed = await conservation.consumed(log, await retired_groups(log))
    own = {"written": await conservation.written(log), "consumed": consumed}
    found = await asyncio.gather(*(_ask(client, service) for service in _OTHERS))
    answers: dict[str, Any] = {s: answered for s, answered in zip(_OTHERS, found, strict=True) if answered is not None}
    return {**answers, "metrics": own}, [service for service in _OTHERS if service not in answers]


async def _ask(client: Client, service: Service) -> dict[str, Any] | None:
    try:
        async with asyncio.timeout(ASK_S):
            answered: dict[str, Any] = await client.get(service, "/v1/conservation")
            return answered
    except (UnavailableError, TimeoutError):
        return None


def conserved(answers: Mapping[str, Any], unreachable: Sequence[str], marks: Marks) -> dict[str, Any]:
    """Both equations per topic, the same per partition, and whether all of them hold; null when somebody did not answer."""
    written = [_told_written(service, row) for service, answered in answers.items() for row in answered["written"]]
    ends = promised(marks.newest)
    read = [(service, row) for service, answered in answers.items() for row in answered["consumed"]]
    cut = _cut_off([row for _, row in read])
    consumed = [_told_consumed(service, row, ends, cut) for service, row in read]
    whole = all(row["balanced"] for row in (*written, *consumed))
    return {
        "written": _summed(written, ("service", "topic"), _WRITTEN),
        "consumed": _summed(consumed, ("service", "group", "topic"), (*_CONSUMED, "behind", "passed_over")),
        "partitions": [{"kind": "written", **row} for row in written] + [{"kind": "consumed", **row} for row in consumed],
        "unreachable": list(unreachable),
        "balanced": False if not whole else None if unreachable else True,
    }


def _told_written(service: str, row: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: row[name] for name in ("topic", "partition", *_WRITTEN)}
    return {"service": service, **kept, "balanced": row["appended"] == row["published"] + row["waiting"]}


def _cut_off(rows: Sequence[Mapping[str, Any]]) -> dict[Place, int]:
    """Where each partition of a topic of events began when it was first read: at 0, or where a hand cut it for everybody."""
    cut: dict[Place, int] = {}
    for row in rows:
        if row["topic"] in EVENT_TOPICS and row["consumed"]:
            place, unread = Place(row["topic"], row["partition"]), max(row["next_offset"] - row["consumed"], 0)
            cut[place] = min(unread, cut.get(place, unread))
    return cut


def _told_consumed(service: str, row: Mapping[str, Any], ends: Mapping[Place, int], cut: Mapping[Place, int]) -> dict[str, Any]:
    place, unread = Place(row["topic"], row["partition"]), row["next_offset"] - row["consumed"]
    # Whoever has not come as far as the cut passed over nothing yet.
    passed_over = unread - min(cut.get(place, unread), row["next_offset"])
    disposed = sum(row[name] for name in _CONSUMED[1:])
    return {
        "service": service,
        **{name: row[name] for name in ("group", "topic", "partition", *_CONSUMED)},
        "behind": max(ends.get(place, 0) - row["next_offset"], 0),
        "passed_over": passed_over,
        "balanced": row["consumed"] == disposed and passed_over == 0,
    }


def _summed(rows: Sequence[Mapping[str, Any]], keys: Sequence[str], amounts: Sequence[str]) -> list[dict[str, Any]]:
    made: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        entry = made.setdefault(key, {**dict(zip(keys, key, strict=True)), **dict.fromkeys(amounts, 0), "balanced": True})
        for name in amounts:
            entry[name] += row[name]
        entry["balanced"] = entry["balanced"] and row["balanced"]
    return [made[key] for key in sorted(made)]


async def services_of(snap: Snapshot, marks: Marks) -> list[dict[str, Any]]:
    """Up to when everything of each service is in the figures, and whether its newest promise is."""
    rows = await snap.tx.fetch("SELECT service, complete_to FROM watermark WHERE generation = $1", snap.generation)
    reached = {row["service"]: row["complete_to"] for row in rows}
    told: list[dict[str, Any]] = []
    for service in OWNERS:
        complete_to, newest = reached.get(service), marks.newest.get(service)
        is_reached = complete_to is not None and newest is not None and complete_to >= newest.complete_to
        told.append(
            {
                "service": service,
                "complete_to": None if complete_to is None else wire_time(complete_to),
                "promised_to": None if newest is None else wire_time(newest.complete_to),
                "reached": is_reached,
            }
        )
    return told


async def trusted(snap: Snapshot, marks: Marks) -> dict[str, Any]:
    """The part of the trust page that the projection itself knows."""
    found = await answer(snap, BY_CODE["F10"], Slice(), local_date(clock.now()))
    return {"services": await services_of(snap, marks), **shown(found.readings)}
