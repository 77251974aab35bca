"""The only reader of time and the only source of fresh identities."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A fresh identity that sorts by time (UUIDv7), so that indexes stay warm."""
    made: UUID = uuid7()
    return made
