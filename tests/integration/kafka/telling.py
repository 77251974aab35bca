"""One service tells facts into its log, another remembers what it applied of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from shared.contracts.envelope import Actor, Envelope
from shared.contracts.intake import JourneyOpened, VisitVoided
from shared.contracts.topics import INTAKE_EVENTS
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.plan import Context, Order
from shared.eventsourcing.records import Record
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.pool import connect

NOW = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
OPENED, VOIDED = str(JourneyOpened.type), str(VisitVoided.type)


class Tell:
    """Appends whatever facts it is told."""

    def __init__(self, *facts: Any) -> None:
        self.now = NOW
        self.facts = list(facts)


TELLER: Decider[Tell, int] = Decider(0, lambda command, _: command.facts, lambda state, _, __: state + 1)


def opened() -> JourneyOpened:
    return JourneyOpened(item_code="item-1", basic_code="basic-1", declared_visits=1, first_contact=NOW)


def voided() -> VisitVoided:
    return VisitVoided(visit_id=uuid4(), reason_code="mistake")


async def tell(log: EventLog, journey: UUID, *facts: Any) -> None:
    seed = uuid4()
    context = Context(seed, Actor("clerk", "c"), seed, seed)

    async def work(tx: Tx) -> None:
        await tx.act(TELLER, [Order(f"journey-{journey}", str(journey), Tell(*facts), context)])

    await log.transact(work)


class Seen:
    """What a service applied: sequences by journey. It fails for journeys it is told to fail for."""

    def __init__(self) -> None:
        self.sequences: dict[str, list[int]] = defaultdict(list)
        self.failing: set[str] = set()

    async def __call__(self, tx: Tx, events: Sequence[Envelope[Any]]) -> None:
        for event in events:
            if event.key in self.failing:
                raise LookupError(event.key)
        # Only what commits counts: the table is the memory.
        await tx.executemany("INSERT INTO seen (key, sequence) VALUES ($1, $2)", [(event.key, event.sequence) for event in events])

    async def read(self, log: EventLog) -> dict[str, list[int]]:
        rows = await log.pool.fetch("SELECT key, sequence FROM seen ORDER BY n")
        found: dict[str, list[int]] = defaultdict(list)
        for row in rows:
            found[row["key"]].append(row["sequence"])
        return found


async def with_memory(log: EventLog, postgres: str) -> EventLog:
    database = await log.pool.fetchval("SELECT current_database()")
    owner = await connect(postgres.rpartition("/")[0] + "/" + database)
    await owner.execute(
        "CREATE TABLE seen (n bigint GENERATED ALWAYS AS IDENTITY, key text, sequence int, PRIMARY KEY (key, sequence));"
        "GRANT ALL ON seen TO runonce_app"
    )
    await owner.close()
    return log


def records_of(bodies: list[bytes], key: str, start: int = 0) -> list[Record]:
    return [Record(INTAKE_EVENTS, 0, start + n, key.encode(), body, 0) for n, body in enumerate(bodies)]
