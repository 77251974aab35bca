"""Batches over all partitions of a group, for a reader that keeps its own place: positions are the reader's, not Kafka's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.eventsourcing.claims import Claim
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.records import Delivery, Place
from shared.kafka.assignment import Assignment, ClaimAll
from shared.kafka.clients import consumer

STOP_S = 10.0


@contextlib.contextmanager
def broker_words() -> Iterator[None]:
    """Raise `UnavailableError` for whatever the broker or the way to it does wrong."""
    try:
        yield
    except (KafkaError, OSError, TimeoutError) as error:
        raise UnavailableError(type(error).__name__) from None


class BatchReader:
    """One member of a consumer group on gapless topics. `claims` move with every batch that is taken.

    Call `refresh` before every `take`. After a failure to apply what was taken, call `reclaim`: the database decides again.
    """

    def __init__(self, bootstrap: str, group: str, topics: Sequence[str], claim_all: ClaimAll, instance: str = "") -> None:
        self._client = consumer(bootstrap, group, f"runonce-{group}", instance)
        self._assignment = Assignment(self._client, claim_all)
        self._assignment.subscribe(topics)

    @property
    def claims(self) -> dict[Place, Claim]:
        """Where the next record of each partition is expected."""
        return self._assignment.claims

    async def start(self) -> None:
        """Join the group. Raises `UnavailableError`."""
        with broker_words():
            await self._client.start()

    async def stop(self) -> None:
        """Leave the group; never longer than a limit, and never with an error."""
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._client.stop(), STOP_S)

    async def refresh(self) -> bool:
        """Claim anew after a rebalance; True if so, and then whatever was taken before belongs to nobody."""
        with broker_words():
            return await self._assignment.refresh()

    async def reclaim(self) -> None:
        """Raise the epochs of what is assigned and go on where the database says."""
        with broker_words():
            await self._assignment.reclaim()

    async def take(self, records_max: int, wait_ms: int) -> dict[Place, tuple[Claim, Sequence[Delivery]]]:
        """The next records of claimed partitions, each with the claim it begins at.

        Empty after a rebalance or when the client read from a wrong position, which is then set right.
        """
        with broker_words():
            fetched = await self._client.getmany(timeout_ms=wait_ms, max_records=records_max)
            taken: dict[Place, tuple[Claim, Sequence[Delivery]]] = {}
            astray = False
            for tp, records in fetched.items():
                place = Place(tp.topic, tp.partition)
                held = self.claims.get(place)
                if held is None or records[0].offset != self._assignment.expected(place):
                    astray = True
                    continue
                taken[place] = (held, records)
            for place, (held, records) in taken.items():
                self.claims[place] = Claim(records[-1].offset + 1, held.epoch)
            if astray:
                await self._assignment.seek()
        return taken

    async def tell_progress(self, offsets: Mapping[Place, int]) -> None:
        """Commit offsets to Kafka for lag displays; the database's checkpoint is what counts."""
        assigned = self._client.assignment()
        known = {TopicPartition(place.topic, place.partition): offset for place, offset in offsets.items()}
        mine = {tp: offset for tp, offset in known.items() if tp in assigned}
        if mine:
            with contextlib.suppress(KafkaError):
                await self._client.commit(mine)
