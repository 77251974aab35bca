"""What a partner writes on its own topic, and the one answer it gets.

An ingress message is a CloudEvents structured-mode document: `type` names the command, `id` is the partner's own id (the
same id again is a duplicate), `subject` is the case number or the partner's reference and must equal the Kafka key, `data`
is the command. A batch over HTTP is a list of the same documents; only the importer's may carry `time` and `knowntime`.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal, NoReturn, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from shared.contracts.base import Closed, Command, Instant
from shared.contracts.registry import COMMAND_MODELS
from shared.contracts.topics import INGRESS_MAX_BYTES

_Id = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", min_length=1, max_length=100)]


class IngressRefusedError(ValueError):
    """The message is no command of ours: `rule` in kebab case, `field` as a path or None; never a value."""

    def __init__(self, rule: str, field: str | None = None, client_id: str | None = None) -> None:
        super().__init__(rule)
        self.rule = rule
        self.field = field
        self.client_id = client_id


class _Head(Closed):
    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"]
    id: _Id
    source: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    type: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    subject: _Id
    time: Instant | None = None
    knowntime: Instant | None = None


class Ingress(Closed):
    """One readable request of a partner."""

    id: str
    type: str
    subject: str
    time: datetime | None
    knowntime: datetime | None
    command: Command


class Receipt(Closed):
    """The one answer to one request. `code` is the citizen's status code, told once with the submission's first answer.

    `off_list` names the demanded materials that were refused because the item does not ask for them, however often they are
    demanded; where it is `applied` without a `notice_no` beside it, nothing else was demanded and no notice went out.
    """

    id: str
    subject: str | None
    status: Literal["applied", "duplicate", "refused"]
    events: tuple[UUID, ...] = ()
    case_no: str | None = None
    journey: str | None = None
    code: str | None = None
    receipt_no: str | None = None
    notice_no: str | None = None
    handover_no: str | None = None
    off_list: tuple[str, ...] | None = None
    first_status: Literal["applied", "refused"] | None = None
    rule: str | None = None
    kind: Literal["malformed", "forbidden", "unknown", "conflict", "invalid"] | None = None
    field: str | None = None
    state: str | None = None
    sentence_zh: str | None = None
    sentence_en: str | None = None


def read_command(document: Any) -> Ingress:
    """Read one parsed document. Raises `IngressRefusedError` naming rule and field."""
    if not isinstance(document, dict):
        raise IngressRefusedError("not-a-cloudevent")
    client_id = document.get("id") if isinstance(document.get("id"), str) else None
    raw_data = document.get("data")
    head = _validated(_Head, {k: v for k, v in document.items() if k != "data"}, "", client_id)
    model = COMMAND_MODELS.get(head.type)
    if model is None:
        raise IngressRefusedError("unknown-type", "type", client_id)
    command = _validated(model, raw_data, "data.", client_id)
    return Ingress(id=head.id, type=head.type, subject=head.subject, time=head.time, knowntime=head.knowntime, command=command)


def read_ingress(body: bytes | None, key: bytes | None) -> Ingress:
    """Read one record of an ingress topic: size, JSON, envelope, command, and that the key equals the subject."""
    if body is None or key is None:
        raise IngressRefusedError("missing-key" if body is not None else "missing-body")
    if len(body) > INGRESS_MAX_BYTES:
        raise IngressRefusedError("too-large")
    ingress = read_command(parse_json(body))
    if key != ingress.subject.encode():
        raise IngressRefusedError("key-disagrees-with-subject", "subject", ingress.id)
    return ingress


def parse_json(body: bytes) -> Any:
    """Strict JSON: UTF-8, no duplicate keys, no NaN or infinity, no lone surrogate; what a field may hold its model says."""
    try:
        orjson.loads(body)
        return _strict(body)
    except (orjson.JSONDecodeError, UnicodeDecodeError, RecursionError):
        raise IngressRefusedError("not-json") from None


def _strict(body: bytes) -> Any:
    return json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_no_constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise IngressRefusedError("duplicate-key")
    return made


def _no_constant(_: str) -> NoReturn:
    raise IngressRefusedError("not-finite")


M = TypeVar("M", bound=BaseModel)


def _validated(model: type[M], value: Any, prefix: str, client_id: str | None) -> M:
    try:
        return model.model_validate_json(orjson.dumps(value))
    except TypeError:
        raise IngressRefusedError("number-too-large", prefix.rstrip(".") or None, client_id) from None
    except ValidationError as error:
        rule, field = broken_rule(error)
        raise IngressRefusedError(rule, prefix + field if field else prefix.rstrip(".") or None, client_id) from None


def broken_rule(error: ValidationError) -> tuple[str, str | None]:
    """The first broken rule as (rule in kebab case, field path); the offending value is never part of it."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or None
    return first["type"].replace("_", "-"), field
