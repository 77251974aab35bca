"""Parts that live as long as their process: one that ends before is a fault, however quietly it ended.

A task group lets a cancelled child go without a word, also when nobody here cancelled it but a timer or a future inside a
library did. A reader that ended so would stand still for good, with no line in any log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Part = Callable[[asyncio.Event], Awaitable[None]]
"""Works until the event is set."""


class PartEndedError(Exception):
    """A part ended although nothing was to stop."""


async def lasting(part: Part, stop: asyncio.Event) -> None:
    """Run `part` until `stop`. Raises `PartEndedError` if it ends before, and whatever it died of."""
    name = getattr(part, "__qualname__", "part")
    try:
        await part(stop)
    except asyncio.CancelledError:
        if stop.is_set():
            raise
        raise PartEndedError(name) from None
    if not stop.is_set():
        raise PartEndedError(name)
