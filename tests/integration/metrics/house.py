"""A projection for tests: told journeys, delivered as records, folded and written by the real store."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from random import Random

import orjson

from services.metrics.batch import Folder, Memory, Redelivered
from services.metrics.journey import Row
from services.metrics.ledger import Ledger, add, ledger
from services.metrics.store import Store
from shared.contracts.partitioning import partition_of
from shared.contracts.topics import APPROVAL_EVENTS, INTAKE_EVENTS, NOTIFY_EVENTS, PARTITIONS
from shared.eventsourcing.claims import Claim
from shared.eventsourcing.records import Delivery, Place
from shared.kafka.clients import producer
from tests.unit.metrics.stories import Told, tale

TOPIC = {"intake": INTAKE_EVENTS, "approval": APPROVAL_EVENTS, "notify": NOTIFY_EVENTS}


def some_tales(count: int) -> list[Told]:
    """`count` different journeys, the same ones in every run.

    They are not Hypothesis's: what that draws depends on the modules that happen to be loaded, in all modes.
    """
    chance, found = Random(0), dict[str, Told]()
    while len(found) < count:
        told = tale(chance.choice)
        found[told.journey] = told
    return list(found.values())


def expected(told: Iterable[Told]) -> Ledger:
    """What these journeys must add, by the slow and plain way."""
    total: Ledger = {}
    for one in told:
        add(total, ledger(one.row()))
    return {entry: amounts for entry, amounts in total.items() if any(amounts)}


class Wire:
    """Partitions without a broker: every published event gets the next offset of its place."""

    def __init__(self) -> None:
        self.records: dict[Place, list[Redelivered]] = defaultdict(list)

    def publish(self, told: Iterable[Told]) -> None:
        """Publish each journey's events; journeys follow each other."""
        for one in told:
            for source, body in one.events:
                self.put(TOPIC[source], one.journey, body)

    def put(self, topic: str, key: str, body: bytes) -> Place:
        """Publish one record."""
        place = Place(topic, partition_of(key, PARTITIONS))
        self.records[place].append(Redelivered(*_place(place), len(self.records[place]), key.encode(), body, 0))
        return place


def _place(place: Place) -> tuple[str, int]:
    return place.topic, place.partition


class Hand:
    """Projects a wire by hand, batch by batch, as the projector does."""

    def __init__(self, store: Store, wire: Wire) -> None:
        self.store = store
        self.wire = wire
        self.memory = Memory(10_000)
        self.claims: dict[Place, Claim] = {}

    async def begin(self) -> None:
        """Claim everything there is."""
        self.claims = await self.store.claim(sorted(self.wire.records))
        self.memory.forget()
        self.memory.waiting.update(await self.store.waiting())

    async def project(self, records_max: int = 50) -> None:
        """Apply everything that is published, a few records of each place at a time."""
        await self.begin()
        await self.go_on(records_max)

    async def go_on(self, records_max: int = 50) -> None:
        """Apply what is left under the claims it has."""
        while batch := self._next(records_max):
            await self.store.recall(self.memory, [record for _, records in batch for record in records])
            folder = Folder(self.memory)
            for place, records in batch:
                folder.fold(place, self.claims[place], records)
            for _ in folder.finish():
                pass
            await self.store.apply(folder.batch)
            for place, records in batch:
                self.claims[place] = Claim(records[-1].offset + 1, self.claims[place].epoch)

    def _next(self, records_max: int) -> list[tuple[Place, Sequence[Delivery]]]:
        found: list[tuple[Place, Sequence[Delivery]]] = []
        for place in sorted(self.wire.records):
            held = self.claims.get(place, Claim(0, 0)).next_offset
            records = self.wire.records[place][held : held + records_max]
            if records:
                found.append((place, records))
        return found


async def stored_cells(store: Store) -> Ledger:
    """The cells as the database has them, summed over partitions."""
    from datetime import date

    from services.metrics.contributions import GROUPS, Cell
    from services.metrics.ledger import Entry

    async with store.log.transaction() as tx:
        rows = await tx.fetch(f"SELECT * FROM {store.room}.cell")
    total: Ledger = {}
    for row in rows:
        cell = Cell(
            row["grp"],
            row["region"],
            row["other"],
            row["item"],
            row["basic"],
            row["channel"],
            row["tag"],
            row["day"].toordinal(),
        )
        known: date = row["known"]
        amounts = tuple(row[f"n{n}"] for n in range(1, len(GROUPS[cell.group]) + 1))
        add(total, {Entry(cell, known.toordinal()): amounts})
    return {entry: amounts for entry, amounts in total.items() if any(amounts)}


async def send(kafka: str, told: Iterable[Told]) -> int:
    """Publish journeys to a real broker; returns how many events."""
    client = producer(kafka, "metrics-test")
    await client.start()
    try:
        sent = [
            await client.send(TOPIC[source], body, one.journey.encode(), partition_of(one.journey, PARTITIONS))
            for one in told
            for source, body in one.events
        ]
        await asyncio.gather(*sent)
    finally:
        await client.stop()
    return len(sent)


def renamed(body: bytes, **changes: object) -> bytes:
    """The event with some of its envelope's attributes changed."""
    return orjson.dumps(orjson.loads(body) | changes)


def rows_of(told: Iterable[Told]) -> dict[str, Row]:
    """The rows that these journeys must become, but for their offsets."""
    return {one.journey: one.row() for one in told}
