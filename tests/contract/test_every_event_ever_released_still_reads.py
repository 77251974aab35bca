"""The golden corpus: bytes that were published must read for ever, and be written again as the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloudevents.v1.http import from_json

from shared.contracts.registry import EVENT_MODELS
from shared.contracts.wire import decode, encode
from tests.contract.examples import FACTS, envelope

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*.json"))


def test_every_type_has_its_example() -> None:
    assert {path.name.removesuffix(".json") for path in FILES} == set(EVENT_MODELS)
    assert {str(fact.type) for fact in FACTS} == set(EVENT_MODELS)  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_still_reads_and_writes_the_same_bytes(path: Path) -> None:
    body = path.read_bytes()

    event = decode(body)

    assert event.type == path.name.removesuffix(".json")
    assert encode(event) == body


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_what_is_written_reads_as_what_was_meant(fact: object) -> None:
    event = envelope(fact)  # type: ignore[arg-type]

    assert decode(encode(event)) == event


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_another_implementation_of_the_standard_reads_it(path: Path) -> None:
    read = from_json(path.read_bytes())

    assert read["type"] == path.name.removesuffix(".json")
    assert read["partitionkey"] == read["journey"]
    assert isinstance(read.data, dict)
