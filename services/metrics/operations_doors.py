"""Doors of the operations page: how everything stands, and a redrive in two steps at whichever service it is due."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import FastAPI, Query, Request, Response

from services.metrics.asking import JOURNEY
from services.metrics.builds import rebuilds, unserved_groups
from services.metrics.cells import Snapshot
from services.metrics.figure_doors import Answers
from services.metrics.operations import operations
from services.metrics.trust import Client
from shared.contracts.topics import Service
from shared.postgres.standing import parked_now
from shared.runtime.auth import require
from shared.runtime.http import SignedIn, plain
from shared.runtime.operator_doors import note_action
from shared.runtime.session import token_of

_SEEN = r"^[0-9a-f]{32}$"


def operations_doors(app: FastAPI, answers: Answers, client: Client, bootstrap: str) -> None:
    """Mount the doors."""

    @app.get("/v1/operations", summary="Services, lag, outboxes, leases, parked journeys and builds in one answer")
    async def stands(caller: SignedIn) -> Response:
        require(caller, {"operator", "auditor", "service"})

        async def builds(snap: Snapshot) -> dict[str, object]:
            return {"rebuilds": await rebuilds(snap.tx)}

        told = await answers.read(builds)
        return plain({**told, **await operations(answers.log, client, bootstrap)})

    @app.get("/v1/operations/seen", summary="The first step of a redrive: what is parked now, and a word for exactly that")
    async def seen(caller: SignedIn, service: Service, journey: Annotated[str | None, Query(pattern=JOURNEY)] = None) -> Response:
        require(caller, {"operator"})
        if service == "metrics":
            return plain(await parked_now(answers.log, journey, await unserved_groups(answers.log)))
        query = {} if journey is None else {"journey": journey}
        return plain(await client.get(service, "/v1/parked/seen", **query))

    @app.post("/v1/operations/redrive", summary="The second step: apply what is parked, if it is still what was seen")
    async def confirmed(
        request: Request,
        caller: SignedIn,
        service: Service,
        seen: Annotated[str, Query(pattern=_SEEN)],
        journey: Annotated[str | None, Query(pattern=JOURNEY)] = None,
    ) -> Response:
        require(caller, {"operator"})
        note_action(caller, f"redrive-at-{service}")
        query = urlencode({"seen": seen, **({} if journey is None else {"journey": journey})})
        # Also our own door is asked as anybody would ask it: one way in, one set of rules.
        status, body, kind = await client.forward(service, f"/v1/redrive?{query}", token_of(request), "redrive", b"")
        return Response(body, status, media_type=kind)
