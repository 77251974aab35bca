"""A browser's session: the signed token itself, in a cookie that no script can read and no other site can make it send.

The session ends when the token does; a service holds no key to prolong it. Whatever changes something has to come from a
page of the same origin and repeat a word that only such a page is told, so a foreign page can neither send it nor guess it.
"""

from __future__ import annotations

from hashlib import sha256

from fastapi import Request, Response

from shared.eventsourcing.errors import RefusedError
from shared.runtime.auth import UnauthenticatedError
from shared.runtime.refusals import FOREIGN_PAGE
from shared.runtime.settings import About

CSRF_HEADER = "x-runonce-csrf"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def token_of(request: Request) -> str:
    """The token behind a request: its bearer token, else that of its session. Raises `UnauthenticatedError` without either.

    Raises `RefusedError` for a change that a session's cookie was sent with but no page of ours asked for.
    """
    given = request.headers.get("authorization")
    if given is not None:
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise UnauthenticatedError
        return token
    token = request.cookies.get(_name(request), "")
    if not token:
        raise UnauthenticatedError
    if request.method not in _SAFE and not _asked_by_our_page(request, token):
        raise RefusedError(FOREIGN_PAGE)
    return token


def csrf_of(token: str) -> str:
    """The word that a page of ours repeats with every change."""
    return sha256(b"csrf/" + token.encode()).hexdigest()


def begin(request: Request, response: Response, token: str) -> None:
    """Keep `token` as the browser's session; it goes when the browser is closed or the token expires."""
    response.set_cookie(_name(request), token, httponly=True, samesite="strict", secure=_secure(request), path="/")


def end(request: Request, response: Response) -> None:
    """Forget the session."""
    response.delete_cookie(_name(request), httponly=True, samesite="strict", secure=_secure(request), path="/")


def require_own_page(request: Request) -> None:
    """Raise `RefusedError` if another site's page sent this request."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site not in (None, "same-origin", "none") or (origin is not None and _host(origin) != request.headers.get("host")):
        raise RefusedError(FOREIGN_PAGE)


def _asked_by_our_page(request: Request, token: str) -> bool:
    require_own_page(request)
    return request.headers.get(CSRF_HEADER) == csrf_of(token)


def _host(origin: str) -> str:
    return origin.partition("://")[2]


def _secure(request: Request) -> bool:
    # Only the local profile speaks plain HTTP, and only on this machine.
    about: About = request.app.state.about
    return not about.local


def _name(request: Request) -> str:
    # Browsers tell services on one host apart by their names alone: cookies know no ports.
    name = f"runonce-{request.app.state.service}"
    return f"__Host-{name}" if _secure(request) else name
