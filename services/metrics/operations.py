"""How the whole installation stands: every service asked over its operator doors, and how far each group is behind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.metrics.builds import retired_groups, unserved_groups
from services.metrics.trust import ASK_S, Client
from shared.contracts.base import wire_time
from shared.contracts.topics import INTAKE_EVENTS, SERVICES, Service
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.records import Place
from shared.kafka.admin import end_offsets
from shared.postgres import conservation
from shared.postgres.event_log import EventLog
from shared.postgres.standing import standing
from shared.telemetry import clock

Ends = Mapping[Place, int]


async def operations(log: EventLog, client: Client, bootstrap: str) -> dict[str, Any]:
    """Services, outboxes, leases, lag per topic and partition, parked journeys; what does not answer is named.

    A build of the figures that is served no more is behind of nothing and waits for nothing.
    """
    found = dict(zip(SERVICES, await asyncio.gather(*(_ask(service, log, client) for service in SERVICES)), strict=True))
    said = {service: answered for service, answered in found.items() if answered is not None}
    consumed = [{"service": service, **row} for service, answered in said.items() for row in answered["consumed"]]
    unserved = await unserved_groups(log)
    ends = await _ends(bootstrap, {Place(row["topic"], row["partition"]) for row in consumed})
    return {
        "now": wire_time(clock.now()),
        "kafka": ends is not None,
        "services": [_service(service, answered) for service, answered in found.items()],
        "lag": lag_of(consumed, ends),
        "parked": [
            {"service": service, **row, "can_redrive": row["group"] not in unserved}
            for service, answered in said.items()
            for row in answered["journeys"]
        ],
    }


def _service(service: str, answered: Mapping[str, Any] | None) -> dict[str, Any]:
    if answered is None:
        return {"service": service, "answers": False}
    told = {name: answered[name] for name in ("outbox", "leases", "parked", "timers_held_to")}
    waiting = sum(row["waiting"] for row in answered["outbox"])
    oldest = max((row["oldest_s"] for row in answered["outbox"]), default=None)
    dead = sum(row["dead_lettered"] for row in answered["consumed"])
    return {"service": service, "answers": True, **told, "waiting": waiting, "oldest_s": oldest, "dead_lettered": dead}


def lag_of(consumed: Iterable[Mapping[str, Any]], ends: Ends | None) -> list[dict[str, Any]]:
    """Per service, group and topic the records not read yet, with each partition; null while the broker does not tell its ends.

    A partition's end may lie beyond its last record, but never before the next one that is read.
    """
    made: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in consumed:
        key = (row["service"], row["group"], row["topic"])
        entry = made.setdefault(
            key, {**dict(zip(("service", "group", "topic"), key, strict=True)), "lag": 0, "dead_lettered": 0, "partitions": []}
        )
        end = None if ends is None else ends.get(Place(row["topic"], row["partition"]))
        behind = None if end is None else max(end - row["next_offset"], 0)
        entry["lag"] = None if behind is None or entry["lag"] is None else entry["lag"] + behind
        entry["dead_lettered"] += row["dead_lettered"]
        entry["partitions"].append({"partition": row["partition"], "end": end, "next_offset": row["next_offset"], "lag": behind})
    return [made[key] for key in sorted(made)]


async def _ask(service: Service, log: EventLog, client: Client) -> dict[str, Any] | None:
    if service == "metrics":
        retired = await retired_groups(log)
        return {**await standing(log, retired), "consumed": await conservation.consumed(log, retired)}
    try:
        async with asyncio.timeout(ASK_S):
            stood, conserved = await asyncio.gather(client.get(service, "/v1/standing"), client.get(service, "/v1/conservation"))
    except (UnavailableError, TimeoutError):
        return None
    return {**stood, "consumed": conserved["consumed"]}


async def _ends(bootstrap: str, places: Iterable[Place]) -> Ends | None:
    wanted: Sequence[Place] = sorted(places) or [Place(INTAKE_EVENTS, 0)]
    try:
        async with asyncio.timeout(ASK_S):
            return await end_offsets(bootstrap, wanted)
    except Exception:
        # Whatever the broker's client says: an operator looks here because something is broken.
        return None
