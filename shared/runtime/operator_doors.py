"""What operators and auditors may ask of every service: its record, its conservation, what is parked, and its timers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request, Response

from shared.contracts.ingress import parse_json
from shared.eventsourcing.errors import RefusedError, Rule
from shared.postgres import conservation, standing, timers
from shared.postgres.event_log import EventLog
from shared.postgres.inbound import Inbound
from shared.runtime.auth import Caller, require
from shared.runtime.http import SignedIn, plain
from shared.runtime.problems import JsonBytes

RECORD_PAGE_MAX = 5_000
VERSION_MAX = 2_147_483_647
"""The highest version that the record's column holds."""
_NAME = {"pattern": r"^[^\x00]*$", "max_length": 300}
Name = Annotated[str, Query(**_NAME)]
"""A stream or a journey as the record may hold it: any text without a NUL."""
_SECONDS = Rule("hold-seconds", "invalid", "hold_s 须为 0 至 600 的整数。", "hold_s must be a whole number from 0 to 600.")


_log = logging.getLogger(__name__)


def note_action(caller: Caller, action: str) -> None:
    """Write down who did what: an operator's act is no event, but nobody does it unseen."""
    _log.warning("operator-acted", extra={"action": action, "role": caller.role, "caller": caller.id})


async def nobody(_: EventLog) -> Collection[str]:
    """For a service whose groups all go on reading."""
    return ()


def operator_doors(
    app: FastAPI,
    log: EventLog,
    inbounds: Sequence[Inbound] = (),
    retired: Callable[[EventLog], Awaitable[Collection[str]]] = nobody,
) -> None:
    """Mount the doors. `inbounds` are the groups whose parked events can be redriven here, `retired` those that read no more."""
    count = conservation.Count(log)

    @app.get("/v1/record", summary="Stored events in (stream, version) order, as exact bytes, one a line")
    async def record(
        caller: SignedIn,
        after_stream: Name = "",
        after_version: int = Query(0, ge=0, le=VERSION_MAX),
        limit: int = Query(1_000, ge=1, le=RECORD_PAGE_MAX),
    ) -> Response:
        require(caller, {"auditor", "operator", "service"})
        rows = await log.read_record((after_stream, after_version), limit)
        return Response(b"".join(body + b"\n" for _, _, body in rows), media_type="application/x-ndjson")

    @app.get("/v1/streams/{stream}", summary="The stored events of one stream, as exact bytes, one a line")
    async def stream(caller: SignedIn, stream: Annotated[str, Path(**_NAME)]) -> Response:
        require(caller, {"auditor", "operator", "service"})
        bodies = await log.read_stream(stream)
        return Response(b"".join(body + b"\n" for body in bodies), media_type="application/x-ndjson")

    @app.get("/v1/conservation", summary="What was appended, published, consumed, and what became of it")
    async def conserved(caller: SignedIn) -> Response:
        require(caller, {"operator", "auditor", "service"})
        consumed = await conservation.consumed(log, await retired(log))
        return plain({"written": await count.written(), "consumed": consumed})

    @app.get("/v1/parked", summary="What waits behind a failed event, and why")
    async def parked(caller: SignedIn) -> Response:
        require(caller, {"operator", "auditor", "service"})
        over = await retired(log)
        async with log.transaction() as tx:
            rows = await tx.fetch(
                "SELECT grp AS group, key AS journey, source, sequence, type, error_code, attempts, first_seen "
                "FROM parked WHERE grp <> ALL($1) ORDER BY n LIMIT 500",
                list(over),
            )
        return plain([dict(row) for row in rows])

    @app.get("/v1/standing", summary="Outbox, lease, and each parked journey with its first fault")
    async def stands(caller: SignedIn) -> Response:
        require(caller, {"operator", "auditor", "service"})
        return plain(await standing.standing(log, await retired(log)))

    @app.get("/v1/parked/seen", summary="What a redrive would apply now, and a word for exactly that, to confirm it with")
    async def seen_now(caller: SignedIn, journey: Name | None = None) -> Response:
        require(caller, {"operator", "auditor", "service"})
        return plain(await standing.parked_now(log, journey))

    @app.post("/v1/redrive", summary="Apply what is parked, in its order")
    async def redrive(caller: SignedIn, journey: Name | None = None, seen: str | None = None) -> Response:
        require(caller, {"operator"})
        await standing.require_seen(log, journey, seen)
        note_action(caller, "redrive")
        applied = {inbound.group: await inbound.redrive(journey) for inbound in inbounds}
        return JsonBytes({**applied, "still_parked": await standing.still_parked(log, journey)})

    @app.put("/v1/timekeeper", summary="Let timers stand still while history is being entered")
    async def timekeeper(request: Request, caller: SignedIn) -> Response:
        require(caller, {"importer", "operator"})
        asked: Any = parse_json(await request.body())
        seconds = asked.get("hold_s") if isinstance(asked, dict) else None
        if type(seconds) is not int or not 0 <= seconds <= timers.HOLD_MAX_S:
            raise RefusedError(_SECONDS, field="hold_s")
        await timers.hold(log, seconds)
        return JsonBytes({"hold_s": seconds})
