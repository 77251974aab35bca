"""Write the JSON Schema of every event type into shared/contracts/schemas: `python -m deploy.contracts`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import shared.contracts
from shared.contracts.registry import EVENT_MODELS
from shared.contracts.wire import open_model

DIRECTORY = Path(shared.contracts.__file__).parent / "schemas"


def writer_schema(type_name: str) -> dict[str, Any]:
    """The closed schema: what a producer of `type_name` may write into `data`."""
    return {"$id": f"urn:runonce:schema:{type_name}", **EVENT_MODELS[type_name].model_json_schema(mode="validation")}


def reader_schema(type_name: str) -> dict[str, Any]:
    """The open schema: what this release reads as `data` of `type_name`."""
    return open_model(EVENT_MODELS[type_name]).model_json_schema(mode="validation")


def text(schema: dict[str, Any]) -> str:
    """The file's text."""
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    DIRECTORY.mkdir(exist_ok=True)
    for name in EVENT_MODELS:
        (DIRECTORY / f"{name}.json").write_text(text(writer_schema(name)), encoding="utf-8")
