"""Redrive: what is parked is folded after all, once the reason is gone.

The claims of the journey's partitions are raised first. That fences the projector which holds the row in memory; it drops
what it knows and goes on from the database, so nobody writes a row from an old copy.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from services.metrics.batch import Counts, Folder, Memory, Redelivered
from services.metrics.store import ParkedEvent, Store
from shared.contracts.topics import CATALOGUE_EVENTS, EVENT_TOPICS
from shared.eventsourcing.claims import Claim
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.eventsourcing.records import Place
from shared.postgres.event_log import Tx
from shared.postgres.gaps import waiting

_CLAIM = "UPDATE checkpoint SET epoch = epoch + 1 WHERE grp = $1 AND topic = ANY($2) AND partition = $3"
_DISPOSED = """
UPDATE checkpoint SET parked = parked - $4, applied = applied + $5, duplicate = duplicate + $6, ignored = ignored + $7
WHERE grp = $1 AND topic = $2 AND partition = $3
"""
_TRIED = "UPDATE parked SET attempts = attempts + 1, error_code = coalesce($3, error_code) WHERE grp = $1 AND key = $2"
_PASS_ON = (UnavailableError, VersionConflictError)
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Redriven:
    """How many parked events were folded, and how many wait on."""

    applied: int = 0
    left: int = 0

    def add(self, more: Redriven) -> None:
        """Count another journey's events."""
        self.applied += more.applied
        self.left += more.left


async def redrive(store: Store, key: str | None) -> Redriven:
    """Fold what is parked, of one journey or of all; each journey in a transaction of its own.

    One that cannot be written waits on and stops nobody. Raises `UnavailableError` and `VersionConflictError`.
    """
    done = Redriven()
    async with store.log.transaction() as tx:
        rows = await tx.fetch(
            "SELECT key FROM parked WHERE grp = $1 AND ($2::text IS NULL OR key = $2) GROUP BY key ORDER BY min(n)",
            store.group,
            key,
        )
    for row in rows:
        done.add(await _redrive_alone(store, row["key"]))
    return done


async def _redrive_alone(store: Store, key: str) -> Redriven:
    try:
        async with store.log.transaction() as tx:
            return await _redrive(store, tx, key)
    except _PASS_ON:
        raise
    except Exception as error:
        _log.exception("redrive-failed", extra={"error_class": type(error).__name__})
        async with store.log.transaction() as tx:
            left = len(await store.parked_events(tx, key))
            await tx.execute(_TRIED, store.group, key, type(error).__name__)
        return Redriven(left=left)


async def fill(store: Store, keys: Collection[str] | None = None) -> None:
    """Fold what waited for events that have come since, of these journeys or of all. Nobody is fenced in vain.

    The rows tell which events are the next ones, so what waits is tried against them.

    Raises `UnavailableError` and `VersionConflictError`; a journey that fails otherwise waits on.
    """
    for key in await waiting(store.log, store.group, keys):
        try:
            if await _fits(store, key):
                await redrive(store, key)
        except _PASS_ON:
            raise
        except Exception as error:
            _log.exception("fill-failed", extra={"error_class": type(error).__name__})


async def _fits(store: Store, key: str) -> bool:
    async with store.log.transaction() as tx:
        parked = await store.parked_events(tx, key)
        memory = await _recalled(store, tx, key, parked)
    folder, missing = Folder(memory), {event.topic for event in parked}
    while (folded := _fold_next(folder, memory, key, parked)) is not None:
        parked.remove(folded)
        missing.discard(folded.topic)
    return not missing


async def _recalled(store: Store, tx: Tx, key: str, waiting: Sequence[ParkedEvent]) -> Memory:
    memory = Memory(1)
    of_catalogue = any(event.topic == CATALOGUE_EVENTS for event in waiting)
    await store.recall_in(tx, memory, [] if of_catalogue else [key], [key] if of_catalogue else [])
    return memory


async def _redrive(store: Store, tx: Tx, key: str) -> Redriven:
    waiting = await store.parked_events(tx, key)
    if waiting:
        await tx.execute(_CLAIM, store.group, list(EVENT_TOPICS), waiting[0].partition)
        # Another redrive may have been quicker; under the claim the list is final.
        waiting = await store.parked_events(tx, key)
    memory, gone, failed = await _recalled(store, tx, key, waiting), list[int](), None
    folder = Folder(memory)
    while (folded := _fold_next(folder, memory, key, waiting)) is not None:
        gone.append(folded.n)
        waiting.remove(folded)
    for _ in folder.finish():
        pass
    if folder.batch.parked:
        # The row reads, but its figures still cannot be computed: everything waits on.
        done = Redriven(left=len(gone) + len(waiting))
        failed = folder.batch.parked[0].reason
    else:
        await store.write(tx, folder.batch)
        for place, kept in (await store.keep(tx, folder.batch.reports)).items():
            folder.batch.counts[place].add(kept)
        await _dispose(store, tx, folder.batch.counts, gone)
        done = Redriven(len(gone), len(waiting))
    await tx.execute(_TRIED, store.group, key, failed)
    return done


def _fold_next(folder: Folder, memory: Memory, key: str, waiting: list[ParkedEvent]) -> ParkedEvent | None:
    """Fold the first parked event that fits now, whatever the order in which they were parked."""
    batch = folder.batch
    for event in waiting:
        memory.waiting.clear()
        place = Place(event.topic, event.partition)
        delivered = Redelivered(event.topic, event.partition, event.offset, key.encode(), event.body, 0)
        folder.fold(place, Claim(event.offset, 0), [delivered])
        if not batch.parked and not batch.dead:
            return event
        batch.counts[place].parked -= len(batch.parked)
        batch.counts[place].dead_lettered -= len(batch.dead)
        batch.parked.clear()
        batch.dead.clear()
    return None


async def _dispose(store: Store, tx: Tx, counts: dict[Place, Counts], gone: list[int]) -> None:
    await tx.execute("DELETE FROM parked WHERE n = ANY($1)", gone)
    for place in sorted(counts):
        found = counts[place]
        disposed = found.applied + found.duplicate + found.ignored
        await tx.execute(
            _DISPOSED, store.group, place.topic, place.partition, disposed, found.applied, found.duplicate, found.ignored
        )
