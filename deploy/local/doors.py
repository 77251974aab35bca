"""The services' HTTP doors as the demo uses them: with a signed token for each caller, and patient with restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from shared.contracts.envelope import Role
from shared.runtime.auth import Caller, Keys

TOKEN_S = 3_600
RENEW_S = 1_800
PATIENCE_S = 60.0
RETRY_S = 0.2
REQUEST_S = 60.0
AWAY = 500
"""From this status on nobody knows what became of a request, so it is asked again under its own key."""
_BUSY_RULES = frozenset({"idempotency-key-busy", "unavailable"})


class DoorError(Exception):
    """A door did not answer in time, or not as it promised; the message says which and how."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door said."""

    status: int
    body: Any

    @property
    def rule(self) -> str | None:
        """The broken rule, if it was refused."""
        return self.body.get("rule") if isinstance(self.body, dict) and self.status >= 400 else None


class Doors:
    """A client of one installation. Use it as an asynchronous context manager."""

    def __init__(self, urls: Mapping[str, str], keys: Keys) -> None:
        self.urls = urls
        self._keys = keys
        self._tokens: dict[Caller, tuple[str, float]] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Doors:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=REQUEST_S),
            connector=aiohttp.TCPConnector(limit=64, keepalive_timeout=20),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def batch(self, service: str, caller_id: str, documents: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One answer for each document, in order, through the importer's door. Raises `DoorError`."""
        caller = Caller("importer", caller_id)
        answer = await self._patiently("POST", service, "/v1/commands", caller, orjson.dumps(documents))
        if answer.status != 200 or len(answer.body) != len(documents):
            raise DoorError(f"{service} answered a batch with {answer.status} {answer.rule or ''}")
        answers: list[dict[str, Any]] = answer.body
        return answers

    async def command(self, service: str, command: str, body: bytes, key: str, caller: Caller) -> Answer:
        """One command under its idempotency key; asked again with the same key while the service is away."""
        return await self._patiently("POST", service, f"/v1/commands/{command}", caller, body, {"idempotency-key": key})

    async def get(self, service: str, path: str, role: Role | None = None, **query: str | int) -> Any:
        """The JSON of a public page, or of one for `role`. Raises `DoorError` for anything but 200."""
        caller = None if role is None else Caller(role, "demo")
        answer = await self._patiently("GET", service, path, caller, query=query)
        if answer.status != 200:
            raise DoorError(f"{service} answered {path} with {answer.status} {answer.rule or ''}")
        return answer.body

    async def lines(self, service: str, path: str, role: Role, **query: str | int) -> list[bytes]:
        """The lines of a newline-delimited answer, as exact bytes."""
        answer = await self._patiently("GET", service, path, Caller(role, "demo"), query=query, raw=True)
        if answer.status != 200:
            raise DoorError(f"{service} answered {path} with {answer.status}")
        body: bytes = answer.body
        return [line for line in body.split(b"\n") if line]

    async def send(self, method: str, service: str, path: str, role: Role, body: Any = None, **query: str | int) -> Answer:
        """An operator's or importer's request."""
        content = None if body is None else orjson.dumps(body)
        return await self._patiently(method, service, path, Caller(role, "demo"), content, query=query)

    async def _patiently(
        self,
        method: str,
        service: str,
        path: str,
        caller: Caller | None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str | int] | None = None,
        *,
        raw: bool = False,
    ) -> Answer:
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            answer = await self._once(method, service, path, caller, body, headers, query, raw=raw)
            if answer is not None and answer.status < AWAY and answer.rule not in _BUSY_RULES:
                return answer
            if asyncio.get_running_loop().time() > deadline:
                raise DoorError(f"{service} has been away for {PATIENCE_S:.0f} s; look at its log")
            await asyncio.sleep(RETRY_S)

    async def _once(
        self,
        method: str,
        service: str,
        path: str,
        caller: Caller | None,
        body: bytes | None,
        headers: Mapping[str, str] | None,
        query: Mapping[str, str | int] | None,
        *,
        raw: bool,
    ) -> Answer | None:
        assert self._session is not None
        sent = dict(headers or {}, **({"content-type": "application/json"} if body is not None else {}))
        if caller is not None:
            sent["authorization"] = f"Bearer {self._token(caller)}"
        try:
            async with self._session.request(
                method, self.urls[service] + path, data=body, headers=sent, params=dict(query or {})
            ) as response:
                content = await response.read()
                return Answer(response.status, content if raw and response.status == 200 else _parsed(content))
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            return None

    def _token(self, caller: Caller) -> str:
        now = asyncio.get_running_loop().time()
        known = self._tokens.get(caller)
        if known is None or now - known[1] > RENEW_S:
            token = self._keys.issue(
                caller.role, caller.id, body=caller.body, region=caller.region, head=caller.head, ttl_s=TOKEN_S
            )
            known = self._tokens[caller] = (token, now)
        return known[0]


def _parsed(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
