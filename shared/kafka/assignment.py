"""Which partitions are mine, from where, and until when: the database decides, the consumer group only proposes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from shared.eventsourcing.claims import Claim
from shared.eventsourcing.records import Place

ClaimAll = Callable[[Sequence[Place]], Awaitable[dict[Place, Claim]]]


class _Listener(ConsumerRebalanceListener):
    """Only counts rebalances: the library swallows whatever a listener raises, so nothing else may happen here."""

    def __init__(self) -> None:
        self.generation = 0

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002
        self.generation += 1

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:  # noqa: ARG002
        self.generation += 1


class Assignment:
    """The partitions a consumer owns by the database's word, with the claim of each.

    Call `refresh` before every poll; it returns True when claims changed, and whatever was fetched or cached before
    belongs to nobody. `gapless` topics must continue exactly at the checkpoint.
    """

    def __init__(self, consumer: AIOKafkaConsumer, claim_all: ClaimAll, *, gapless: bool) -> None:
        self.claims: dict[Place, Claim] = {}
        self._consumer = consumer
        self._claim_all = claim_all
        self._gapless = gapless
        self._listener = _Listener()
        self._seen = -1

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
        return True

    async def reclaim(self) -> None:
        """Raise the epochs of everything assigned and go on where the database says."""
        places = sorted(Place(tp.topic, tp.partition) for tp in self._consumer.assignment())
        self.claims = await self._claim_all(places) if places else {}
        await self.seek()

    async def seek(self) -> None:
        """Go to the checkpoint of every claimed partition that is still assigned."""
        assigned = self._consumer.assignment()
        mine = {TopicPartition(p.topic, p.partition): c for p, c in self.claims.items()}
        floor: dict[TopicPartition, int] = {}
        if not self._gapless and mine:
            # A topic with limited retention may have lost its beginning before anybody read it.
            floor = await self._consumer.beginning_offsets([tp for tp in mine if tp in assigned])
        for tp, claim in mine.items():
            if tp in assigned:
                self._consumer.seek(tp, max(claim.next_offset, floor.get(tp, 0)))
