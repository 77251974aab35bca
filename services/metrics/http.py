"""The HTTP doors of metrics, put together: figures for everybody, evidence for operators and auditors, pages last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response

from services.metrics import log_doors, trust
from services.metrics.builds import live_generation, retired_groups
from services.metrics.bulletin_doors import bulletin_doors
from services.metrics.cells import Snapshot
from services.metrics.csv_doors import csv_doors
from services.metrics.evidence_doors import evidence_doors
from services.metrics.figure_doors import Answers, figure_doors
from services.metrics.opening import asked_first
from services.metrics.operations_doors import operations_doors
from services.metrics.rebuild_doors import rebuild_doors
from services.metrics.store import HistoryHook
from services.metrics.stream import Hub, stream_door
from services.metrics.watermarks import Watermarks
from shared.runtime.http import plain
from shared.runtime.operator_doors import operator_doors
from shared.runtime.pages import serve_pages
from shared.runtime.sign_in import Play, sign_in_doors

PAGES = Path(__file__).parent / "web"


def mount(
    app: FastAPI,
    answers: Answers,
    hub: Hub,
    watermarks: Watermarks,
    client: trust.Client,
    bootstrap: str,
    history: HistoryHook | None,
) -> FastAPI:
    """Mount every door on `app`."""
    figure_doors(app, answers)
    stream_door(app, hub)
    evidence_doors(app, answers, bootstrap, history)
    bulletin_doors(app, answers, bootstrap)
    rebuild_doors(app, answers)
    _trust_door(app, answers, watermarks, client)
    operations_doors(app, answers, client, bootstrap)
    csv_doors(app, answers)
    log_doors.mount(app, answers.log, lambda: live_generation(answers.log))
    # A redrive of the projection is its own; what every service has comes after it.
    operator_doors(app, answers.log, retired=retired_groups)
    sign_in_doors(app, Play(("operator", "auditor")))
    serve_pages(app, PAGES, asked_first)
    return app


def _trust_door(app: FastAPI, answers: Answers, watermarks: Watermarks, client: trust.Client) -> None:
    @app.get("/v1/trust", summary="How far the figures can be trusted: watermark, unattributed visits, conservation")
    async def trusted() -> Response:
        said, unreachable = await trust.ask_all(answers.log, client)

        async def make(snap: Snapshot) -> dict[str, Any]:
            return await trust.trusted(snap, watermarks.marks)

        return plain({**await answers.read(make), **trust.conserved(said, unreachable, watermarks.marks)})
