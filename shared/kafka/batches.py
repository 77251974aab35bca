"""Batches over all partitions of a group, for a reader that keeps its own place: positions are the reader's, not Kafka's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence

from aiokafka.errors import KafkaError

from shared.eventsourcing.claims import Claim
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.records import Delivery, Place
from shared.kafka.assignment import Assignment, ClaimAll
from shared.kafka.clients import consumer, let_go, require_fetching
from shared.kafka.instep import InStep

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
        self._in_step = InStep()

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
        await let_go(self._client, STOP_S)

    async def refresh(self) -> bool:
        """Claim anew after a rebalance; True if so, and then whatever was taken before belongs to nobody."""
        with broker_words():
            is_anew = await self._assignment.refresh()
        if is_anew:
            self._in_step.forget()
        return is_anew

    async def reclaim(self) -> None:
        """Raise the epochs of what is assigned and go on where the database says."""
        self._in_step.forget()
        with broker_words():
            await self._assignment.reclaim()

    async def take(
        self, records_max: int, wait_ms: int, only: Place | None = None
    ) -> dict[Place, tuple[Claim, Sequence[Delivery]]]:
        """The next records of claimed partitions, each with the claim it begins at; topics are in step under a backlog.

        `only` leaves all other partitions for later. Empty after a rebalance or when the client read from a wrong position,
        which is then set right.
        """
        taken: Mapping[Place, Sequence[Delivery]] = {}
        # What is in hand already may be due as it is: look what has come without waiting first.
        for wait in (0, wait_ms) if self._in_step else (wait_ms,):
            with broker_words():
                await self._fetch(records_max, wait, only)
            taken = self._due(records_max) if only is None else self._in_step.take_of(only, records_max)
            if taken:
                break
        found: dict[Place, tuple[Claim, Sequence[Delivery]]] = {}
        for place, records in taken.items():
            held = self.claims[place]
            found[place] = (held, records)
            self.claims[place] = Claim(records[-1].offset + 1, held.epoch)
        return found

    def _due(self, records_max: int) -> Mapping[Place, Sequence[Delivery]]:
        # Somebody who takes records one by one does not gain by waiting for others.
        more = self._places_with_more() if records_max > 1 else ()
        return self._in_step.take(records_max, more, asyncio.get_running_loop().time())

    async def _fetch(self, records_max: int, wait_ms: int, only: Place | None) -> None:
        """Take into hand what the client has of partitions of which nothing is in hand."""
        places = {Place(tp.topic, tp.partition): tp for tp in self._client.assignment()}
        wanted = [tp for place, tp in places.items() if only in (None, place) and not self._in_step.held(place)]
        if self._in_step and not wanted:
            return
        require_fetching(self._client)
        # Whoever owns nothing asks all the same: the client lets it wait.
        fetched = await self._client.getmany(*wanted, timeout_ms=wait_ms, max_records=records_max)
        astray = False
        for tp, records in fetched.items():
            place = Place(tp.topic, tp.partition)
            claim = self.claims.get(place)
            if claim is None or records[0].offset != self._assignment.expected(place):
                astray = True
            else:
                self._in_step.put(place, records)
        if astray:
            self._in_step.forget()
            await self._assignment.seek()

    def _places_with_more(self) -> set[Place]:
        """Partitions that have records behind what is in hand, as far as the client knows."""
        more = set()
        for tp in self._client.assignment():
            place, end = Place(tp.topic, tp.partition), self._client.highwater(tp)
            claim = self.claims.get(place)
            if claim is None:
                continue
            if end is None or claim.next_offset + self._in_step.held(place) < end:
                more.add(place)
        return more

    async def tell_progress(self, offsets: Mapping[Place, int]) -> None:
        """Commit offsets to Kafka for lag displays; the database's checkpoint is what counts."""
        await self._assignment.tell(offsets)
