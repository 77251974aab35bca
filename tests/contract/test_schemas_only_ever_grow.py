"""The published schemas equal the models, and no released writer is refused by today's reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from deploy.contracts.__main__ import DIRECTORY, reader_schema, text, writer_schema
from shared.contracts.registry import EVENT_MODELS
from tests.contract.examples import FACTS

RELEASED = Path(__file__).parent / "released"
"""The schema of every type as it was published. Nobody edits a file of it; a field that was added may be added there too."""


@pytest.mark.parametrize("name", sorted(EVENT_MODELS))
def test_the_file_is_what_the_model_says(name: str) -> None:
    assert (DIRECTORY / f"{name}.json").read_text(encoding="utf-8") == text(writer_schema(name)), "run: python -m deploy.contracts"


def test_every_type_has_its_released_schema() -> None:
    assert {path.stem for path in RELEASED.glob("*.json")} == set(EVENT_MODELS), f"copy the new type's schema into {RELEASED.name}/"


def kinds(schema: dict[str, Any], definitions: dict[str, Any]) -> set[str]:
    """Which JSON types a property may have; an enumeration counts by the types of its values."""
    if "$ref" in schema:
        return kinds(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return set().union(*(kinds(option, definitions) for option in schema["anyOf"]))
    if "type" not in schema:
        names = {bool: "boolean", int: "integer", str: "string"}
        return {names[type(value)] for value in schema.get("enum", [schema.get("const")])}
    return {schema["type"]}


def breaks(writer: dict[str, Any], reader: dict[str, Any]) -> list[str]:
    """The fields of objects that `writer` may write and `reader` would not read."""
    needed = set(reader.get("required", ())) - set(writer.get("required", ()))
    shared = set(writer["properties"]) & set(reader["properties"])
    narrowed = {
        name
        for name in shared
        if not kinds(writer["properties"][name], writer.get("$defs", {}))
        <= kinds(reader["properties"][name], reader.get("$defs", {}))
    }
    inner = [
        field
        for name, definition in writer.get("$defs", {}).items()
        if "properties" in definition and f"{name}Read" in reader.get("$defs", {})
        for field in breaks(definition, reader["$defs"][f"{name}Read"])
    ]
    return sorted(needed | narrowed) + inner


@pytest.mark.parametrize("name", sorted(EVENT_MODELS))
def test_what_was_released_is_still_read(name: str) -> None:
    before = json.loads((RELEASED / f"{name}.json").read_text(encoding="utf-8"))

    assert breaks(before, reader_schema(name)) == []


def test_a_new_duty_and_a_narrower_type_are_breaks() -> None:
    writer = writer_schema("gov.intake.custody-returned.v1")
    stricter = json.loads(json.dumps(reader_schema("gov.intake.custody-returned.v1")))
    stricter["properties"]["reason_code"] = {"type": "integer"}
    stricter["properties"]["witness"] = {"type": "string"}
    stricter["required"].append("witness")

    assert breaks(writer, stricter) == ["reason_code", "witness"]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_every_example_fits_its_schema(fact: Any) -> None:
    jsonschema.validate(json.loads(fact.model_dump_json(exclude_none=True)), writer_schema(str(fact.type)))
