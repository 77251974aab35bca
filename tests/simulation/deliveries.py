"""Scenario: clients ask one service, its relays publish, another service's consumers react and publish in turn.

Everything that decides is real: the event log, first answers, outbox, relay, consumer loop, assignment, inbound.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from shared.contracts.approval import CaseWithdrawn
from shared.contracts.base import Fact
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.intake import JourneyCompleted, JourneyOpened, VisitVoided
from shared.contracts.partitioning import partition_of
from shared.contracts.topics import INTAKE_EVENTS, PARTITIONS
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.plan import Applied, Context, Order
from shared.eventsourcing.records import Place
from shared.kafka.consumer import ConsumerLoop
from shared.kafka.relay import Relay
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.idempotency import Answer, KeyBusyError, Keyed, once_each
from shared.postgres.inbound import Inbound
from shared.postgres.outbox import Outbox
from tests.simulation import consuming_sql, oracles, record_sql
from tests.simulation.connection import log_of
from tests.simulation.database import Database
from tests.simulation.house import House
from tests.simulation.world import BEGINNING, Process

TAUGHT = (record_sql, consuming_sql)
SPACE = UUID("00000000-0000-5000-8000-0000000000aa")
PLACES_USED = 3
JOURNEYS = [
    key for key in (str(uuid5(SPACE, str(n))) for n in range(200)) if partition_of(key, PARTITIONS) < PLACES_USED
]  # fmt: skip
INTERESTED = frozenset({str(JourneyOpened.type), str(VisitVoided.type)})
GROUP = "approval"
CLIENT, ROBOT = Actor("clerk", "c-1"), Actor("service", "approval")
GIVES_UP_S = 1.0


@dataclass(frozen=True)
class Tell:
    """A command that is its own decision."""

    facts: Sequence[Fact]
    now: Any = BEGINNING


TELLER: Decider[Tell, int] = Decider(0, lambda command, _: list(command.facts), lambda state, _, __: state + 1)


@dataclass(slots=True)
class Asked:
    """One request of a client and every answer it got."""

    journey: str
    key: str
    keyed: bool
    fact: Fact
    answers: list[bytes] = field(default_factory=list)

    @property
    def command_id(self) -> UUID:
        return uuid5(SPACE, self.key)


def requests_for(house: House) -> list[Asked]:
    """What the clients of one schedule will ask."""
    chance, found = house.world.chance, list[Asked]()
    for journey in chance.sample(JOURNEYS, chance.randint(1, 3)):
        for n in range(chance.randint(1, 4)):
            fact: Fact
            if n == 0:
                fact = JourneyOpened(item_code="i", basic_code="b", declared_visits=1, first_contact=BEGINNING)
            elif chance.random() < 0.3:
                fact = JourneyCompleted(outcome="granted", completed_at=BEGINNING)
            else:
                fact = VisitVoided(visit_id=uuid5(SPACE, f"{journey}/{n}"), reason_code="mistake")
            found.append(Asked(journey, f"{journey}/{n}", chance.random() < 0.5, fact))
    return found


async def answer(log: EventLog, asked: Asked) -> bytes:
    """What the service does for one request: at most once, and the first answer for ever."""
    context = Context(asked.command_id, CLIENT, asked.command_id, asked.command_id)
    order = Order(f"journey-{asked.journey}", asked.journey, Tell([asked.fact]), context)

    async def act(tx: Tx) -> list[Answer]:
        (outcome,) = await tx.act(TELLER, [order])
        assert isinstance(outcome, Applied)
        return [Answer(201, b",".join(str(event.id).encode() for event in outcome.events))]

    async def work(tx: Tx) -> bytes:
        if not asked.keyed:
            await act(tx)
            return b"done"
        ((told, _),) = await once_each(tx, [Keyed("portal", asked.key, b"f")], lambda _: act(tx))
        if not isinstance(told, Answer):
            raise told
        return told.body

    return await log.transact(work)


class Street:
    """The processes and databases of this scenario, and what is known of them."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.world = house.world
        self.intake: Database = house.database("intake")
        self.approval: Database = house.database("approval")
        self.asked = requests_for(house)
        self.failing: set[str] = set()
        self.disordered: set[str] = set()
        self.littered = True
        self.places = [Place(INTAKE_EVENTS, n) for n in range(PLACES_USED)]
        house.group(GROUP, self.places)
        self.front = [house.keep(f"intake-{n}", self.run_intake) for n in range(self.world.chance.randint(1, 2))]
        self.back = [house.keep(f"approval-{n}", self.run_approval) for n in range(self.world.chance.randint(1, 2))]

    async def run_intake(self, process: Process) -> None:
        """One intake process: its relay; clients find it here."""
        wake = asyncio.Event()
        log = log_of(self.intake, process, wake.set)
        await Relay("intake", Outbox(log), process.name, process.name, wake).run(asyncio.Event())

    async def run_approval(self, process: Process) -> None:
        """One approval process: its consumer loop and its relay."""
        wake, stop = asyncio.Event(), asyncio.Event()
        log = log_of(self.approval, process, wake.set)
        relay = Relay("approval", Outbox(log), process.name, process.name, wake)
        loop = ConsumerLoop(process.name, self.inbound(log), topics=(INTAKE_EVENTS,))
        await process.live(relay.run(stop), loop.run(stop))

    def inbound(self, log: EventLog) -> Inbound:
        """The real inbound with a reaction that says what it heard."""
        return Inbound(log, GROUP, INTERESTED, self.react)

    async def react(self, tx: Tx, events: Sequence[Envelope[Any]]) -> None:
        """Record one fact for each event, or fail for journeys that fail today."""
        if any(event.key in self.failing for event in events):
            raise LookupError
        await tx.act(TELLER, [self._echo(event) for event in events])

    def _echo(self, event: Envelope[Any]) -> Order[Tell]:
        heard = CaseWithdrawn(case_no=f"c{event.sequence}", reason_code="changed-mind")
        return Order(event.stream, event.key, Tell([heard], event.time), Context.following(event, ROBOT, "echo"))

    async def client(self, wanted: Sequence[Asked]) -> None:
        """Ask for one thing after the other, each again and again until there is an answer, and some once more."""
        for asked in wanted:
            while not asked.answers or self.world.chance.random() < 0.1:
                await self._ask(asked)

    async def _ask(self, asked: Asked) -> None:
        process = self.world.chance.choice(self.front).process
        if process.alive:
            working = process.start(answer(log_of(self.intake, process), asked))
            done, _ = await asyncio.wait([working], timeout=GIVES_UP_S)
            if done and not working.cancelled() and working.exception() is None:
                asked.answers.append(working.result())
                return
            self.house.forgive(working, KeyBusyError)
        await asyncio.sleep(self.world.chance.random() * 0.2)

    def settled(self) -> bool:
        """Whether everything asked is answered, published, and consumed."""
        return (
            self.littered
            and all(asked.answers for asked in self.asked)
            and not self.intake.tables["outbox"]
            and not self.approval.tables["outbox"]
            and not self.approval.tables["parked"]
            and oracles.consumed(self.approval, GROUP, self.house.broker, self.places)
        )

    async def operate(self) -> None:
        """Mend what failed and redrive what waits."""
        self.failing.clear()
        process = self.world.chance.choice(self.back).process
        if self.approval.tables["parked"] and process.alive:
            self.world.note("operator", f"redrives in {process.name}")
            working = process.start(self.inbound(log_of(self.approval, process)).redrive())
            await asyncio.wait([working])
            self.house.forgive(working)

    async def disorder(self) -> None:
        """A producer of the old kind lets a later event overtake an earlier one."""
        for _ in range(40):
            await asyncio.sleep(0.005)
            waiting = self.intake.rows("outbox")
            late = [row for n, row in enumerate(waiting) if any(row["key"] == other["key"] for other in waiting[:n])]
            if late:
                row = self.world.chance.choice(late)
                body = self.intake.tables["event_once"][(row["ref"],)]["body"]
                self.house.broker.append(Place(row["topic"], row["partition"]), row["key"].encode(), body)
                self.disordered.add(row["key"])
                self.world.note("stranger", f"lets an event of {row['key']} overtake another")
                return

    async def litter(self) -> None:
        """Somebody who puts there what is no event, some of it again and again."""
        for _ in range(self.world.chance.randint(1, 4)):
            await asyncio.sleep(self.world.chance.random() * 0.3)
            place = self.world.chance.choice(self.places)
            self.house.broker.append(place, b"stranger", self.world.chance.choice(oracles.RUBBISH))
        self.littered = True

    async def redrive_early(self) -> None:
        """An operator who tries too soon."""
        await asyncio.sleep(self.world.chance.random())
        await self.operate()


