"""The HTTP door: one application per service, with limits, identity, problem details, and uniform command routes."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, FastAPI, Request, Response
from fastapi.security import HTTPBearer
from prometheus_client import generate_latest
from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import Command
from shared.contracts.ids import ingress_id
from shared.contracts.ingress import Ingress, IngressRefusedError, Receipt, parse_json, read_command
from shared.eventsourcing.errors import RefusedError
from shared.postgres.event_log import EventLog, Tx
from shared.runtime import problems
from shared.runtime.answering import Answering
from shared.runtime.auth import Caller, Keys, require
from shared.runtime.description import REFUSED, describe, of_command
from shared.runtime.limits import BATCH_PATH, Limits
from shared.runtime.problems import JsonBytes
from shared.runtime.refusals import FUTURE_TIME, KEY_MALFORMED, KEY_MISSING, TIMES_ARE_IMPORTERS
from shared.runtime.requests import Asked, Handle
from shared.runtime.session import token_of
from shared.runtime.settings import About
from shared.telemetry import clock
from shared.telemetry.names import TASKS

BATCH_DOCUMENTS_MAX = 500
PACKED_FROM = 1_000
"""From how many bytes on an answer is compressed; a shorter one fits into a packet as it is."""
_log = logging.getLogger(__name__)


def make_app(service: str, title: str, keys: Keys, ready: Callable[[], bool], about: About | None = None) -> FastAPI:
    """A FastAPI application with health, metrics, problem details and body limits; `app.state.keys` checks tokens.

    On a local installation, as `about` says, roles may be chosen without proof, and sessions need no TLS.
    """
    app = FastAPI(title=title, version="1", docs_url=None, redoc_url=None, responses=REFUSED)
    app.state.keys = keys
    app.state.service = service
    app.state.about = about or About()
    problems.install(app)
    describe(app)
    app.add_middleware(Limits, service=service)

    @app.get("/livez", include_in_schema=False)
    async def livez() -> Response:
        return JsonBytes({"alive": True})

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        good = ready()
        return JsonBytes({"ready": good}, 200 if good else 503)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        TASKS.labels(service).set(len(asyncio.all_tasks()))
        return Response(generate_latest(), media_type="text/plain; version=0.0.4")

    return app


async def caller_of(request: Request, _: Annotated[object, Depends(HTTPBearer(auto_error=False))]) -> Caller:
    """The caller behind the request's bearer token or session. Raises `UnauthenticatedError`."""
    keys: Keys = request.app.state.keys
    return keys.verify(token_of(request), request.app.state.service)


SignedIn = Annotated[Caller, Depends(caller_of)]


class Part(BaseModel):
    """A part of a name or of a code. It is asked for in a body: whoever mistakes the field types what belongs into no address."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    text: Annotated[str, Field(max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$")]


def kebab(model: type[Command]) -> str:
    """The name of a command on the wire: `gov.command.submit-application.v1` → `submit-application`."""
    return str(model.type).split(".")[2]  # type: ignore[attr-defined]


def command_routes(app: FastAPI, log: EventLog, models: Sequence[type[Command]], handle: Handle) -> None:
    """One POST route per command, and the importer's batch door for all of them."""
    answering = Answering(log, handle)
    describe(app, models)
    for model in models:
        _command_route(app, model, answering)
    by_type = {str(m.type): m for m in models}  # type: ignore[attr-defined]

    @app.post(BATCH_PATH, summary="Many commands in one transaction (importer)")
    async def batch(request: Request, caller: SignedIn) -> Response:
        require(caller, {"importer"})
        documents = parse_json(await request.body())
        if not isinstance(documents, list) or len(documents) > BATCH_DOCUMENTS_MAX:
            raise IngressRefusedError("not-a-list-of-at-most-500")
        answers: list[Receipt | None] = []
        asked: list[tuple[int, Asked]] = []
        for index, document in enumerate(documents):
            found = _read(caller, document, by_type)
            answers.append(found if isinstance(found, Receipt) else None)
            if isinstance(found, Asked):
                asked.append((index, found))

        async def work(tx: Tx) -> Sequence[Receipt]:
            return await handle(tx, [request for _, request in asked])

        for (index, _), reply in zip(asked, await log.transact(work), strict=True):
            answers[index] = reply
        return JsonBytes(b"[" + b",".join(a.model_dump_json(exclude_none=True).encode() for a in answers if a) + b"]")


