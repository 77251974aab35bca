"""Pages: what all of them share (the look, the words, the way of asking), and each service's own beside it.

Static files without a build step. The shared ones answer below `/parts` on every service, because a page may load from its
own origin alone. A page's answer names all its modules, since a browser would learn of them only level by level.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin

from fastapi import FastAPI
from starlette.datastructures import Headers, QueryParams
from starlette.middleware.gzip import GZipMiddleware
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
_STYLE = re.compile(r'<link rel="stylesheet" href="([^"]+)"')
_SCRIPT = re.compile(r'<script type="module" src="([^"]+)"')
_IMPORT = re.compile(r'^(?:im|ex)port [^"\n]*from "([^"]+)";$', re.MULTILINE)


def modules_of(page: Path, own: Path) -> list[str]:
    """The addresses of all modules that a page runs; `own` holds those that are not shared."""
    found: dict[str, None] = {}
    waiting = _SCRIPT.findall(page.read_text(encoding="utf-8"))
    while waiting:
        address = waiting.pop(0)
        if address not in found:
            found[address] = None
            text = _file(address, own).read_text(encoding="utf-8")
            waiting += [urljoin(address, imported) for imported in _IMPORT.findall(text)]
    return list(found)


def _file(address: str, own: Path) -> Path:
    shared = address.removeprefix("/parts/")
    return own / address.removeprefix("/") if shared == address else PARTS / shared


AskedFirst = Callable[[Mapping[str, str]], tuple[str, ...]]
"""The addresses that the first page asks for before all others, by its own query."""


class _Kept(NamedTuple):
    body: bytes
    media_type: str
    headers: dict[str, str]


class _Files(StaticFiles):
    """The files of a directory, held in memory: opening each takes threads, and a page is some fifteen files.

    Browsers ask about them again, so that pages of one release never meet parts of another.
    """

    def __init__(self, directory: Path, asked_first: AskedFirst | None = None) -> None:
        super().__init__(directory=directory, html=True)
        self._asked_first = asked_first
        files = (path for path in directory.rglob("*") if path.is_file())
        self._kept = {path.relative_to(directory).as_posix(): _kept(path, directory) for path in files}

    async def get_response(self, path: str, scope: Scope) -> Response:
        name = "index.html" if path == "." else path
        kept = self._kept.get(name)
        if kept is None or scope["method"] not in ("GET", "HEAD"):
            return await super().get_response(path, scope)
        headers = kept.headers if name != "index.html" else self._with_answers(kept.headers, scope)
        known = Headers(scope=scope).get("if-none-match")
        if known is not None and headers["etag"] in known:
            return Response(None, 304, headers)
        return Response(kept.body, headers=headers, media_type=kept.media_type)

    def _with_answers(self, headers: dict[str, str], scope: Scope) -> dict[str, str]:
        if self._asked_first is None:
            return headers
        answers = self._asked_first(QueryParams(scope["query_string"]))
        early = [f"<{one}>; rel=preload; as=fetch; crossorigin" for one in answers]
        return headers | {"link": ", ".join([*early, headers["link"]])}


def _kept(path: Path, directory: Path) -> _Kept:
    body = path.read_bytes()
    # A weak tag, since the same file is sent compressed and plain.
    headers = {"cache-control": "no-cache", "etag": f'W/"{sha256(body).hexdigest()[:32]}"'}
    if path.suffix == ".html":
        # Scripts wait for the style, so it comes first.
        styles = [f"<{one}>; rel=preload; as=style" for one in _STYLE.findall(body.decode())]
        headers["link"] = ", ".join([*styles, *(f"<{one}>; rel=modulepreload" for one in modules_of(path, directory))])
    return _Kept(body, guess_type(path.name)[0] or "application/octet-stream", headers)


def serve_pages(app: FastAPI, directory: Path, asked_first: AskedFirst | None = None) -> None:
    """Serve static pages and the shared parts; call it after every route, since `/` takes what is left.

    What `asked_first` says is on its way to the browser with the first page, before any of its scripts. Only files are
    compressed: they hold no secret, whose length an attacker could read from theirs.
    """
    app.mount("/parts", GZipMiddleware(_Files(PARTS)), name="parts")
    app.mount("/", GZipMiddleware(_Files(directory, asked_first)), name="pages")
