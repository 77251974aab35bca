"""Which statement means what. A statement is known by how it begins, so that its details stay where they belong.

The simulated database must answer every statement as PostgreSQL does. One that nobody taught it is an error that names it;
`tests/integration/simulation` puts the same stories to both.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from tests.simulation.database import Row, Transaction

Meaning: TypeAlias = Callable[..., Awaitable[list[Row]]]
M = TypeVar("M", bound=Meaning)
_TAUGHT: dict[str, Meaning] = {}
_FOUND: dict[str, Meaning] = {}


class UnknownStatementError(AssertionError):
    """The simulated database was never taught this statement: teach it what PostgreSQL does."""


def means(*beginnings: str) -> Callable[[M], M]:
    """The decorated function answers every statement that begins so: `(transaction, *arguments) -> rows`."""

    def teach(meaning: M) -> M:
        for beginning in beginnings:
            _TAUGHT[" ".join(beginning.split())] = meaning
        return meaning

    return teach


def meaning_of(sql: str) -> Callable[..., Awaitable[list[Row]]]:
    """What a statement does. Raises `UnknownStatementError`."""
    found = _FOUND.get(sql)
    if found is None:
        plain = " ".join(sql.split())
        beginnings = [beginning for beginning in _TAUGHT if plain.startswith(beginning)]
        if not beginnings:
            raise UnknownStatementError(plain)
        found = _FOUND[sql] = _TAUGHT[max(beginnings, key=len)]
    return found


async def nothing(_: Transaction, *__: object) -> list[Row]:
    """For statements without an effect that anybody here could see."""
    return []
