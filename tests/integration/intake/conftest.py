"""One city for each test, and its HTTP door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.intake import http
from services.intake.people import Pseudonyms
from services.intake.service import Intake
from shared.runtime.auth import Caller, Keys
from shared.runtime.http import make_app
from tests.conftest import MakeLog
from tests.integration.intake.city import KEY, MIGRATIONS, OPERATOR, SEED, City


@dataclass
class Door:
    """Asks over HTTP, as whoever is named."""

    client: httpx.AsyncClient
    keys: Keys
    sent: int = 0

    def token(self, caller: Caller) -> dict[str, str]:
        """The headers of somebody who is signed in."""
        issued = self.keys.issue(caller.role, caller.id, body=caller.body, region=caller.region, audience="intake")
        return {"authorization": f"Bearer {issued}"}

    async def ask(self, command: str, body: Any, by: Caller, key: str | None = None) -> httpx.Response:
        """A command."""
        self.sent += 1
        headers = self.token(by) | {"idempotency-key": key or f"key-{self.sent}"}
        return await self.client.post(f"/v1/commands/{command}", json=body, headers=headers)

    async def status(self, receipt_no: str, code: str) -> httpx.Response:
        """What a citizen is told."""
        return await self.client.post("/v1/status", json={"receipt_no": receipt_no, "code": code})

    async def get(self, path: str, by: Caller | None = None, **query: Any) -> httpx.Response:
        """A page of data."""
        return await self.client.get(path, params=query, headers={} if by is None else self.token(by))


@pytest.fixture
async def city(make_log: MakeLog) -> City:
    """Two cities, published and ready."""
    made = City(await make_log("intake", MIGRATIONS))
    await made.done(*SEED, by=OPERATOR)
    return made


@pytest.fixture
async def door(city: City, tmp_path: Path) -> AsyncIterator[Door]:
    """The doors of the city's intake."""
    keys = Keys(tmp_path / "keys")
    keys.ensure()
    pseudonyms = Pseudonyms(KEY)
    app = make_app("intake", "intake", keys, lambda: True)
    http.mount(app, city.log, Intake(pseudonyms), pseudonyms)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
        yield Door(client, keys)
