"""Errors over HTTP: RFC 9457 problem details that name field and rule in both languages, and never quote anybody."""

from __future__ import annotations

import logging
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from shared.contracts.ingress import IngressRefusedError, Receipt
from shared.eventsourcing.errors import RefusedError, Rule, TooLargeError, TooOftenError, UnavailableError, VersionConflictError
from shared.postgres.idempotency import KeyBusyError, KeyReusedError
from shared.runtime.auth import UnauthenticatedError
from shared.runtime.refusals import (
    BROKEN_CONTRACT,
    BROKEN_INSIDE,
    KEY_BUSY,
    KEY_REUSED,
    RACED,
    TOO_LARGE,
    TOO_SLOW,
    UNAUTHENTICATED,
    UNAVAILABLE,
    UNKNOWN_THING,
)

STATUS = {"malformed": 400, "forbidden": 403, "unknown": 404, "conflict": 409, "invalid": 422}
_CLOSING = {"connection": "close"}
"""What is left of the body would have to be read and thrown away, and may never end."""
_log = logging.getLogger(__name__)


class BodyTooLargeError(Exception):
    """The request body exceeds the door's limit."""


class BodyTooSlowError(Exception):
    """The request body did not come within the door's time."""


class JsonBytes(Response):
    """A JSON answer from bytes or any plain value, Chinese unescaped."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return content if isinstance(content, bytes) else orjson.dumps(content)


def problem(
    rule: Rule,
    *,
    status: int | None = None,
    field: str | None = None,
    state: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The problem document of a broken rule."""
    return _document(rule.code, status or STATUS[rule.kind], rule.zh, rule.en, field, state, headers)


def problem_of(receipt: Receipt) -> Response:
    """The problem document of a refused request."""
    status = STATUS[receipt.kind or "invalid"]
    return _document(
        receipt.rule or "refused", status, receipt.sentence_zh or "", receipt.sentence_en or "", receipt.field, receipt.state
    )


def _document(
    rule: str,
    status: int,
    zh: str,
    en: str,
    field: str | None = None,
    state: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    body = {"type": f"urn:runonce:problem:{rule}", "title": en, "title_zh": zh, "status": status, "rule": rule}
    body |= {"field": field} if field else {}
    body |= {"state": state} if state else {}
    return Response(orjson.dumps(body), status, headers, "application/problem+json")


def install(app: FastAPI) -> None:
    """Answer every failure of `app` with a problem document."""

    async def answer(_: Request, error: Exception) -> Response:
        return answer_to(error)

    for kind in (
        RefusedError,
        TooOftenError,
        IngressRefusedError,
        UnauthenticatedError,
        KeyBusyError,
        KeyReusedError,
        UnavailableError,
        VersionConflictError,
        TooLargeError,
        BodyTooLargeError,
        BodyTooSlowError,
        RequestValidationError,
        HTTPException,
        Exception,
    ):
        app.add_exception_handler(kind, answer)


def answer_to(error: Exception) -> Response:
    """The answer to a request that failed so."""
    match error:
        case RefusedError():
            return problem(error.rule, field=error.field, state=error.state)
        case TooOftenError():
            return problem(error.rule, status=429, headers={"retry-after": str(error.after_s)})
        case IngressRefusedError():
            return _document(error.rule, 400 if error.field is None else 422, *BROKEN_CONTRACT, error.field)
        case UnauthenticatedError():
            return problem(UNAUTHENTICATED, status=401, headers={"www-authenticate": "Bearer"})
        case KeyBusyError():
            return problem(KEY_BUSY, headers={"retry-after": "1"})
        case KeyReusedError():
            return problem(KEY_REUSED)
        case UnavailableError():
            return problem(UNAVAILABLE, status=503, headers={"retry-after": "1"})
        case VersionConflictError():
            return problem(RACED)
        case TooLargeError():
            return problem(TOO_LARGE, status=413)
        case BodyTooLargeError():
            return problem(TOO_LARGE, status=413, headers=_CLOSING)
        case BodyTooSlowError():
            return problem(TOO_SLOW, status=408, headers=_CLOSING)
        case RequestValidationError():
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"][1:])
            return _document(first["type"].replace("_", "-"), 422, *BROKEN_CONTRACT, field)
        case HTTPException(status_code=404):
            return problem(UNKNOWN_THING)
        case HTTPException(__cause__=(BodyTooLargeError() | BodyTooSlowError() | UnavailableError()) as cause):
            # The framework wraps whatever comes up while it reads a body.
            return answer_to(cause)
        case HTTPException():
            return _document("http", error.status_code, "请求方法或地址不正确。", "The method or address is not right.")
        case _:
            _log.error("request-failed", exc_info=error)
            return _document("internal", 500, *BROKEN_INSIDE)
