"""A long answer of published names comes compressed to whoever takes it so, plain to everybody else, and says the same."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from shared.runtime.http import PACKED_FROM, packed

LONG = {"names": ["不动产转移登记"] * PACKED_FROM}


@pytest.mark.parametrize(
    ("told", "takes", "coding"), [(LONG, "gzip, br", "gzip"), (LONG, "identity", None), ({"names": ["局"]}, "gzip", None)]
)
async def test_it_says_the_same(told: dict[str, list[str]], takes: str, coding: str | None) -> None:
    app = FastAPI()

    @app.get("/names")
    async def names(request: Request) -> Response:
        return packed(request, told)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://anywhere") as client:
        answer = await client.get("/names", headers={"accept-encoding": takes})

    assert answer.json() == told
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert coding is None or int(answer.headers["content-length"]) < PACKED_FROM
