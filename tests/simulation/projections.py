"""Scenario: journeys lie on the bus in any interleaving, some records twice, too early or unreadable; projectors count them.

Real are the projector, its batch reader, folding, memory, the store with its fences, and the redrive.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from functools import cache
from unittest.mock import patch

from services.metrics.journey import Row, load
from services.metrics.ledger import Known, Ledger, Moved, add, ledger, moved
from services.metrics.projector import Projector
from services.metrics.redrive import redrive
from services.metrics.store import group_of
from shared.contracts.partitioning import partition_of
from shared.contracts.topics import EVENT_TOPICS, PARTITIONS
from shared.eventsourcing.records import Place
from tests.integration.metrics.house import TOPIC, some_tales
from tests.simulation import consuming_sql, oracles, projection_sql, record_sql
from tests.simulation.connection import log_of
from tests.simulation.database import Database
from tests.simulation.house import House
from tests.simulation.oracles import must
from tests.simulation.projection_sql import SimulatedStore
from tests.simulation.world import Process
from tests.unit.metrics.stories import Told

TAUGHT = (record_sql, consuming_sql, projection_sql)
GENERATION = 1
PLACES_USED = 3
TALES = 400
EVENTS_MAX = 16


@cache
def tales() -> list[Told]:
    """Different journeys of the partitions in use, none too long, the same ones in every run."""
    return [told for told in some_tales(TALES) if _partition(told.journey) < PLACES_USED and len(told.events) <= EVENTS_MAX]


@cache
def _partition(journey: str) -> int:
    return partition_of(journey, PARTITIONS)


@cache
def share(journey: str) -> Ledger:
    """What one journey adds, by the slow and plain way."""
    return ledger(next(told for told in tales() if told.journey == journey).row())


class Counted:
    """The processes, the database and the bus of this scenario."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.world = house.world
        self.database: Database = house.database("metrics")
        self.places = [Place(topic, partition) for topic in EVENT_TOPICS for partition in range(PLACES_USED)]
        self.group = group_of(GENERATION)
        house.group(self.group, self.places)
        chance = self.world.chance
        self.told = chance.sample(tales(), chance.randint(1, 3))
        self.published = False
        self.failing = {chance.choice(self.told).journey} if chance.random() < 0.3 else set()
        self.kept = [house.keep(f"metrics-{n}", self.run) for n in range(chance.randint(1, 3))]

    def moved(self, before: Known, row: Row) -> Moved:
        """The real movement, which fails for journeys that fail today."""
        if row.journey in self.failing:
            raise ZeroDivisionError
        return moved(before, row)

    def store(self, process: Process) -> SimulatedStore:
        """The store as one process has it."""
        return SimulatedStore(log_of(self.database, process), GENERATION, announces=False)

    async def run(self, process: Process) -> None:
        """One projector."""
        await Projector(process.name, self.store(process)).run(asyncio.Event())

    async def publish(self) -> None:
        """Put everything on the bus, each service's stream in its order, with what relays and strangers add to it."""
        chance = self.world.chance
        queues: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
        for told in self.told:
            for source, body in told.events:
                queues[source].append((told.journey, body))
        while queues:
            source = chance.choice(sorted(queues))
            queue = queues[source]
            for _ in range(min(len(queue), chance.randint(1, 8))):
                self._put(source, *queue.pop(0))
            if not queue:
                del queues[source]
            elif chance.random() < 0.05:
                self._put(source, *chance.choice(queue))
                self.world.note("stranger", f"lets an event of {source} overtake another")
            elif chance.random() < 0.05:
                self._rubbish(source, queue[0][0])
            if chance.random() < 0.3:
                await asyncio.sleep(chance.random() * 0.3)
        self.published = True

    def _put(self, source: str, journey: str, body: bytes) -> None:
        broker, chance = self.house.broker, self.world.chance
        place = Place(TOPIC[source], _partition(journey))
        broker.append(place, journey.encode(), body)
        if chance.random() < 0.05:
            # A relay that did not hear of its acknowledgements says the same again, in the same order.
            log = broker.logs[place]
            for kept in log[-chance.randint(1, len(log)) :]:
                broker.append(place, kept.key, kept.value)

    def _rubbish(self, source: str, journey: str) -> None:
        place = Place(TOPIC[source], _partition(journey))
        self.house.broker.append(place, journey.encode(), self.world.chance.choice(oracles.RUBBISH))

    def settled(self) -> bool:
        """Whether everything is published, consumed and redriven."""
        return (
            self.published
            and not self.database.tables["parked"]
            and oracles.consumed(self.database, self.group, self.house.broker, self.places)
        )

    async def operate(self) -> None:
        """Mend what failed and redrive what waits."""
        self.failing.clear()
        await self.redrive()

    async def redrive(self) -> None:
        """Redrive in one of the processes; whatever fails is tried again later."""
        process = self.world.chance.choice(self.kept).process
        if self.database.tables["parked"] and process.alive:
            self.world.note("operator", f"redrives in {process.name}")
            working = process.start(redrive(self.store(process), None))
            await asyncio.wait([working])
            self.house.forgive(working)

    async def redrive_early(self) -> None:
        """An operator who tries in the middle of it."""
        for _ in range(2):
            await asyncio.sleep(self.world.chance.random())
            await self.redrive()


