"""`/openapi.json` is enough for whoever writes a client: every schema it refers to, the key, the token, and problems."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast, get_args

import orjson
import pytest
from fastapi import FastAPI

from shared.contracts.commands import ApprovalCommand, CatalogueCommand, IntakeCaseCommand, JourneyCommand
from shared.postgres.event_log import EventLog
from shared.runtime.auth import Keys
from shared.runtime.http import SignedIn, command_routes, make_app

COMMANDS = [*get_args(CatalogueCommand), *get_args(JourneyCommand), *get_args(IntakeCaseCommand), *get_args(ApprovalCommand)]


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    app: FastAPI = make_app("intake", "runonce intake", Keys(tmp_path), lambda: True)

    async def nobody(*_: object) -> list[Any]:
        return []

    command_routes(app, cast(EventLog, None), COMMANDS, nobody)

    @app.get("/v1/mine")
    async def mine(caller: SignedIn) -> str:
        return caller.id

    return app.openapi()


def test_every_schema_that_is_referred_to_is_there(document: dict[str, Any]) -> None:
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', orjson.dumps(document).decode()))

    assert {"Applicant", "MissingMaterial", "Problem"} <= referred
    assert referred <= set(document["components"]["schemas"])


def test_a_commands_door_names_its_key_its_token_and_its_refusals(document: dict[str, Any]) -> None:
    door = document["paths"]["/v1/commands/submit-application"]["post"]

    assert [one["name"] for one in door["parameters"]] == ["Idempotency-Key"]
    assert door["security"] == [{"HTTPBearer": []}] == document["paths"]["/v1/mine"]["get"]["security"]
    assert list(door["responses"]["default"]["content"]) == ["application/problem+json"]
