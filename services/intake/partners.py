"""A partner's pair of topics is made after its registration is committed, and tried again until it is there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

from shared.contracts.catalogue import PartnerKind
from shared.contracts.topics import Topic, partner_topics
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.postgres.event_log import EventLog
from shared.telemetry import clock

EVERY_S = 0.5
MakeTopics = Callable[[Sequence[Topic]], Awaitable[None]]
_log = logging.getLogger(__name__)


async def make_missing_topics(log: EventLog, make: MakeTopics, *, all_again: bool = False) -> int:
    """Make the topics of every partner that has none yet, or of all of them; returns how many partners were served."""
    async with log.transaction() as tx:
        rows = await tx.fetch("SELECT partner, kind FROM partner WHERE $1 OR NOT topics_made ORDER BY partner", all_again)
    for row in rows:
        await make(partner_topics(cast(PartnerKind, row["kind"]), row["partner"]))
        async with log.transaction() as tx:
            await tx.execute("UPDATE partner SET topics_made = true WHERE partner = $1", row["partner"])
    return len(rows)


async def keep_topics(log: EventLog, make: MakeTopics, stop: asyncio.Event) -> None:
    """Look for new partners until `stop`, and once for all: Kafka may be a new one. While Kafka is away they wait."""
    looked = False
    while not stop.is_set():
        try:
            await make_missing_topics(log, make, all_again=not looked)
            looked = True
        except (UnavailableError, VersionConflictError) as error:
            _log.warning("topics-wait", extra={"error_class": type(error).__name__})
        except Exception as error:
            # Whatever a broker says, the partner's row stays and is tried again; only the class is told.
            _log.warning("topics-wait", extra={"error_class": type(error).__name__})
        await clock.rest(stop, EVERY_S)
