"""The first answer to a key is the answer: the same request again replays it, another request under the key is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg

from shared.postgres.event_log import Tx


class KeyReusedError(Exception):
    """The key was used for another request before."""


class KeyBusyError(Exception):
    """The first request under this key is still running."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: HTTP status, body bytes and an optional location."""

    status: int
    body: bytes
    location: str | None = None


async def once(tx: Tx, scope: str, key: str, fingerprint: bytes, work: Callable[[], Awaitable[Answer]]) -> tuple[Answer, bool]:
    """Do `work` if `key` is new within `scope`, else replay: (answer, whether it was replayed).

    A second caller waits for the first up to the lock time-out. Raises `KeyBusyError` then, and `KeyReusedError` if
    the fingerprint differs.
    """
    try:
        taken = await tx.fetchval(
            "INSERT INTO idempotency (scope, key, fingerprint) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true",
            scope,
            key,
            fingerprint,
        )
    except asyncpg.LockNotAvailableError:
        raise KeyBusyError from None
    if taken is None:
        return await _first_answer(tx, scope, key, fingerprint), True
    answer = await work()
    await tx.execute(
        "UPDATE idempotency SET status = $3, answer = $4, location = $5 WHERE scope = $1 AND key = $2",
        scope,
        key,
        answer.status,
        answer.body,
        answer.location,
    )
    return answer, False


async def _first_answer(tx: Tx, scope: str, key: str, fingerprint: bytes) -> Answer:
    row = await tx.fetchrow("SELECT * FROM idempotency WHERE scope = $1 AND key = $2", scope, key)
    if row is None or row["status"] is None:
        raise KeyBusyError
    if row["fingerprint"] != fingerprint:
        raise KeyReusedError
    return Answer(row["status"], row["answer"], row["location"])


async def recall(tx: Tx, scope: str, key: str, fingerprint: bytes) -> Answer | None:
    """The stored answer to `key`, or None: how an unknown commit is re-read. Raises like `once`."""
    known = await tx.fetchval("SELECT true FROM idempotency WHERE scope = $1 AND key = $2", scope, key)
    return await _first_answer(tx, scope, key, fingerprint) if known else None
