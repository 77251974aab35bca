"""Fields and codes that a later release adds do not stop this one; an unknown type and a broken contract say so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.contracts.intake import VisitRecorded
from shared.contracts.wire import UnknownEventTypeError, UnreadableEventError, decode, encode
from tests.contract.examples import FACTS, envelope


def document(**changes: Any) -> dict[str, Any]:
    fact = next(fact for fact in FACTS if isinstance(fact, VisitRecorded))
    return {**json.loads(encode(envelope(fact))), **changes}


def read(body: dict[str, Any]) -> Any:
    return decode(json.dumps(body).encode())


def test_an_unknown_field_and_an_unknown_code_still_read() -> None:
    body = document(newattribute="x")
    body["data"] |= {"venue_kind": "airship", "colour": "blue"}

    assert read(body).data.venue_kind == "airship"


def test_a_type_of_a_later_release_says_so() -> None:
    with pytest.raises(UnknownEventTypeError):
        read(document(type="gov.intake.visit-recorded.v9"))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"\xff", "not-json"),
        (b"[]", "not-a-cloudevent"),
        (b"{}", "not-a-cloudevent"),
    ],
)
def test_rubbish_has_a_code(body: bytes, code: str) -> None:
    with pytest.raises(UnreadableEventError) as unreadable:
        decode(body)

    assert unreadable.value.code == code


def test_a_missing_fact_breaks_the_contract_without_repeating_it() -> None:
    body = document()
    del body["data"]["venue_id"]

    with pytest.raises(UnreadableEventError) as unreadable:
        read(body)

    assert str(unreadable.value) == "contract-broken"
