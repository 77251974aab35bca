"""What `/openapi.json` says beyond paths and parameters: the schemas of commands, the key of a request, and problems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI

from shared.contracts.base import Command

_REF = "#/components/schemas/{model}"
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Names this request among all of the caller's; asked again under it, the first answer is given again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_PROBLEM = {
    "type": "object",
    "description": "A broken rule (RFC 9457), in English and Chinese, with the field that broke it where there is one.",
    "required": ["type", "title", "title_zh", "status", "rule"],
    "properties": {name: {"type": "string"} for name in ("type", "title", "title_zh", "rule", "field", "state")}
    | {"status": {"type": "integer", "minimum": 400, "maximum": 599}},
}
REFUSED: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Refused, or nobody can answer now",
        "content": {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}},
    }
}
"""The answer that every door may give instead of its own."""


def of_command(model: type[Command]) -> dict[str, Any]:
    """The body and the key of a command's door."""
    schema = model.model_json_schema(ref_template=_REF)
    schema.pop("$defs", None)
    return {"parameters": [KEY], "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def describe(app: FastAPI, models: Sequence[type[Command]] = ()) -> None:
    """Name the schemas that doors refer to: problems, and what commands are made of."""
    plain = app.openapi
    named: dict[str, Any] = {"Problem": _PROBLEM}
    for model in models:
        named |= model.model_json_schema(ref_template=_REF).get("$defs", {})

    def whole() -> dict[str, Any]:
        document = plain()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas |= named
        return document

    app.openapi = whole  # type: ignore[method-assign]
