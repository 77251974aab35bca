"""Doors for operators: ask for a rebuild, and see how the builds stand."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Query, Response

from services.metrics.builds import ask_for_rebuild, live_generation, rebuilds, stop_rebuild
from services.metrics.cells import Snapshot
from services.metrics.figure_doors import Answers
from shared.eventsourcing.errors import RefusedError, Rule
from shared.runtime.auth import require
from shared.runtime.http import SignedIn, plain
from shared.runtime.operator_doors import note_action
from shared.runtime.problems import JsonBytes

REBUILD_RUNNING = Rule(
    "rebuild-running",
    "conflict",
    "已有一次重建在进行；请等它完成。",
    "A rebuild is under way already; wait until it has finished.",
)

BUILD_CHANGED = Rule(
    "build-changed",
    "conflict",
    "当前使用的版本已与您看到的不同；请重新查看后再确认。",
    "Another build is served than the one you were shown; look again and confirm that.",
)

REBUILD_OVER = Rule(
    "rebuild-over",
    "conflict",
    "这次重建不在进行：已完成、已停止，或从未申请。",
    "That rebuild is not under way: it is finished, was stopped, or was never asked for.",
)
GENERATION_MAX = 2_147_483_647


def rebuild_doors(app: FastAPI, answers: Answers) -> None:
    """Mount the doors."""

    @app.post("/v1/rebuild", status_code=202, summary="Build the projection anew beside the live one")
    async def rebuild(caller: SignedIn, serving: int | None = None) -> Response:
        require(caller, {"operator"})
        if serving is not None and serving != await live_generation(answers.log):
            raise RefusedError(BUILD_CHANGED, field="serving")
        note_action(caller, "rebuild")
        generation = await ask_for_rebuild(answers.log, caller.id)
        if generation is None:
            raise RefusedError(REBUILD_RUNNING, state="building")
        return JsonBytes({"generation": generation, "state": "asked"}, 202)

    @app.post("/v1/rebuild/stop", summary="Give up a rebuild that is not served yet")
    async def stop(caller: SignedIn, build: Annotated[int, Query(ge=1, le=GENERATION_MAX)]) -> Response:
        require(caller, {"operator"})
        note_action(caller, "stop-rebuild")
        if not await stop_rebuild(answers.log, build):
            raise RefusedError(REBUILD_OVER, field="build")
        return JsonBytes({"generation": build, "state": "stopped"})

    @app.get("/v1/rebuilds", summary="Every build of the projection with its progress and difference report")
    async def all_of_them() -> Response:
        async def make(snap: Snapshot) -> dict[str, Any]:
            return {"rebuilds": await rebuilds(snap.tx)}

        return plain(await answers.read(make))