def _read(caller: Caller, document: Any, by_type: dict[str, type[Command]]) -> Asked | Receipt:
    try:
        ingress = read_command(document)
        if ingress.type not in by_type:
            raise IngressRefusedError("unknown-type", "type", ingress.id)
        return _asked(caller, ingress)
    except IngressRefusedError as refused:
        return Receipt(
            id=refused.client_id or "unreadable",
            subject=None,
            status="refused",
            rule=refused.rule,
            kind="invalid",
            field=refused.field,
        )
    except RefusedError as error:
        return Receipt(
            id=ingress.id,
            subject=ingress.subject,
            status="refused",
            rule=error.rule.code,
            kind=error.rule.kind,
            field=error.field,
        )


def _asked(caller: Caller, ingress: Ingress) -> Asked:
    now = clock.now()
    for name, given in (("time", ingress.time), ("knowntime", ingress.knowntime)):
        if given is not None and caller.role != "importer":
            raise RefusedError(TIMES_ARE_IMPORTERS, field=name)
        if given is not None and given > now:
            raise RefusedError(FUTURE_TIME, field=name)
    command_id = ingress_id(caller.id, ingress.id)
    return Asked(caller, ingress.id, ingress.subject, command_id, ingress.command, ingress.time or now, ingress.knowntime)


def _command_route(app: FastAPI, model: type[Command], answering: Answering) -> None:
    name = kebab(model)
    route = f"/v1/commands/{name}"

    async def command(request: Request, caller: SignedIn) -> Response:
        key = key_of(request)
        body = await request.body()
        document = {
            "specversion": "1.0",
            "id": "http",
            "source": "http",
            "subject": "http",
            "type": str(model.type),  # type: ignore[attr-defined]
            "data": parse_json(body),
        }
        ingress = _read_body(document)
        fingerprint = sha256(b"POST " + route.encode() + b"\n" + caller.id.encode() + b"\n" + body).digest()
        # A key of this door and an id on the caller's topic are two requests, even if they are spelled alike.
        command_id = ingress_id(f"http:{caller.id}", key)
        asked = Asked(caller, key, name, command_id, ingress.command, clock.now())
        answer, replayed = await answering.answer(asked, fingerprint)
        headers = {"idempotent-replayed": "true"} if replayed else {}
        media_type = "application/problem+json" if answer.status >= 400 else "application/json"
        return Response(answer.body, answer.status, headers, media_type)

    app.add_api_route(
        route,
        command,
        methods=["POST"],
        name=name,
        summary=(model.__doc__ or name).splitlines()[0],
        status_code=201,
        openapi_extra=of_command(model),
    )


def _read_body(document: dict[str, Any]) -> Ingress:
    """Over HTTP the body is the command itself, so its fields are named without the envelope around them."""
    try:
        return read_command(document)
    except IngressRefusedError as refused:
        field = (refused.field or "").removeprefix("data").removeprefix(".")
        raise IngressRefusedError(refused.rule, field or "body") from None


def key_of(request: Request) -> str:
    """The idempotency key of a request. Raises `RefusedError` without a good one."""
    key = request.headers.get("idempotency-key")
    if key is None:
        raise RefusedError(KEY_MISSING, field="Idempotency-Key")
    if not 1 <= len(key) <= 255 or not all("!" <= letter <= "~" for letter in key):
        raise RefusedError(KEY_MALFORMED, field="Idempotency-Key")
    return key


def plain(value: Any) -> Response:
    """A JSON answer of plain values, dates and UUIDs in their wire spelling."""
    return JsonBytes(_written(value))


def packed(request: Request, value: Any) -> Response:
    """The same, compressed for whoever takes it so. For what is published alone: the length of a secret could be read from it."""
    body, headers = _written(value), {"vary": "Accept-Encoding"}
    if len(body) >= PACKED_FROM and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers = gzip.compress(body, compresslevel=5), headers | {"content-encoding": "gzip"}
    return JsonBytes(body, headers=headers)


def _written(value: Any) -> bytes:
    return orjson.dumps(value, default=_spelled, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def _spelled(value: Any) -> str:
    # The database driver's UUIDs are a class of their own, which the encoder does not know.
    if isinstance(value, UUID):
        return str(value)
    raise TypeError
