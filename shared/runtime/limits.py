"""What a request may cost: bytes and seconds of its body, and how many may wait for their answers at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.eventsourcing.errors import UnavailableError
from shared.runtime.pages import SECURITY_HEADERS
from shared.runtime.problems import BodyTooLargeError, BodyTooSlowError, answer_to
from shared.telemetry.names import HTTP_SECONDS

BODY_MAX, BODY_S = 262_144, 10.0
BATCH_MAX, BATCH_S = 16_777_216, 60.0
BATCH_PATH = "/v1/commands"
IN_HAND_MAX = 200
"""Whole requests without an answer. With more of them, to wait longer would help nobody."""
_ALWAYS_ANSWERED = frozenset({"/livez", "/readyz", "/metrics"})
_WITHOUT_BODY = frozenset({"GET", "HEAD"})


class Limits:
    """Keeps every request within its limits, stamps security headers, and observes how long an answer took."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app = app
        self._service = service
        self._in_hand: Counter[bytes] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, request = perf_counter(), _Underway(self, scope, receive, send)
        try:
            if not request.has_body:
                request.enter()
            await self._app(scope, request.receive, request.send)
        except Exception as error:
            if request.has_begun:
                raise
            await answer_to(error)(scope, receive, request.send)
        finally:
            request.leave()
            route = getattr(scope.get("route"), "path", None) or "other"
            HTTP_SECONDS.labels(self._service, route, str(request.status)).observe(perf_counter() - started)

    def take(self, who: bytes) -> None:
        """Take a request in hand. Raises `UnavailableError` if there are too many, or too many of one caller's.

        A caller may have as many as there are places free: one alone half of all, two a third each, and so on. So however
        much some ask for, there is room for the next.
        """
        if self._in_hand[who] >= IN_HAND_MAX - self._in_hand.total():
            raise UnavailableError("too-many-requests-in-hand")
        self._in_hand[who] += 1

    def give_back(self, who: bytes) -> None:
        """A request is in hand no more."""
        self._in_hand[who] -= 1
        if not self._in_hand[who]:
            del self._in_hand[who]


class _Underway:
    """One request on its way through. It is in hand from when it is whole until its answer begins."""

    def __init__(self, limits: Limits, scope: Scope, receive: Receive, send: Send) -> None:
        heads = dict(scope["headers"])
        sends = heads.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in heads
        # Nobody reads a body that such a request may have, so it would never be whole.
        self.has_body = sends and scope["method"] not in _WITHOUT_BODY
        self.has_begun = False
        self.status = 500
        self._limits = limits
        self._path = scope["path"]
        # As it says, not yet checked. Whoever makes up tokens is held by the limit of all.
        self._who = heads.get(b"authorization") or heads.get(b"cookie") or b""
        self._receive = receive
        self._send = send
        self._max, self._seconds = (BATCH_MAX, BATCH_S) if self._path == BATCH_PATH else (BODY_MAX, BODY_S)
        self._deadline = asyncio.get_running_loop().time() + self._seconds
        self._seen = 0
        self._whole = not self.has_body
        self._in_hand = False

    def enter(self) -> None:
        """Take the request in hand. Raises `UnavailableError` if there are too many."""
        if self._path not in _ALWAYS_ANSWERED:
            self._limits.take(self._who)
            self._in_hand = True

    def leave(self) -> None:
        """The answer began, or never will."""
        if self._in_hand:
            self._limits.give_back(self._who)
            self._in_hand = False

    async def receive(self) -> Message:
        """The next piece of the body. Raises `BodyTooLargeError`, `BodyTooSlowError` or `UnavailableError`."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlowError from None
        self._seen += len(message.get("body", b""))
        if self._seen > self._max:
            raise BodyTooLargeError
        if not message.get("more_body", False):
            self._whole = True
            self.enter()
        return message

    async def send(self, message: Message) -> None:
        """A piece of the answer."""
        if message["type"] == "http.response.start":
            self.leave()
            self.has_begun = True
            self.status = message["status"]
            message["headers"] = [*message["headers"], *SECURITY_HEADERS]
        await self._send(message)
