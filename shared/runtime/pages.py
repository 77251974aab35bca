"""Pages: what all of them share (the look, the words, the way of asking), and each service's own beside it.

Static files without a build step. The shared ones answer below `/parts` on every service, because a page may load from its
own origin alone.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PARTS = Path(__file__).parent / "web"
SECURITY_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
        b"frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class _Fresh(StaticFiles):
    """Files that a browser asks about again, so that pages of one release never meet parts of another."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.setdefault("cache-control", "no-cache")
        return response


def serve_pages(app: FastAPI, directory: Path, at: str = "/") -> None:
    """Serve static pages and the shared parts; call it after every route, since `/` takes what is left."""
    app.mount("/parts", _Fresh(directory=PARTS), name="parts")
    app.mount(at, _Fresh(directory=directory, html=True), name="pages")
