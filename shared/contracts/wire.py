"""The one codec between events and bytes. Writers are closed; readers are open: unknown fields and unknown codes still read."""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError, create_model
from pydantic.fields import FieldInfo

from shared.contracts.base import Fact, wire_time
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.registry import EVENT_MODELS

CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8"
SCHEMA_BASE = "urn:runonce:schema:"


class UnreadableEventError(ValueError):
    """These bytes are no event of ours; `code` says in one word why, and nothing of the content is repeated."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnknownEventTypeError(UnreadableEventError):
    """A well-formed event of a type that this release does not know."""

    def __init__(self) -> None:
        super().__init__("unknown-type")


def encode(event: Envelope[Fact]) -> bytes:
    """The structured-mode CloudEvents document of `event`, UTF-8, Chinese unescaped. These bytes are never made again."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": event.source,
        "type": event.type,
        "subject": event.stream,
        "sequence": event.sequence,
        "time": wire_time(event.time),
        "recordedtime": wire_time(event.recorded),
        "knowntime": wire_time(event.known),
        "journey": event.key,
        "partitionkey": event.key,
        "correlationid": str(event.correlation),
        "causationid": str(event.causation),
        "actorrole": event.actor.role,
        "actorid": event.actor.id,
    }
    if event.actor.body is not None:
        document["actorbody"] = event.actor.body
    if event.actor.region is not None:
        document["actorregion"] = event.actor.region
    document["datacontenttype"] = "application/json"
    document["dataschema"] = SCHEMA_BASE + event.type
    document["data"] = orjson.Fragment(event.data.__pydantic_serializer__.to_json(event.data, exclude_none=True))
    return orjson.dumps(document)


class _Open(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)


def _open_annotation(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin is Literal:
        kinds = {type(value) for value in get_args(annotation)}
        return kinds.pop() if len(kinds) == 1 else str | int
    if origin is Annotated:
        return _open_annotation(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return Union[tuple(_open_annotation(member) for member in get_args(annotation))]  # noqa: UP007
    if origin is tuple:
        return tuple[tuple(_open_annotation(member) for member in get_args(annotation))]  # type: ignore[misc]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return open_model(annotation)
    return annotation


_CLOSED_OF: dict[type[BaseModel], type[BaseModel]] = {}


@cache
def open_model(closed: type[BaseModel]) -> type[BaseModel]:
    """The reader's twin of a closed model: same fields, unknown ones ignored, codes as open strings."""
    fields: dict[str, Any] = {}
    for name, info in closed.model_fields.items():
        default = ... if info.is_required() else info.default
        fields[name] = (_open_annotation(info.annotation), _reading(info, default))
    made = create_model(f"{closed.__name__}Read", __base__=_Open, **fields)
    _CLOSED_OF[made] = closed
    return made


def _reading(info: FieldInfo, default: Any) -> Any:
    return FieldInfo(default=default, annotation=info.annotation)


class _Document(_Open):
    id: UUID
    source: str
    type: str
    subject: str
    sequence: int
    time: AwareDatetime
    recordedtime: AwareDatetime
    knowntime: AwareDatetime
    journey: str
    correlationid: UUID
    causationid: UUID
    actorrole: str
    actorid: str
    actorbody: str | None = None
    actorregion: str | None = None


@cache
def _reader(type_name: str) -> tuple[type[Fact], type[Any]]:
    closed = EVENT_MODELS[type_name]
    data: Any = (open_model(closed), ...)
    return closed, create_model(f"{closed.__name__}Document", __base__=_Document, data=data)


def decode(body: bytes) -> Envelope[Any]:
    """Read one stored or delivered event. Raises `UnreadableEventError`, with a code and never with content."""
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise UnreadableEventError("not-json") from None
    type_name = raw.get("type") if isinstance(raw, dict) else None
    if not isinstance(type_name, str) or raw.get("specversion") != "1.0":
        raise UnreadableEventError("not-a-cloudevent")
    if type_name not in EVENT_MODELS:
        raise UnknownEventTypeError
    closed, reader = _reader(type_name)
    try:
        document = reader.model_validate_json(body)
    except ValidationError:
        raise UnreadableEventError("contract-broken") from None
    return _envelope(document, closed)


def _envelope(document: Any, closed: type[Fact]) -> Envelope[Any]:
    return Envelope(
        id=document.id,
        source=document.source,
        type=document.type,
        stream=document.subject,
        sequence=document.sequence,
        time=document.time,
        recorded=document.recordedtime,
        known=document.knowntime,
        key=document.journey,
        correlation=document.correlationid,
        causation=document.causationid,
        actor=Actor(document.actorrole, document.actorid, document.actorbody, document.actorregion),
        data=_closed(document.data, closed),
    )


def _closed(read: BaseModel, model: type[BaseModel]) -> Any:
    """The validated object itself, under its contract's class: a copy would double the cost of reading."""
    for name in _nested(model):
        _close_nested(getattr(read, name))
    object.__setattr__(read, "__class__", model)
    return read


@cache
def _nested(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(name for name, info in model.model_fields.items() if _holds_model(info.annotation))


def _holds_model(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True
    return any(_holds_model(member) for member in get_args(annotation))


def _close_nested(value: Any) -> None:
    for member in value if isinstance(value, tuple) else (value,):
        if isinstance(member, _Open):
            _closed(member, _CLOSED_OF[type(member)])
