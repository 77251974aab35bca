"""Calls from one service to another: a short-lived token, a time limit, and no logging of what was said."""

from __future__ import annotations

from typing import Any

import aiohttp
import orjson

from shared.contracts.topics import Service
from shared.eventsourcing.errors import UnavailableError
from shared.runtime.auth import Keys
from shared.runtime.settings import Settings

TIMEOUT_S = 30.0
TOKEN_S = 120


class ServiceClient:
    """An HTTP client that speaks as this service. Close it when done."""

    def __init__(self, settings: Settings, keys: Keys) -> None:
        self._settings = settings
        self._keys = keys
        self._session: aiohttp.ClientSession | None = None

    async def get_bytes(self, service: Service, path: str, **query: str | int) -> bytes:
        """The body of a GET. Raises `UnavailableError` for anything but 200."""
        headers = {"authorization": f"Bearer {self._token(service)}"}
        url = self._settings.url_of(service) + path
        try:
            async with self._opened().get(url, params=query, headers=headers) as response:
                if response.status != 200:
                    raise UnavailableError(f"{service}-answered-{response.status}")
                return await response.read()
        except (aiohttp.ClientError, TimeoutError):
            raise UnavailableError(f"{service}-away") from None

    async def get(self, service: Service, path: str, **query: str | int) -> Any:
        """The JSON of a GET. Raises `UnavailableError` for anything but 200."""
        return orjson.loads(await self.get_bytes(service, path, **query))

    async def forward(self, service: Service, path: str, token: str, key: str, body: bytes) -> tuple[int, bytes, str]:
        """Ask another service under the caller's own token and key: the status, body and media type of its answer.

        Raises `UnavailableError` if it does not answer; asked again under the same key, it will say what it did.
        """
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key, "content-type": "application/json"}
        try:
            async with self._opened().post(self._settings.url_of(service) + path, data=body, headers=headers) as response:
                return response.status, await response.read(), response.content_type
        except (aiohttp.ClientError, TimeoutError):
            raise UnavailableError(f"{service}-away") from None

    def _token(self, service: Service) -> str:
        """What says who we are: given by the operator, who renews the file, or signed here where the key is."""
        given = self._settings.token_file
        try:
            if given is not None:
                return given.read_text().strip()
            return self._keys.issue("service", self._settings.service, audience=service, ttl_s=TOKEN_S)
        except OSError:
            raise UnavailableError("no-token") from None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
