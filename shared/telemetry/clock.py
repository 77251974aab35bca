"""The only reader of time and the only source of fresh identities.

A process that once agreed with the database's clock goes on by the machine's steady counter: whoever sets this machine's
wall clock then moves no deadline, no token and no record. The wall clock counts only until then, and in command lines.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from time import monotonic_ns
from uuid import UUID

from uuid_utils.compat import uuid7

TOLERANCE = timedelta(seconds=2)
"""Clocks that differ by less are left alone: time should not step for a slow answer."""


class _Steady:
    """The instant at which the counter stood at zero; None while nobody has agreed with anything."""

    zero: datetime | None = None


def now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC) if _Steady.zero is None else _Steady.zero + _counted()


def agree_with(reference: datetime) -> bool:
    """Go on by the steady counter, and step to `reference` if it is further away than the tolerance; True for a step."""
    present = now()
    differs = abs(reference - present) > TOLERANCE
    _Steady.zero = (reference if differs else present) - _counted()
    return differs


def _counted() -> timedelta:
    return timedelta(microseconds=monotonic_ns() // 1_000)


async def rest(wake: asyncio.Event, seconds: float) -> None:
    """Wait until `wake` is set, for so many seconds at most.

    `asyncio.wait_for` would, in Python 3.11, swallow a cancellation that comes together with what it waits for.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()


def new_id() -> UUID:
    """A fresh identity that sorts by time (UUIDv7), so that indexes stay warm."""
    made: UUID = uuid7()
    return made
