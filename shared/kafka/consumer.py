"""The consumer loop: claim, seek, read, apply slice by slice. Infrastructure faults pause it, nothing makes it skip."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError

from shared.eventsourcing.claims import Claim, FencedError
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.eventsourcing.records import Place, Record
from shared.kafka.assignment import Assignment, BeginAgain
from shared.kafka.clients import consumer, let_go, require_fetching
from shared.telemetry.clock import rest

SLICE_MAX = 200
POLL_MS = 200
BEHIND_MS = 5
"""How long the broker may take to say what else there is."""
BACK_OFF_S = (0.1, 5.0)
COMMIT_EVERY_S = 5.0
GATHER_S = 0.1
"""How long a poll that brought little lets the next one gather: a poll is a transaction, whatever it brings, and nobody sees
a reaction that is a tenth of a second later."""
_log = logging.getLogger(__name__)


class InboundPort(Protocol):
    """Applies records exactly once; `shared.postgres.inbound.Inbound` is one."""

    group: str

    async def claim(self, places: Sequence[Place]) -> dict[Place, Claim]: ...
    async def apply(self, slices: Mapping[Place, tuple[Claim, Sequence[Record]]]) -> dict[Place, Claim]: ...


class ConsumerLoop:
    """Reads fixed topics or a pattern for one group. `begin_again` is given for partners' topics, see `Assignment`.

    `instance` names this process among those of its service; see `clients.consumer`.
    """

    def __init__(
        self,
        bootstrap: str,
        inbound: InboundPort,
        *,
        topics: Sequence[str] = (),
        pattern: str | None = None,
        begin_again: BeginAgain | None = None,
        instance: str = "",
    ) -> None:
        self.group = inbound.group
        self.healthy = False
        self._bootstrap = bootstrap
        self._inbound = inbound
        self._topics = topics
        self._pattern = pattern
        self._begin_again = begin_again
        self._instance = instance
        self._commit_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop`. After any failure of broker or database the client is made anew and the database decides."""
        back_off = BACK_OFF_S[0]
        while not stop.is_set():
            started = asyncio.get_running_loop().time()
            try:
                await self._session(stop)
            except (KafkaError, UnavailableError, VersionConflictError, OSError, TimeoutError) as error:
                _log.warning("consumer-waits", extra={"error_class": type(error).__name__, "group": self.group})
                self.healthy = False
                if asyncio.get_running_loop().time() - started > BACK_OFF_S[1]:
                    back_off = BACK_OFF_S[0]
                await rest(stop, back_off)
                back_off = min(back_off * 2, BACK_OFF_S[1])

    async def _session(self, stop: asyncio.Event) -> None:
        client = consumer(self._bootstrap, self.group, f"runonce-{self.group}", self._instance)
        assignment = Assignment(client, self._inbound.claim, self._begin_again)
        assignment.subscribe(self._topics, self._pattern)
        try:
            await client.start()
            while not stop.is_set():
                await assignment.refresh()
                self.healthy = True
                try:
                    fetched = await poll(client)
                except NoOffsetForPartitionError:
                    # Partitions came between the claim and this read; the next turn claims and seeks them.
                    await asyncio.sleep(BACK_OFF_S[0])
                    continue
                await self._apply(assignment, fetched)
                await self._commit(assignment)
                if 0 < _size(fetched) < SLICE_MAX:
                    await asyncio.sleep(GATHER_S)
        finally:
            await let_go(client, BACK_OFF_S[1])

    async def _apply(self, assignment: Assignment, fetched: Mapping[TopicPartition, Sequence[Any]]) -> None:
        waiting = {place: records for place, records in map(_records, fetched.items()) if place in assignment.claims}
        if any(self._is_out_of_place(assignment.expected(place), records) for place, records in waiting.items()):
            await assignment.seek()
            return
        try:
            while waiting:
                slices = {place: (assignment.claims[place], records[:SLICE_MAX]) for place, records in waiting.items()}
                assignment.claims.update(await self._inbound.apply(slices))
                waiting = {place: rest for place, records in waiting.items() if (rest := records[SLICE_MAX:])}
        except FencedError:
            # Somebody else went on from here, or will: ask the database again for what is still assigned.
            await assignment.reclaim()

    def _is_out_of_place(self, expected: int, records: Sequence[Record]) -> bool:
        first = records[0].offset
        return first < expected or (self._begin_again is None and first != expected)

    async def _commit(self, assignment: Assignment) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._commit_at:
            self._commit_at = now + COMMIT_EVERY_S
            await assignment.tell({place: claim.next_offset for place, claim in assignment.claims.items()})


async def poll(client: AIOKafkaConsumer) -> dict[TopicPartition, list[Any]]:
    """The next records of all partitions.

    The client asks ahead once, and again only when the answer was taken. After a rest it has at hand what came at the rest's
    beginning, and what came since would wait for another one; so whoever got little asks once more.
    """
    require_fetching(client)
    fetched: dict[TopicPartition, list[Any]] = await client.getmany(timeout_ms=POLL_MS)
    if not 0 < _size(fetched) < SLICE_MAX:
        return fetched
    for place, behind in (await client.getmany(timeout_ms=BEHIND_MS)).items():
        records = fetched.setdefault(place, [])
        last = records[-1].offset if records else -1
        # A rebalance in between may have begun the partition anew; where somebody else was further, the claim is stale.
        records += [record for record in behind if record.offset > last]
    return fetched


def _size(fetched: Mapping[TopicPartition, Sequence[Any]]) -> int:
    return sum(map(len, fetched.values()))


def _records(fetched: tuple[TopicPartition, Sequence[Any]]) -> tuple[Place, list[Record]]:
    tp, raw = fetched
    return Place(tp.topic, tp.partition), [Record(r.topic, r.partition, r.offset, r.key, r.value, r.timestamp) for r in raw]
