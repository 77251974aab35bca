"""Which partitions are mine, from where, and until when: the database decides, the consumer group only proposes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from shared.contracts.topics import TOPICS
from shared.eventsourcing.claims import Claim
from shared.eventsourcing.errors import PartitionsAddedError, RecordsLostError
from shared.eventsourcing.records import Place
from shared.kafka.clients import join_again

TELL_S = 1.0
_PARTITIONS = {topic.name: topic.partitions for topic in TOPICS}
ClaimAll = Callable[[Sequence[Place]], Awaitable[dict[Place, Claim]]]
BeginAgain = ClaimAll
"""Moves the checkpoints of partitions back to their beginning and returns the claims."""


class _Listener(ConsumerRebalanceListener):
    """Only counts rebalances: the library swallows whatever a listener raises, so nothing else may happen here."""

    def __init__(self) -> None:
        self.generation = 0
        self.joined = False

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002
        self.generation += 1

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:  # noqa: ARG002
        self.generation += 1
        self.joined = True


class Assignment:
    """The partitions a consumer owns by the database's word, with the claim of each.

    Call `refresh` before every poll; it returns True when claims changed, and whatever was fetched or cached before
    belongs to nobody. Our own topics are gapless and must continue exactly at the checkpoint. With `begin_again` the topics
    are somebody else's: their beginning may be gone, and one that was made anew is read from its beginning.
    """

    def __init__(self, consumer: AIOKafkaConsumer, claim_all: ClaimAll, begin_again: BeginAgain | None = None) -> None:
        self.claims: dict[Place, Claim] = {}
        self._consumer = consumer
        self._claim_all = claim_all
        self._begin_again = begin_again
        self._floor: dict[Place, int] = {}
        self._listener = _Listener()
        self._seen = -1
        self._is_complete = False

    def subscribe(self, topics: Sequence[str] = (), pattern: str | None = None) -> None:
        """Subscribe to fixed topics or to every topic of a pattern."""
        if pattern is not None:
            self._consumer.subscribe(pattern=pattern, listener=self._listener)
        else:
            self._consumer.subscribe(topics=list(topics), listener=self._listener)

    async def refresh(self) -> bool:
        """After a rebalance claim what is assigned now and seek to it. Raises what the claim raises."""
        generation = self._listener.generation
        if generation == self._seen:
            return False
        await self.reclaim()
        self._seen = generation
        if self._listener.joined and not self._is_complete:
            self._ask_for_what_is_missing()
        return True

    def _ask_for_what_is_missing(self) -> None:
        """Join once more if a topic was left out.

        A successor under the same instance name is given what its predecessor had, without a rebalance: also when there
        are topics by now that the predecessor had not seen, and then nobody would ever read them.
        """
        self._is_complete = True
        if self._consumer.subscription() - {tp.topic for tp in self._consumer.assignment()}:
            join_again(self._consumer)

    async def reclaim(self) -> None:
        """Raise the epochs of everything assigned and go on where the database says. Raises `DisagreementError`."""
        places = sorted(Place(tp.topic, tp.partition) for tp in self._consumer.assignment())
        for place in places:
            if place.partition >= _PARTITIONS.get(place.topic, place.partition + 1):
                raise PartitionsAddedError(place.topic)
        self.claims = await self._claim_all(places) if places else {}
        await self.seek()

    def expected(self, place: Place) -> int:
        """The offset at which a claimed partition has to go on."""
        return max(self.claims[place].next_offset, self._floor.get(place, 0))

    async def seek(self) -> None:
        """Go to the checkpoint of every claimed partition that is still assigned.

        Raises `RecordsLostError` if one of our own topics ends before its checkpoint, or begins behind it. Who has read
        nothing yet begins where the topic does: its owner answers for its being whole.
        """
        assigned = self._consumer.assignment()
        mine = [tp for p in self.claims if (tp := TopicPartition(p.topic, p.partition)) in assigned]
        ends = await self._consumer.end_offsets(mine) if mine else {}
        begins = await self._consumer.beginning_offsets(mine) if mine else {}
        self._floor = {Place(tp.topic, tp.partition): offset for tp, offset in begins.items()}
        cut = [place for tp in mine if self.claims[place := Place(tp.topic, tp.partition)].next_offset > ends[tp]]
        if self._begin_again is not None:
            # A topic with limited retention may have lost its beginning before anybody read it.
            self.claims.update(await self._begin_again(cut) if cut else {})
        else:
            cut += [place for tp in mine if 0 < self.claims[place := Place(tp.topic, tp.partition)].next_offset < begins[tp]]
            if cut:
                raise RecordsLostError(cut[0].topic)
        for tp in mine:
            # A rebalance may have come while the broker was asked.
            if tp in self._consumer.assignment():
                self._consumer.seek(tp, self.expected(Place(tp.topic, tp.partition)))

    async def tell(self, offsets: Mapping[Place, int]) -> None:
        """Commit offsets of assigned partitions to Kafka, for displays of lag only: the database's checkpoint is what counts.

        Bounded, because the library asks again without an end while no coordinator answers, and after a broker's death that
        may be for ever; whoever waits for it reads nothing meanwhile.
        """
        assigned = self._consumer.assignment()
        known = {TopicPartition(place.topic, place.partition): offset for place, offset in offsets.items()}
        mine = {tp: offset for tp, offset in known.items() if tp in assigned}
        if mine:
            with contextlib.suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(TELL_S):
                    await self._consumer.commit(mine)
