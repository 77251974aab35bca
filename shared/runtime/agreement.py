"""Whether Kafka and this database still tell the same story, asked before anything is published or consumed, and again and again.

The two are kept and restored apart, also under services that run. A topic that was made anew would hide new events from
everybody who has read further before. A database from an older backup would publish new facts under numbers that are
taken, and all readers would drop them as duplicates. Neither can be seen from the figures, so neither may go on.
"""

from __future__ import annotations

import contextlib
from typing import Any
from uuid import UUID

import orjson

from shared.contracts.topics import EVENT_TOPICS, TOPICS, Service
from shared.eventsourcing.errors import DisagreementError, RecordsLostError
from shared.eventsourcing.records import Place
from shared.kafka.admin import held_offsets
from shared.kafka.fetch import fetch_whole
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.outbox import Outbox

LOOKED_AT = 50
"""Records at the end of a partition among which the newest one of our own is looked for; others may have come behind it."""


class DatabaseBehindError(DisagreementError):
    """The database was restored to a moment before its newest published event."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"{topic} holds events that this database does not: restore a newer backup of it")


class Watch:
    """The same question, asked by one process as long as it runs.

    What was published is counted, and the count only grows. One that shrank belongs to an older record, put under the running
    service; what that one has published since may hide from `agree` what it does not know.
    """

    def __init__(self, log: EventLog, bootstrap: str, service: Service) -> None:
        self._log = log
        self._bootstrap = bootstrap
        self._service = service
        self._published: dict[Place, int] = {}

    async def look(self) -> None:
        """Raises what `agree` raises, and `DatabaseBehindError` for a record that had published more before."""
        found = await Outbox(self._log).published()
        published = {place: records for place, (records, _) in found.items() if place.topic in EVENT_TOPICS}
        for place, records in self._published.items():
            if published.get(place, 0) < records:
                raise DatabaseBehindError(place.topic)
        self._published = published
        await agree(self._log, self._bootstrap, self._service)


async def agree(log: EventLog, bootstrap: str, service: Service) -> None:
    """Compare the ends of the service's own topics with its record.

    Raises `RecordsLostError` if Kafka holds less than was acknowledged, `DatabaseBehindError` if it holds an event of this
    service that its record does not, and whatever the broker or the database raise while they are away.
    """
    held = await still_held(log, bootstrap, service)
    beyond = {place: range(max(done, offsets.stop - LOOKED_AT), offsets.stop) for place, (done, offsets) in held.items()}
    found = await fetch_whole(bootstrap, [(place, offset) for place, offsets in beyond.items() for offset in offsets])
    newest = {place: _newest([found[place, offset] for offset in offsets]) for place, offsets in beyond.items()}
    async with log.transaction() as tx:
        for place, event_id in newest.items():
            if event_id is not None and not await _is_recorded(tx, event_id):
                raise DatabaseBehindError(place.topic)


async def still_held(log: EventLog, bootstrap: str, service: Service) -> dict[Place, tuple[int, range]]:
    """For each partition of the service's own topics of events the end acknowledged last, and the offsets it holds.

    Raises `RecordsLostError` if it holds fewer records than were acknowledged: a retention or a hand may take the oldest.
    """
    places = [Place(t.name, n) for t in TOPICS if t.owner == service and t.name in EVENT_TOPICS for n in range(t.partitions)]
    if not places:
        return {}
    # In this order: what is acknowledged in between makes Kafka's share larger, never smaller.
    published = await Outbox(log).published()
    held = await held_offsets(bootstrap, places)
    for place, offsets in held.items():
        records, end = published.get(place, (0, 0))
        if offsets.stop < end or len(offsets) < records:
            raise RecordsLostError(place.topic)
    return {place: (published.get(place, (0, 0))[1], offsets) for place, offsets in held.items()}


async def _is_recorded(tx: Tx, event_id: str) -> bool:
    try:
        known = await tx.fetchval("SELECT true FROM event WHERE id = $1", UUID(event_id))
    except ValueError:
        return False
    return known is not None


def _newest(records: list[Any]) -> str | None:
    """The id of the newest event that a relay published; what others may have put there carries no hash of the chain."""
    for record in reversed(records):
        if any(name == "hash" for name, _ in record.headers):
            with contextlib.suppress(orjson.JSONDecodeError, KeyError, TypeError):
                return str(orjson.loads(record.value)["id"])
    return None
