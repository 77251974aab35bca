"""Scenario: partners put requests on their own topics, some twice, some broken; each gets exactly one answer for each.

Real are the consumer loop on a pattern of topics, the ingress inbound, first answers, the event log and the relay.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import orjson

from shared.contracts.approval import CaseWithdrawn
from shared.contracts.commands import Decide, Withdraw
from shared.contracts.envelope import Actor
from shared.contracts.ids import ingress_id, reaction_id
from shared.contracts.ingress import Receipt
from shared.contracts.partitioning import partition_of
from shared.contracts.topics import INGRESS_PARTITIONS, SUBMISSIONS_PATTERN, receipts_for, submissions
from shared.eventsourcing.plan import Applied, Context, Order
from shared.eventsourcing.records import Place
from shared.kafka.consumer import ConsumerLoop
from shared.kafka.relay import Relay
from shared.postgres.event_log import Tx
from shared.postgres.ingress_inbound import Delivered, IngressInbound
from shared.postgres.outbox import Outbox
from tests.simulation import consuming_sql, oracles, record_sql
from tests.simulation.connection import log_of
from tests.simulation.deliveries import TELLER, Tell
from tests.simulation.house import House
from tests.simulation.oracles import must
from tests.simulation.world import Process

TAUGHT = (record_sql, consuming_sql)
GROUP = "intake.submissions.v1"
PARTNER = "portal-1"
TOPIC = submissions(PARTNER)
ROBOT = Actor("portal", PARTNER)
POISON = "POISON"
CASES = ("C1", "C2", "C3", POISON)


class Window:
    """The processes, the database and the partner of this scenario."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.world = house.world
        self.database = house.database("intake")
        self.places = [Place(TOPIC, n) for n in range(INGRESS_PARTITIONS)]
        self.sent = False
        house.group(GROUP, self.places)
        for n in range(self.world.chance.randint(1, 2)):
            house.keep(f"intake-{n}", self.run)

    async def run(self, process: Process) -> None:
        """One intake process: it answers requests and publishes."""
        wake, stop = asyncio.Event(), asyncio.Event()
        log = log_of(self.database, process, wake.set)
        relay = Relay("intake", Outbox(log), process.name, process.name, wake)
        inbound = IngressInbound(log, GROUP, (Withdraw,), (Decide,), self.handle, answers_unknown=True)
        loop = ConsumerLoop(process.name, inbound, pattern=SUBMISSIONS_PATTERN, begin_again=inbound.begin_again)
        await process.live(relay.run(stop), loop.run(stop))

    async def handle(self, tx: Tx, delivered: Sequence[Delivered]) -> Sequence[Receipt]:
        """Record one fact for each request, or fail for the one case that always fails."""
        if any(one.ingress.subject == POISON for one in delivered):
            raise LookupError
        outcomes = await tx.act(TELLER, [self._order(one) for one in delivered])
        return [
            Receipt(id=one.ingress.id, subject=one.ingress.subject, status="applied", events=tuple(e.id for e in outcome.events))
            for one, outcome in zip(delivered, outcomes, strict=True)
            if isinstance(outcome, Applied)
        ]

    def _order(self, one: Delivered) -> Order[Tell]:
        seed = ingress_id(one.partner, one.ingress.id)
        fact = CaseWithdrawn(case_no=one.ingress.subject, reason_code="asked")
        return Order(f"journey-{one.ingress.subject}", one.ingress.subject, Tell([fact]), Context(seed, ROBOT, seed, seed))

    async def ask(self) -> None:
        """What the partner sends: mostly new requests, some again, some under an old id, some that nobody can read."""
        chance, put = self.world.chance, list[tuple[str, bytes]]()
        for n in range(chance.randint(2, 9)):
            roll, case = chance.random(), chance.choice(CASES)
            if put and roll < 0.3:
                put.append(chance.choice(put))
            elif put and roll < 0.4:
                put.append((case, _request(chance.randint(0, n), case, "changed")))
            elif roll < 0.5:
                put.append((case, chance.choice((b"{", b"[]", b"\xff", _request(n, case, "first", "gov.command.unheard.v1")))))
            elif roll < 0.55:
                put.append((case, _request(n, case, "first", str(Decide.type))))
            else:
                put.append((case, _request(n, case, "first")))
            case, body = put[-1]
            self.house.broker.append(Place(TOPIC, partition_of(case, INGRESS_PARTITIONS)), case.encode(), body)
            if chance.random() < 0.5:
                await asyncio.sleep(chance.random() * 0.1)
        self.sent = True

    def settled(self) -> bool:
        """Whether everything is answered, and every answer published."""
        return (
            self.sent
            and not self.database.tables["outbox"]
            and oracles.consumed(self.database, GROUP, self.house.broker, self.places)
        )


def _request(number: int, case: str, reason: str, kind: str = str(Withdraw.type)) -> bytes:
    head = {"specversion": "1.0", "id": f"m{number}", "source": "urn:portal", "type": kind, "subject": case}
    decision = {"case_no": case, "officer_ref": "a" * 32, "outcome": "granted", "document_no": "D1"}
    data = decision if kind == str(Decide.type) else {"case_no": case, "reason_code": reason}
    return orjson.dumps({**head, "data": data})


async def scenario(house: House) -> None:
    """One schedule of requests."""
    window = Window(house)
    oracles.watch_outbox(window.database, house.broker)
    house.guest(window.ask())
    await house.settle(window.settled)
    oracles.streams_are_whole(window.database)
    oracles.published(window.database, house.broker)
    oracles.watermarks_hold(window.database, house.broker, "intake")
    _answered_once(window)
    _done_once(window)


def _answered_once(window: Window) -> None:
    left, asked = 0, 0
    for place in window.places:
        log = window.house.broker.logs[place]
        asked += len(log)
        left += sum(str(Decide.type).encode() in kept.value for kept in log)
        row = window.database.tables["checkpoint"].get((GROUP, place.topic, place.partition), {"next_offset": 0, "consumed": 0})
        must(row["next_offset"] == len(log) == row["consumed"], "every offset is consumed once")
    receipts = [row for row in window.database.rows("message") if row["topic"] == receipts_for(TOPIC)]
    must(len(receipts) == asked - left, "each request gets exactly one answer")


def _done_once(window: Window) -> None:
    answers: dict[str, list[Receipt]] = defaultdict(list)
    for row in window.database.rows("message"):
        if row["topic"] == receipts_for(TOPIC):
            receipt = Receipt.model_validate_json(row["body"])
            answers[receipt.id].append(receipt)
    done = {row["id"] for row in window.database.rows("event")}
    told = {event for receipts in answers.values() for receipt in receipts for event in receipt.events}
    must(done == told, "what is answered is what was done")
    for identity, receipts in answers.items():
        first = [receipt for receipt in receipts if receipt.status == "applied"]
        must(len(first) <= 1, "one request has one effect")
        effect = reaction_id(ingress_id(PARTNER, identity), "command", 0)
        must((effect in done) == bool(first), "a refused request leaves nothing")
        must(
            all(r.first_status == "applied" for r in receipts if first and r.status == "duplicate"),
            "the first answer is the answer",
        )
