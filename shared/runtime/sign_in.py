"""Signing in and out of the pages: a token becomes a session, and on a local installation a role may simply be chosen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import BodyCode
from shared.contracts.envelope import Role
from shared.eventsourcing.errors import RefusedError
from shared.reference.divisions import DIVISIONS
from shared.reference.regions import city_of
from shared.runtime import session
from shared.runtime.auth import Caller, Keys, Staff
from shared.runtime.http import SignedIn, plain
from shared.runtime.refusals import NO_SUCH_BODY, NOT_YOUR_ROLE, UNKNOWN_THING
from shared.runtime.settings import About

DEMO_SESSION_S = 8 * 3_600
PATH = "/v1/session"
_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})
Bodies = Callable[[], Awaitable[Sequence[dict[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Play:
    """The roles that may be chosen without proof on a local installation, and where the bodies to choose from are found.

    A role without a body is everybody's; `bodies` tells each body with `body`, `region` and `name`. Where `heads` matter, one may
    be the head of a body, too.
    """

    roles: tuple[Role, ...]
    bodies: Bodies | None = None
    heads: bool = False

    @property
    def choices(self) -> tuple[str, ...]:
        """What to choose from, as pages name it."""
        return (*self.roles, "head") if self.heads else self.roles


class TokenGiven(BaseModel):
    """A token to sign in with."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    token: Annotated[str, Field(min_length=1, max_length=8_192)]


class Chosen(BaseModel):
    """A role chosen on a local installation."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    role: Literal["citizen", "clerk", "officer", "head", "operator", "auditor"]
    body: BodyCode | None = None


def sign_in_doors(app: FastAPI, play: Play, staff: Staff | None = None) -> None:
    """Mount the doors of the session on `app`; those of the demo answer on a local installation only.

    A service that knows its `staff` by pseudonyms tells each their own.
    """
    app.state.plays = play.roles
    app.state.staff = staff

    @app.get("/v1/about", summary="What a page may know of its installation; public")
    async def about(request: Request) -> Response:
        known: About = request.app.state.about
        service = request.app.state.service
        return plain({"service": service, "local": known.local, "demo": known.demo, "urls": dict(known.urls)})

    @app.get(PATH, summary="Who am I, and what does my page need to ask for changes?")
    async def who(request: Request, caller: SignedIn) -> Response:
        return _told(request, caller, session.token_of(request))

    @app.post(PATH, summary="Turn a token into the session of this browser")
    async def sign_in(request: Request, given: TokenGiven) -> Response:
        session.require_own_page(request)
        return _begun(request, given.token)

    @app.delete(PATH, summary="Sign out")
    async def sign_out(request: Request) -> Response:
        session.require_own_page(request)
        response = Response(status_code=204)
        session.end(request, response)
        return response

    @app.get(f"{PATH}/demo", summary="Roles that may be chosen on a local installation")
    async def choices(request: Request) -> Response:
        require_local(request)
        bodies = [] if play.bodies is None else await play.bodies()
        return plain({"roles": play.choices, "bodies": bodies, "cities": _cities(bodies)})

    @app.post(f"{PATH}/demo", summary="Choose a role on a local installation")
    async def choose(request: Request, chosen: Chosen) -> Response:
        require_local(request)
        session.require_own_page(request)
        keys: Keys = request.app.state.keys
        caller = await _chosen(play, chosen)
        token = keys.issue(caller.role, caller.id, body=caller.body, region=caller.region, head=caller.head, ttl_s=DEMO_SESSION_S)
        return _begun(request, token)


def _cities(bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    found = (DIVISIONS.get(city) for city in sorted({city_of(body["region"]) for body in bodies}))
    return [{"region": place.code, "name": [place.name_zh, place.name_en]} for place in found if place is not None]


async def _chosen(play: Play, chosen: Chosen) -> Caller:
    if chosen.role not in play.choices:
        raise RefusedError(NOT_YOUR_ROLE, field="role")
    is_head = chosen.role == "head"
    role: Role = "officer" if chosen.role == "head" else chosen.role
    if play.bodies is None:
        return Caller(role, f"demo-{chosen.role}")
    for body in await play.bodies():
        if body["body"] == chosen.body:
            return Caller(role, f"demo-{chosen.role}-{body['body']}", body["body"], body["region"], is_head)
    raise RefusedError(NO_SUCH_BODY, field="body")


def require_local(request: Request) -> None:
    """Raise `RefusedError`, as for a page that is not there, unless the installation is this machine's own and asked from it."""
    # A foreign name that was made to point at this machine would be an origin of its own to the browser.
    if not request.app.state.about.local or request.url.hostname not in _THIS_MACHINE:
        raise RefusedError(UNKNOWN_THING)


def _begun(request: Request, token: str) -> Response:
    keys: Keys = request.app.state.keys
    caller = keys.verify(token, request.app.state.service)
    if caller.role not in request.app.state.plays:
        raise RefusedError(NOT_YOUR_ROLE)
    response = _told(request, caller, token)
    session.begin(request, response, token)
    return response


def _told(request: Request, caller: Caller, token: str) -> Response:
    staff: Staff | None = request.app.state.staff
    told: dict[str, Any] = {"role": caller.role, "id": caller.id, "body": caller.body, "region": caller.region}
    told |= {"head": caller.head} | ({} if staff is None else {"ref": staff.ref(caller.id)})
    return plain(told | {"csrf": session.csrf_of(token)})