async def scenario(house: House) -> None:
    """One schedule of projections."""
    counted = Counted(house)
    with patch("services.metrics.batch.moved", counted.moved):
        house.guest(counted.publish())
        house.guest(counted.redrive_early())
        await house.settle(counted.settled, counted.operate)
    _figures_are_those_of_a_direct_count(counted)
    _rows_name_their_evidence(counted)
    _conserved(counted)


def _figures_are_those_of_a_direct_count(counted: Counted) -> None:
    expected: Ledger = {}
    for told in counted.told:
        add(expected, share(told.journey))
    found: Ledger = {}
    for row in counted.database.tables["cell"].values():
        add(found, {row["entry"]: row["amounts"]})
    for entry in sorted(found.keys() | expected.keys()):
        zero = (0,) * len(found.get(entry) or expected[entry])
        counts, direct = found.get(entry, zero), expected.get(entry, zero)
        must(counts == direct, "every figure equals a direct count", entry, f"{counts} for {direct}")


def _rows_name_their_evidence(counted: Counted) -> None:
    for told in counted.told:
        row = load(told.journey, counted.database.tables["journey"][(told.journey,)]["body"])
        heads: dict[str, int] = defaultdict(int)
        for source, body in told.events:
            fact = getattr(row, source)[heads[source]]
            heads[source] += 1
            kept = counted.house.broker.logs[Place(TOPIC[source], _partition(told.journey))][fact.offset]
            must(kept.value == body, "every fact names the offset of its own bytes", told.journey, fact)
        must(row.events == len(told.events), "every event is applied exactly once", told.journey, row.events, len(told.events))


def _conserved(counted: Counted) -> None:
    rows = list(counted.database.tables["checkpoint"].values())
    for row in rows:
        log = counted.house.broker.logs[Place(row["topic"], row["partition"])]
        must(row["next_offset"] == len(log) == row["consumed"], "every offset is consumed once", len(log), row)
    must(
        sum(row["applied"] + row["ignored"] for row in rows) == sum(len(told.events) for told in counted.told),
        "every event is applied exactly once",
    )
    records = [kept for log in counted.house.broker.logs.values() for kept in log]
    unreadable = sum(oracles.is_rubbish(kept.value) for kept in records)
    must(sum(row["dead_lettered"] for row in rows) == unreadable, "what is no event is a dead letter, and nothing else is")
    must(len(counted.database.tables["message"]) == unreadable, "each dead letter is told once")
    must(sum(row["parked"] for row in rows) == 0, "nothing waits any more")
