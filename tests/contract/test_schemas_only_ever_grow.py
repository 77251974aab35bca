"""The published schemas equal the models, and no released writer is refused by today's reader."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from jsonsubschema import isSubschema

from deploy.contracts.__main__ import DIRECTORY, reader_schema, text, writer_schema
from shared.contracts.registry import EVENT_MODELS
from tests.contract.examples import FACTS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", sorted(EVENT_MODELS))
def test_the_file_is_what_the_model_says(name: str) -> None:
    assert (DIRECTORY / f"{name}.json").read_text(encoding="utf-8") == text(writer_schema(name)), "run: python -m deploy.contracts"


def released(name: str) -> dict[str, Any] | None:
    shown = subprocess.run(
        ["git", "show", f"HEAD:{(DIRECTORY / f'{name}.json').relative_to(ROOT)}"], cwd=ROOT, capture_output=True, check=False
    )
    return json.loads(shown.stdout) if shown.returncode == 0 else None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", sorted(EVENT_MODELS))
def test_what_was_released_is_still_read(name: str) -> None:
    before = released(name)
    if before is None:
        pytest.skip("this type is not released yet: there is nothing to break")
    before.pop("$id", None)

    assert isSubschema(before, reader_schema(name))


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: type(fact).__name__)
def test_every_example_fits_its_schema(fact: Any) -> None:
    jsonschema.validate(json.loads(fact.model_dump_json(exclude_none=True)), writer_schema(str(fact.type)))
