"""The first answer to a key is the answer: the same request again replays it, another request under the key is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from shared.postgres.event_log import Tx

# In one order for everybody, so that no two transactions wait for each other's keys.
_TAKE = """
INSERT INTO idempotency (scope, key, fingerprint)
SELECT scope, key, fingerprint FROM unnest($1::text[], $2::text[], $3::bytea[]) AS r(scope, key, fingerprint) ORDER BY scope, key
ON CONFLICT DO NOTHING RETURNING scope, key
"""
_KEEP = """
UPDATE idempotency i SET status = a.status, answer = a.answer
FROM unnest($1::text[], $2::text[], $3::smallint[], $4::bytea[]) AS a(scope, key, status, answer)
WHERE i.scope = a.scope AND i.key = a.key
"""
_GIVE_BACK = (
    "DELETE FROM idempotency i USING unnest($1::text[], $2::text[]) AS r(scope, key) WHERE i.scope = r.scope AND i.key = r.key"
)
_FIRST_ANSWERS = """
SELECT i.scope, i.key, i.fingerprint, i.status, i.answer
FROM idempotency i JOIN unnest($1::text[], $2::text[]) AS r(scope, key) USING (scope, key)
"""


class KeyReusedError(Exception):
    """The key was used for another request before."""


class KeyBusyError(Exception):
    """The first request under this key is still running."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request under a key: the scope in which keys differ, the key, and the digest of all that was asked."""

    scope: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: status and body bytes. One of 400 or more refuses: nothing was done."""

    status: int
    body: bytes


FirstAnswer: TypeAlias = Answer | KeyReusedError | KeyBusyError


async def once_each(
    tx: Tx, requests: Sequence[Keyed], work: Callable[[Sequence[int]], Awaitable[Sequence[Answer]]]
) -> list[tuple[FirstAnswer, bool]]:
    """Let `work` answer the requests whose key is new, and replay the others: for each its answer, and whether it was replayed.

    `work` gets the places of the new ones in `requests`, whose keys must differ. An answer that refuses is given and not kept.
    A request under a key that another transaction is answering waits for it up to the lock time-out, and `KeyBusyError` is
    raised then.
    """
    try:
        taken = await take(tx, requests)
    except asyncpg.LockNotAvailableError:
        raise KeyBusyError from None
    known = await recall(tx, [request for request in requests if request not in taken])
    fresh = [index for index, request in enumerate(requests) if request in taken]
    answers = dict(zip(fresh, await work(fresh) if fresh else (), strict=True))
    await keep(tx, {requests[index]: answer for index, answer in answers.items() if answer.status < 400})
    await _give_back(tx, [requests[index] for index, answer in answers.items() if answer.status >= 400])
    return [
        (answers[index], False) if index in answers else (known.get(request, KeyBusyError()), True)
        for index, request in enumerate(requests)
    ]


async def take(tx: Tx, requests: Sequence[Keyed]) -> set[Keyed]:
    """Those of `requests` whose key was never used: they are this transaction's to answer."""
    rows = await tx.fetch(_TAKE, *_places(requests), [request.fingerprint for request in requests]) if requests else ()
    taken = {(row["scope"], row["key"]) for row in rows}
    return {request for request in requests if (request.scope, request.key) in taken}


async def keep(tx: Tx, answers: Mapping[Keyed, Answer]) -> None:
    """Store the first answers to keys that were taken."""
    if answers:
        told = answers.values()
        await tx.execute(_KEEP, *_places(answers), [answer.status for answer in told], [answer.body for answer in told])


async def recall(tx: Tx, requests: Sequence[Keyed]) -> dict[Keyed, FirstAnswer]:
    """The stored answers, without those whose key was never used: also how an unknown commit is re-read."""
    rows = await tx.fetch(_FIRST_ANSWERS, *_places(requests)) if requests else ()
    found = {(row["scope"], row["key"]): row for row in rows}
    known: dict[Keyed, FirstAnswer] = {}
    for request in requests:
        row = found.get((request.scope, request.key))
        if row is None:
            continue
        if row["status"] is None:
            known[request] = KeyBusyError()
        elif row["fingerprint"] != request.fingerprint:
            known[request] = KeyReusedError()
        else:
            known[request] = Answer(row["status"], row["answer"])
    return known


async def _give_back(tx: Tx, requests: Sequence[Keyed]) -> None:
    if requests:
        await tx.execute(_GIVE_BACK, *_places(requests))


def _places(requests: Iterable[Keyed]) -> tuple[list[str], list[str]]:
    requests = list(requests)
    return [request.scope for request in requests], [request.key for request in requests]
