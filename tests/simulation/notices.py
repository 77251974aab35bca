"""Scenario: causes arrive, messages are owed, and senders hand them to a carrier that fails, hangs, and forgets to answer.

Real are the consumer loop, the inbound, notify's reaction, its decider, its table and its sender.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import orjson

from services.notify.policy import CAUSES
from services.notify.providers import ProviderAwayError
from services.notify.sender import Sender
from services.notify.service import react
from shared.contracts.ids import intent_id
from shared.contracts.notify import NotificationRequested, NotificationSent
from shared.contracts.partitioning import partition_of
from shared.contracts.topics import INTAKE_EVENTS, PARTITIONS, Service
from shared.eventsourcing.errors import UnavailableError
from shared.eventsourcing.records import Place
from shared.kafka.consumer import ConsumerLoop
from shared.postgres.inbound import Inbound
from tests.simulation import consuming_sql, notices_sql, oracles, record_sql
from tests.simulation.connection import log_of
from tests.simulation.database import Transaction
from tests.simulation.deliveries import JOURNEYS, PLACES_USED
from tests.simulation.house import House
from tests.simulation.oracles import must
from tests.simulation.world import Process
from tests.unit.metrics.stories import Told, accepted, delivered, noticed, opened, received

TAUGHT = (record_sql, consuming_sql, notices_sql)
GROUP = "notify"
UNKNOWN_AFTER_S = 1.0
MOODY_S = 4.0
TEMPLATES = {
    "gov.intake.application-received.v1": "receipt",
    "gov.intake.correction-notice-issued.v1": "correction",
    "gov.intake.application-accepted.v1": "acceptance",
    "gov.intake.result-delivered.v1": "result",
}
SENT = str(NotificationSent.type)


def told() -> list[Told]:
    """A few journeys, each with causes and with facts that nobody hears of."""
    made = [Told(journey) for journey in JOURNEYS[:6]]
    for one in made:
        one.says(opened(), received(one.at), noticed(1), accepted(one.at), delivered(one.at))
    return made


TOLD = told()


class Carrier:
    """Takes messages for everybody, and remembers how often it was handed each. Some can tell what they have."""

    def __init__(self, house: House) -> None:
        self.handed: dict[UUID, int] = {}
        self._world = house.world
        self._moody = self._world.chance.random() < 0.4
        self.can_tell = self._world.chance.random() < 0.7

    @property
    def away(self) -> bool:
        """Whether it takes nothing now; some carriers are like that for a while."""
        return self._moody and self._world.loop.time() < MOODY_S and self._world.chance.random() < 0.4

    def of(self, process: Process) -> _Hand:
        """The carrier as one process reaches it."""
        return _Hand(self, process)


class _Hand:
    def __init__(self, carrier: Carrier, process: Process) -> None:
        self._carrier = carrier
        self._process = process

    @property
    def can_tell(self) -> bool:
        return self._carrier.can_tell

    async def send(self, key: UUID, to: str, subject: str, text: str) -> str:
        await self._process.world.reach(self._process, "hand over", ProviderAwayError)
        if self._carrier.away:
            raise ProviderAwayError
        self._carrier.handed[key] = self._carrier.handed.get(key, 0) + 1
        await self._process.world.reach(self._process, "handed over", ConnectionResetError)
        return str(key)

    async def find(self, key: UUID) -> str | None:
        await self._process.world.reach(self._process, "ask carrier", ProviderAwayError)
        return str(key) if self.can_tell and key in self._carrier.handed else None

    async def get(self, service: Service, path: str, **query: str | int) -> Any:
        await self._process.world.reach(self._process, "ask for contact", lambda: UnavailableError("intake-away"))
        return {"email": "someone@example.org", "language": "zh"}


class Office:
    """The processes, the database and the carrier of this scenario."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.world = house.world
        self.database = house.database("notify")
        self.carrier = Carrier(house)
        self.places = [Place(INTAKE_EVENTS, n) for n in range(PLACES_USED)]
        self.told = self.world.chance.sample(TOLD, self.world.chance.randint(1, 2))
        self.published = False
        house.group(GROUP, self.places)
        self.database.at_commit.append(self._watch)
        for n in range(self.world.chance.randint(1, 2)):
            house.keep(f"notify-{n}", self.run)

    async def run(self, process: Process) -> None:
        """One notify process: it hears and sends."""
        stop = asyncio.Event()
        log, hand = log_of(self.database, process), self.carrier.of(process)
        loop = ConsumerLoop(process.name, Inbound(log, GROUP, CAUSES, react), topics=(INTAKE_EVENTS,))
        sender = Sender(log, hand, hand, demo=False, unknown_after_s=UNKNOWN_AFTER_S)
        await process.live(loop.run(stop), sender.run(stop))

    async def publish(self) -> None:
        """Put the journeys on the bus; some of it twice."""
        chance = self.world.chance
        for told in self.told:
            place = Place(INTAKE_EVENTS, partition_of(told.journey, PARTITIONS))
            for _, body in told.events[: chance.randint(2, len(told.events))]:
                for _ in range(1 + (chance.random() < 0.1)):
                    self.house.broker.append(place, told.journey.encode(), body)
                if chance.random() < 0.3:
                    await asyncio.sleep(chance.random() * 0.2)
        self.published = True

    def _watch(self, transaction: Transaction) -> None:
        for (table, key), row in transaction.changes.items():
            if table == "intent" and row is not None and row["state"] == "sending":
                sent = [orjson.loads(row["body"])["data"]["intent_id"] for row in self._events(SENT)]
                must(str(key[0]) not in sent, "what was sent is not sent again")

    def _events(self, kind: str) -> list[dict[str, Any]]:
        return [row for row in self.database.tables["event"].values() if row["type"] == kind]

    def settled(self) -> bool:
        """Whether everything was heard, and every message came to its end."""
        rows = self.database.tables["intent"].values()
        return (
            self.published
            and oracles.consumed(self.database, GROUP, self.house.broker, self.places)
            and all(row["state"] in ("sent", "failed") for row in rows)
        )

    def one_message_for_each_cause(self) -> None:
        """Exactly one is owed, asked for and sent for each cause, under the key that follows from it."""
        owed = set()
        for kept in {kept.value: kept for place in self.places for kept in self.house.broker.logs[place]}.values():
            event = orjson.loads(kept.value)
            if event["type"] in TEMPLATES:
                owed.add(intent_id(UUID(event["id"]), TEMPLATES[event["type"]], "applicant", "email"))
        must({key[0] for key in self.database.tables["intent"]} == owed, "one message is owed for each cause")
        must(len(self._events(str(NotificationRequested.type))) == len(owed), "each is asked for once")
        rows = self.database.tables["intent"].values()
        sent = {row["intent_id"] for row in rows if row["state"] == "sent"}
        told = [UUID(orjson.loads(row["body"])["data"]["intent_id"]) for row in self._events(SENT)]
        must(sorted(told) == sorted(sent), "each is told to be sent once")
        must(sent <= set(self.carrier.handed) <= owed, "what is told to be sent was handed over")
        for row in rows:
            must(self.carrier.handed.get(row["intent_id"], 0) <= max(row["attempt"], 1), "each attempt hands over once at most")
            if not self.carrier.can_tell:
                must(self.carrier.handed.get(row["intent_id"], 0) <= 2, "what may be there already is repeated once")


async def scenario(house: House) -> None:
    """One schedule of notices."""
    office = Office(house)
    house.guest(office.publish())
    await house.settle(office.settled)
    oracles.streams_are_whole(office.database)
    office.one_message_for_each_cause()
    oracles.conserved(office.database, GROUP, house.broker, office.places)
