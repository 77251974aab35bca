"""Publishing again owes every event once, in the order of its stream, and lets every reader begin at the new beginning."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from shared.contracts.envelope import Actor
from shared.contracts.intake import JourneyOpened, VisitVoided
from shared.contracts.topics import INTAKE_EVENTS
from shared.eventsourcing.claims import Claim, Message
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.plan import Context, Order
from shared.eventsourcing.records import Place
from shared.postgres import checkpoints, conservation
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.outbox import Outbox
from tests.conftest import MakeLog

NOW = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
JOURNEYS = [uuid4() for _ in range(5)]
EACH = 6
SET_BACK = """
INSERT INTO event SELECT stream, version + 1, $1, type, topic, partition, key, recorded - interval '1h', $3, hash
FROM event WHERE stream = $2 ORDER BY version DESC LIMIT 1
"""


class Tell:
    """Appends whatever facts it is told."""

    def __init__(self, *facts: Any) -> None:
        self.now = NOW
        self.facts = list(facts)


TELLER: Decider[Tell, int] = Decider(0, lambda command, _: command.facts, lambda state, _, __: state + 1)


async def tell(log: EventLog, journey: UUID, fact: Any) -> None:
    seed = uuid4()
    order = Order(f"journey-{journey}", str(journey), Tell(fact), Context(seed, Actor("clerk", "c"), seed, seed))

    async def work(tx: Tx) -> None:
        await tx.act(TELLER, [order])

    await log.transact(work)


@pytest.fixture
async def log(make_log: MakeLog) -> EventLog:
    """A record whose events were all published, but for the newest of each journey and one message."""
    made = await make_log("intake")
    outbox = Outbox(made)
    for n in range(EACH):
        for journey in JOURNEYS:
            opened = JourneyOpened(item_code="i", basic_code="b", declared_visits=1, first_contact=NOW)
            await tell(made, journey, VisitVoided(visit_id=uuid4(), reason_code="mistake") if n else opened)
        if n == EACH - 2:
            epoch = await outbox.lease("relay", 5.0)
            assert epoch is not None
            rows = await outbox.slice(100)
            ends = {Place(row.topic, row.partition): 10 for row in rows}
            assert await outbox.acknowledge(epoch, [row.position for row in rows], ends)
    await made.transact(lambda tx: tx.say([Message(uuid4(), "gov.intake.dlq.v1", "k", b"{}", 1)]))
    return made


async def test_every_event_is_owed_once_and_in_the_order_of_its_stream(log: EventLog) -> None:
    assert await Outbox(log).refill("new-cluster") == len(JOURNEYS) * EACH

    owed = [orjson.loads(row.value) for row in await Outbox(log).slice(1_000) if row.topic == INTAKE_EVENTS]
    for journey in JOURNEYS:
        assert [event["sequence"] for event in owed if event["journey"] == str(journey)] == [1, 2, 3, 4, 5, 6]


async def test_a_clock_that_was_set_back_turns_no_stream_round(log: EventLog) -> None:
    journey = str(JOURNEYS[0])
    body = orjson.dumps({"journey": journey, "sequence": EACH + 1})
    await log.pool.execute(SET_BACK, uuid4(), f"journey-{journey}", body)

    await Outbox(log).refill("new-cluster")

    owed = [orjson.loads(row.value) for row in await Outbox(log).slice(1_000) if row.topic == INTAKE_EVENTS]
    assert [event["sequence"] for event in owed if event["journey"] == journey] == [1, 2, 3, 4, 5, 6, 7]


async def test_what_waited_and_is_no_event_waits_on(log: EventLog) -> None:
    await Outbox(log).refill("new-cluster")

    assert [row.topic for row in await Outbox(log).slice(1_000) if row.topic != INTAKE_EVENTS] == ["gov.intake.dlq.v1"]


async def test_every_reader_of_this_database_begins_again(log: EventLog) -> None:
    place = Place("gov.approval.events.v1", 0)
    held = (await checkpoints.claim(log, "g", [place]))[place]
    async with log.transaction() as tx:
        await checkpoints.advance(tx, "g", {place: (held, 7, checkpoints.Tally(applied=7))})

    await Outbox(log).refill("new-cluster")

    assert await checkpoints.claim(log, "g", [place]) == {place: Claim(0, 1)}


async def test_no_end_of_the_lost_cluster_is_promised(log: EventLog) -> None:
    await Outbox(log).refill("new-cluster")

    assert await Outbox(log).end_offsets() == {}
    assert all(row["appended"] == row["published"] + row["waiting"] for row in await conservation.written(log))