async def scenario(house: House) -> None:
    """One schedule of deliveries."""
    street = Street(house)
    oracles.watch_outbox(street.intake, house.broker)
    oracles.watch_outbox(street.approval, house.broker)
    journeys = sorted({asked.journey for asked in street.asked})
    if house.world.chance.random() < 0.3:
        street.failing.add(house.world.chance.choice(journeys))
        house.guest(street.redrive_early())
    if house.world.chance.random() < 0.15:
        house.guest(street.disorder())
    if house.world.chance.random() < 0.2:
        street.littered = False
        house.guest(street.litter())
    for journey in journeys:
        house.guest(street.client([asked for asked in street.asked if asked.journey == journey]))
    await house.settle(street.settled, street.operate)
    oracles.streams_are_whole(street.intake)
    oracles.streams_are_whole(street.approval)
    oracles.asked_once(street.intake, street.asked)
    oracles.published(street.intake, house.broker, street.disordered)
    oracles.published(street.approval, house.broker)
    oracles.watermarks_hold(street.intake, house.broker, "intake")
    oracles.watermarks_hold(street.approval, house.broker, "approval")
    oracles.reacted_once(street.intake, street.approval, INTERESTED)
    oracles.conserved(street.approval, GROUP, house.broker, street.places)
    oracles.each_dead_letter_told(street.approval, house.broker, street.places)
