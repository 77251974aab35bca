"""The projection's narrow view and the contract's models are the same words with the same types."""

from __future__ import annotations

import types
from datetime import date, datetime
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from pydantic import AwareDatetime

from services.metrics.view import VIEWS, View, read
from shared.contracts.registry import EVENT_MODELS
from shared.contracts.wire import UnreadableEventError
from tests.unit.metrics.stories import scripted

_VIEWS = {name: shape for shape in get_args(View) for name in get_args(get_type_hints(shape)["type"])}
_SAME: dict[Any, type] = {UUID: str, AwareDatetime: datetime}


def _plain(annotation: Any) -> set[type]:
    """The bare types that an annotation admits."""
    origin = get_origin(annotation)
    if origin is Annotated or origin is NotRequired:
        return _plain(get_args(annotation)[0])
    if origin is Literal:
        return {type(value) for value in get_args(annotation)}
    if origin in (Union, types.UnionType):
        return set().union(*(_plain(member) for member in get_args(annotation)))
    return {_SAME.get(annotation, annotation)}


def test_every_released_event_has_its_view() -> None:
    assert set(_VIEWS) == set(EVENT_MODELS)


@pytest.mark.parametrize("name", sorted(EVENT_MODELS))
def test_the_fields_of_a_view_are_those_of_the_contract(name: str) -> None:
    data = get_type_hints(_VIEWS[name], include_extras=True).get("data")
    if data is None:
        return
    fields = EVENT_MODELS[name].model_fields
    for field, seen in get_type_hints(data, include_extras=True).items():
        written = fields[field]
        optional = get_origin(seen) is NotRequired
        assert optional == (not written.is_required()), field
        expected = _plain(written.annotation) - {type(None)}
        assert _plain(seen) == expected, field


def test_what_is_read_is_what_was_written() -> None:
    bodies = [body for _, body in scripted().events]

    visit: Any = next(read(body) for body in bodies if b"visit-recorded" in body)

    assert visit["source"] == "intake"
    assert visit["data"]["cause"] == "wrong_place"
    assert visit["data"]["local_date"] == date(2026, 8, 3)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"not json", "not-json"),
        (b"[]", "not-a-cloudevent"),
        (b'{"specversion":"1.0","type":"gov.intake.visit-voided.v1"}', "contract-broken"),
        (b'{"specversion":"1.0","type":"gov.else.unheard-of.v1"}', "contract-broken"),
    ],
)
def test_a_fault_is_named_by_the_full_contract(body: bytes, code: str) -> None:
    with pytest.raises(UnreadableEventError) as caught:
        read(body)

    assert caught.value.code == code


def test_the_type_alone_chooses_the_view() -> None:
    assert VIEWS.validator.title.startswith("tagged-union")
