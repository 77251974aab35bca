"""Where a service holds the public key alone it is given its token: without one it does not start, and nothing ends by that."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from deploy.local.children import free_port
from shared.eventsourcing.errors import UnavailableError
from shared.runtime.auth import Keys
from shared.runtime.client import ServiceClient
from shared.runtime.lifecycle import Health, Parts, Runtime, run_service
from shared.runtime.settings import Settings


@pytest.fixture
def keys_dir(tmp_path: Path) -> Path:
    """The keys of an installation without the one that signs."""
    Keys(tmp_path / "keys").ensure()
    (tmp_path / "keys" / "signing.pem").unlink()
    return tmp_path / "keys"


@pytest.fixture
async def intake() -> AsyncIterator[str]:
    """Says with what it was asked."""

    async def said(request: web.Request) -> web.Response:
        return web.json_response({"asked_with": request.headers["authorization"]})

    app, port = web.Application(), free_port()
    app.router.add_get("/v1/contacts", said)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}"
    await runner.cleanup()


def environ(keys_dir: Path, **more: str) -> dict[str, str]:
    named = {"POSTGRES_DSN": "postgresql://nowhere", "KAFKA": "localhost:9", "HTTP_PORT": "9", "KEYS_DIR": str(keys_dir)}
    return {f"RUNONCE_{name}": value for name, value in (named | {"DATA_DIR": str(keys_dir.parent / "data")} | more).items()}


async def test_it_asks_with_what_is_in_the_file_now(keys_dir: Path, intake: str, tmp_path: Path) -> None:
    token = tmp_path / "token"
    settings = Settings.from_environ(environ(keys_dir, TOKEN_FILE=str(token), INTAKE_URL=intake), "notify")
    client = ServiceClient(settings, Keys(keys_dir))
    for said in ("first", "renewed"):
        token.write_text(f"{said}\n")
        assert await client.get("intake", "/v1/contacts") == {"asked_with": f"Bearer {said}"}
    await client.close()


@pytest.mark.parametrize("more", [{}, {"TOKEN_FILE": "/nowhere/token"}])
async def test_without_a_token_the_other_counts_as_away(keys_dir: Path, more: dict[str, str]) -> None:
    client = ServiceClient(Settings.from_environ(environ(keys_dir, **more), "notify"), Keys(keys_dir))

    with pytest.raises(UnavailableError, match="no-token"):
        await client.get("intake", "/v1/contacts")


async def _never(_: Runtime, __: Health) -> Parts:
    raise AssertionError("it was started")


@pytest.mark.parametrize("more", [{}, {"TOKEN_FILE": "/nowhere/token"}])
async def test_without_a_token_it_does_not_start_and_says_why(
    keys_dir: Path, more: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.telemetry.logs.configure", lambda _: None)

    assert await run_service(environ(keys_dir, **more), "notify", Path(os.devnull), _never, asks_others=True) == 2
    assert "RUNONCE_TOKEN_FILE" in capsys.readouterr().err
