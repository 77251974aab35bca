"""The projector: takes batches from Kafka, folds them, and commits each whole while the next one folds.

The database decides where to go on and who may. After any failure, of Kafka, of the database or of the claim, everything
in memory is dropped and read again; no failure makes it skip a record.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence

from services.metrics.batch import Batch, Folder, Memory
from services.metrics.redrive import fill
from services.metrics.store import Store
from shared.contracts.topics import EVENT_TOPICS
from shared.eventsourcing.claims import Claim, FencedError
from shared.eventsourcing.errors import RecordsLostError, UnavailableError, VersionConflictError
from shared.eventsourcing.records import Delivery, Place
from shared.kafka.batches import BatchReader
from shared.telemetry.clock import rest
from shared.telemetry.names import PROJECTED_DELIVERIES

BATCH_MAX = 4_000
SMALLER = 20
"""What a batch that failed is divided by until the record that spoils it stands alone; each success doubles the next one."""
JOURNEYS_MAX = 20_000
WAIT_MS = 100
TURN_S = 0.02
"""A batch costs the same whether it holds one event or a hundred, so no two small ones begin closer together than this."""
GIVE_WAY_EVERY = 250
BACK_OFF_S = (0.1, 5.0)
TELL_EVERY_S = 5.0
_PASS_ON = (UnavailableError, VersionConflictError)
_log = logging.getLogger(__name__)
Taken = Mapping[Place, tuple[Claim, Sequence[Delivery]]]


class Projector:
    """Keeps one build of the projection up to date."""

    def __init__(self, bootstrap: str, store: Store, instance: str = "") -> None:
        self.store = store
        self.applied: dict[Place, int] = {}
        self._bootstrap = bootstrap
        self._instance = instance
        self._memory = Memory(JOURNEYS_MAX)
        self._in_flight: asyncio.Task[None] | None = None
        self._at_most = BATCH_MAX
        # Where a batch failed: each of its partitions, with the offset behind its last record.
        self._doubted: dict[Place, int] = {}
        self._tell_at = 0.0
        self._turn_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Project until `stop`; every failure of the broker or the database is waited out."""
        back_off = BACK_OFF_S[0]
        while not stop.is_set():
            started = asyncio.get_running_loop().time()
            try:
                await self._session(stop)
            except _PASS_ON as error:
                _log.warning("projector-waits", extra={"error_class": type(error).__name__})
                if asyncio.get_running_loop().time() - started > BACK_OFF_S[1]:
                    back_off = BACK_OFF_S[0]
                await rest(stop, back_off)
                back_off = min(back_off * 2, BACK_OFF_S[1])

    async def _session(self, stop: asyncio.Event) -> None:
        reader = BatchReader(self._bootstrap, self.store.group, EVENT_TOPICS, self.store.claim, self._instance)
        try:
            await reader.start()
            while not stop.is_set():
                await self._turn(reader)
        finally:
            # Whatever becomes of the last commit: it is over, and whoever comes next goes on from where the database stands.
            await self._drop()
            await reader.stop()

    async def _turn(self, reader: BatchReader) -> None:
        try:
            if await reader.refresh():
                await self._begin_again()
            if self._at_most == 1:
                await self._one(reader)
            else:
                await self._many(reader)
        except (RecordsLostError, *_PASS_ON):
            raise
        except FencedError:
            # Somebody else went on from here, or a redrive did: ask the database again for what is still assigned.
            await self._resume(reader)
        except Exception as error:
            # One record spoils the batch: play it again in smaller ones, so that in the end only its journey waits.
            _log.warning("batch-failed", extra={"error_class": type(error).__name__})
            self._at_most = max(self._at_most // SMALLER, 1)
            reached = dict(reader.claims)
            await self._resume(reader)
            self._doubted = {place: claim.next_offset for place, claim in reached.items()}
        await self._tell(reader)

    async def _many(self, reader: BatchReader) -> None:
        await asyncio.sleep(self._turn_at - asyncio.get_running_loop().time())
        taken = await reader.take(self._at_most, WAIT_MS, self._suspect(reader))
        if taken:
            self._turn_at = asyncio.get_running_loop().time() + TURN_S
            batch = await self._fold(taken)
            await self._settle()
            self._in_flight = asyncio.create_task(self._commit(batch))
        elif self._in_flight is not None and self._in_flight.done():
            await self._settle()

    def _suspect(self, reader: BatchReader) -> Place | None:
        """The partition to look for a spoiling record in; the others would only hide it, since each batch takes from others."""
        for place, end in list(self._doubted.items()):
            claim = reader.claims.get(place)
            if claim is not None and claim.next_offset < end:
                return place
            del self._doubted[place]
        return None

    async def _one(self, reader: BatchReader) -> None:
        taken = await reader.take(1, WAIT_MS, self._suspect(reader))
        for place, (held, records) in taken.items():
            try:
                await self._commit(await self._fold({place: (held, records)}))
            except (FencedError, *_PASS_ON):
                raise
            except Exception as error:
                _log.exception("event-parked", extra={"error_class": type(error).__name__})
                await self._put_by(place, held, records[0], type(error).__name__)

    async def _put_by(self, place: Place, held: Claim, record: Delivery, reason: str) -> None:
        """Let a record wait with its journey; or bury what cannot even be parked, so that it does not come back for ever."""
        await self._begin_again()
        await self._recall_if_it_can_be(record)
        folder = Folder(self._memory)
        try:
            folder.park(place, held, record, reason)
            await self._commit(folder.batch)
        except (FencedError, *_PASS_ON):
            raise
        except Exception as error:
            _log.exception("event-unstorable", extra={"error_class": type(error).__name__})
            await self._begin_again()
            folder = Folder(self._memory)
            folder.bury(place, held, record)
            await self._commit(folder.batch)

    async def _recall_if_it_can_be(self, record: Delivery) -> None:
        """A row that cannot be read tells of no duplicates; what follows it waits all the same, until the row is mended."""
        try:
            await self.store.recall(self._memory, [record])
        except _PASS_ON:
            raise
        except Exception as error:
            _log.exception("row-unreadable", extra={"error_class": type(error).__name__})

    async def _resume(self, reader: BatchReader) -> None:
        await self._drop()
        await reader.reclaim()
        await self._begin_again()

    async def _begin_again(self) -> None:
        """Forget what was cached and what was on its way: its claims are not ours any more."""
        await self._drop()
        await fill(self.store)
        self._memory.forget()
        self._memory.waiting.update(await self.store.waiting())

    async def _fold(self, taken: Taken) -> Batch:
        await self.store.recall(self._memory, [record for _, records in taken.values() for record in records])
        folder = Folder(self._memory)
        for place in sorted(taken):
            held, records = taken[place]
            for start in range(0, len(records), GIVE_WAY_EVERY):
                folder.fold(place, held, records[start : start + GIVE_WAY_EVERY])
                await asyncio.sleep(0)
        for _ in folder.finish():
            await asyncio.sleep(0)
        return folder.batch

    async def _commit(self, batch: Batch) -> None:
        await self.store.apply(batch)
        PROJECTED_DELIVERIES.labels("metrics").inc(batch.size)
        self.applied.update({place: next_offset for place, (_, next_offset) in batch.moves.items()})
        self._memory.shrink()
        self._at_most = min(2 * self._at_most, BATCH_MAX)
        if late := {parked.sign.key for parked in batch.parked if parked.reason == "behind"}:
            await fill(self.store, late)

    async def _settle(self) -> None:
        """Wait for the commit in flight. Raises what it raised."""
        in_flight, self._in_flight = self._in_flight, None
        if in_flight is not None:
            await in_flight

    async def _drop(self) -> None:
        """Wait for the commit in flight to end in whatever way, and forget how."""
        in_flight, self._in_flight = self._in_flight, None
        if in_flight is not None:
            with contextlib.suppress(Exception):
                await in_flight

    async def _tell(self, reader: BatchReader) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._tell_at:
            self._tell_at = now + TELL_EVERY_S
            await reader.tell_progress(self.applied)
