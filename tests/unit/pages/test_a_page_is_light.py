"""What a page loads comes compressed to whoever takes it so, plain to everybody else, and not at all if it is known."""

from __future__ import annotations

from pathlib import Path

import httpx
from fastapi import FastAPI

from shared.runtime.pages import PARTS, serve_pages

BOARD = Path(__file__).parents[3] / "services" / "metrics" / "web"
WORDS = "/parts/words/board.js"


async def test_files_are_compressed_for_whoever_asks_for_it() -> None:
    app = FastAPI()
    serve_pages(app, BOARD)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://metrics") as client:
        packed = await client.get(WORDS, headers={"accept-encoding": "gzip"})
        plain = await client.get(WORDS, headers={"accept-encoding": "identity"})
        known = await client.get(WORDS, headers={"accept-encoding": "gzip", "if-none-match": plain.headers["etag"]})

    written = (PARTS / "words" / "board.js").read_bytes()
    assert packed.content == plain.content == written
    assert int(packed.headers["content-length"]) < len(written) / 2
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in plain.headers
    assert (known.status_code, known.content) == (304, b"")
