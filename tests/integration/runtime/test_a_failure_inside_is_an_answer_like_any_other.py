"""Promise: whatever goes wrong behind a door, the answer is a problem document, bears the page's headers, and is counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY
from pydantic import BaseModel

from shared.runtime import limits
from shared.runtime.auth import Keys
from shared.runtime.http import make_app
from shared.runtime.pages import SECURITY_HEADERS


class Form(BaseModel):
    word: str


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = make_app("intake", "test", Keys(tmp_path), lambda: True)

    @app.get("/breaks")
    async def breaks() -> None:
        raise LookupError

    @app.post("/form")
    async def form(given: Form) -> str:
        return given.word

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://intake") as client:
        yield client


def counted(route: str, status: int) -> float:
    labels = {"service": "intake", "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("runonce_http_request_seconds_count", labels) or 0.0


async def test_an_error_that_nobody_foresaw_is_answered_and_counted(door: httpx.AsyncClient) -> None:
    before = counted("/breaks", 500)

    answer = await door.get("/breaks")

    told = answer.json()
    assert (answer.status_code, told["rule"]) == (500, "internal")
    assert ("运维人员" in told["title_zh"], "operators" in told["title"]) == (True, True), "what to do if it fails again"
    assert {name.decode().lower() for name, _ in SECURITY_HEADERS} <= set(answer.headers)
    assert counted("/breaks", 500) == before + 1


async def test_a_form_that_is_too_large_is_told_so(door: httpx.AsyncClient) -> None:
    answer = await door.post("/form", json={"word": "x" * limits.BODY_MAX})

    assert (answer.status_code, answer.headers["connection"]) == (413, "close")


async def test_a_form_that_comes_in_a_crowd_is_asked_to_come_again(
    door: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "IN_HAND_MAX", 0)

    answer = await door.post("/form", json={"word": "x"})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_a_post_without_a_body_counts_as_one_in_hand(door: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IN_HAND_MAX", 0)

    assert (await door.post("/breaks")).status_code == 503
