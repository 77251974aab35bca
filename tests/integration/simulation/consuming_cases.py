"""What consumers ask of a database, as stories that any database can be put through. Each tells what it saw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

import services.metrics
import services.notify
from services.metrics.batch import Memory
from services.metrics.redrive import redrive
from services.metrics.store import Store
from services.notify import outgoing
from services.notify.outgoing import Attempt
from services.notify.policy import Notice
from shared.contracts.commands import Decide, Withdraw
from shared.contracts.envelope import Envelope
from shared.contracts.ingress import Receipt
from shared.contracts.intake import JourneyOpened, VisitVoided
from shared.contracts.topics import INTAKE_EVENTS, NOTIFY_EVENTS, receipts_for, submissions
from shared.contracts.wire import decode
from shared.eventsourcing.claims import Claim, FencedError
from shared.eventsourcing.records import Place, Record
from shared.postgres import conservation
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.inbound import Inbound
from shared.postgres.ingress_inbound import Delivered, IngressInbound
from shared.postgres.outbox import Outbox
from tests.conftest import MakeLog
from tests.integration.metrics.house import Hand, Wire
from tests.integration.simulation.record_cases import OPENED, PLAIN, SPACE, VOIDED, Case, order, tell
from tests.simulation.connection import SimulatedPool
from tests.simulation.projection_sql import SimulatedStore
from tests.unit.metrics.stories import Told, scripted

NOTIFY = Path(services.notify.__file__).parent / "migrations"
METRICS = Path(services.metrics.__file__).parent / "migrations"
INTERESTED = frozenset({str(JourneyOpened.type), str(VisitVoided.type)})
PLACE, OTHER = Place(INTAKE_EVENTS, 0), Place(NOTIFY_EVENTS, 0)
SICK, WELL = "sick", "well"


class Ward:
    """A consumer whose reaction fails for one journey until it is healed, and what it applied."""

    def __init__(self, log: EventLog) -> None:
        self.failing = {SICK}
        self.log = log
        self.inbound = Inbound(log, "g", INTERESTED, self.react)
        self.held: dict[Place, Claim] = {}

    async def react(self, tx: Tx, events: Sequence[Envelope[Any]]) -> None:
        if any(event.key in self.failing for event in events):
            raise LookupError
        for event in events:
            await tx.act(PLAIN, [order(f"journey-{event.key}", f"{event.source}/{event.key}/{event.sequence}", VOIDED)])

    async def begin(self) -> None:
        self.held = await self.inbound.claim([PLACE, OTHER])

    async def hear(self, *bodies: bytes, place: Place = PLACE) -> None:
        held = self.held[place]
        records = [Record(place.topic, place.partition, held.next_offset + n, b"k", body, 0) for n, body in enumerate(bodies)]
        self.held |= await self.inbound.apply({place: (held, records)})

    async def saw(self) -> object:
        tallies = await conservation.consumed(self.log)
        return tallies, [len(await self.log.read_stream(f"journey-{key}")) for key in (SICK, WELL)]


async def bodies_of(log: EventLog, key: str, count: int) -> list[bytes]:
    """The first events of a stream that another service would publish."""
    stream = f"journey-{key}"
    await tell(log, order(stream, f"{key}/1", OPENED), *(order(stream, f"{key}/{n}", VOIDED) for n in range(2, count + 1)))
    return await log.read_stream(stream)


async def ward(make: MakeLog) -> tuple[Ward, list[bytes], list[bytes]]:
    source = await make("intake")
    made = Ward(await make("approval"))
    await made.begin()
    return made, await bodies_of(source, SICK, 4), await bodies_of(source, WELL, 3)


async def once_each_and_in_order(make: MakeLog) -> object:
    made, _, well = await ward(make)
    ignored = orjson.dumps(orjson.loads(well[1]) | {"type": "gov.intake.unheard.v9"})
    await made.hear(well[0], ignored, well[0])
    await made.hear(well[2], well[1], b"{", b"[]")
    return await made.saw(), len(await Outbox(made.log).slice(99))


async def a_failing_journey_waits_alone(make: MakeLog) -> object:
    made, sick, well = await ward(make)
    foreign = orjson.dumps(orjson.loads(sick[0]) | {"source": "notify"})
    await made.hear(sick[0], well[0], sick[1], well[1])
    await made.hear(foreign, place=OTHER)
    await made.hear(sick[0], sick[1], sick[2])
    saw = [await made.saw(), await made.inbound.redrive(SICK)]
    made.failing.clear()
    saw += [await made.inbound.redrive("nobody"), await made.inbound.redrive(), await made.inbound.redrive()]
    await made.hear(sick[3])
    return [*saw, await made.saw()]


async def a_missing_event_may_come_last(make: MakeLog) -> object:
    made, sick, well = await ward(make)
    made.failing.clear()
    await made.hear(sick[1], sick[3], sick[2], well[0])
    saw = [await made.saw(), await made.inbound.redrive()]
    await made.hear(sick[0], sick[1], sick[2])
    return [*saw, await made.inbound.redrive(), await made.saw()]


async def a_stale_owner_writes_nothing(make: MakeLog) -> object:
    made, _, well = await ward(make)
    old = dict(made.held)
    await made.hear(well[0])
    await made.begin()
    seen: list[object] = []
    for held in (old, {PLACE: Claim(1, old[PLACE].epoch)}, {PLACE: Claim(0, made.held[PLACE].epoch)}):
        made.held = dict(held)
        try:
            await made.hear(well[1])
            seen.append("applied")
        except FencedError:
            seen.append("fenced")
    return seen, await made.saw()


def request(number: int, case: str, kind: type[Withdraw | Decide] = Withdraw, reason: str = "first") -> bytes:
    head = {"specversion": "1.0", "id": f"m{number}", "source": "urn:p", "type": str(kind.type), "subject": case}
    return orjson.dumps({**head, "data": {"case_no": case, "reason_code": reason}})


async def each_request_gets_its_first_answer(make: MakeLog) -> object:
    log = await make("intake")
    topic = submissions("portal-1")

    async def handle(tx: Tx, delivered: Sequence[Delivered]) -> Sequence[Receipt]:
        if any(one.ingress.subject == SICK for one in delivered):
            raise LookupError
        for one in delivered:
            await tx.act(PLAIN, [order(A_CASE, one.ingress.id, VOIDED)])
        return [Receipt(id=one.ingress.id, subject=one.ingress.subject, status="applied") for one in delivered]

    inbound = IngressInbound(log, "g", (Withdraw,), (Decide,), handle, answers_unknown=True)
    place = Place(topic, 0)
    held = (await inbound.claim([place]))[place]
    asked = [
        (b"C1", request(1, "C1")),
        (b"C1", request(1, "C1")),
        (b"C1", request(1, "C1", reason="changed")),
        (b"C2", request(2, SICK)),
        (SICK.encode(), request(2, SICK)),
        (SICK.encode(), request(2, SICK)),
        (b"C3", b"{"),
        (b"C4", request(4, "C4")),
    ]
    records = [Record(topic, 0, n, key, body, 0) for n, (key, body) in enumerate(asked)]
    held = (await inbound.apply({place: (held, records[:4])}))[place]
    await inbound.apply({place: (held, records[4:])})
    said = [orjson.loads(row.value) for row in await Outbox(log).slice(99) if row.topic == receipts_for(topic)]
    told = sorted((one["id"], one["status"], one.get("rule"), one.get("first_status")) for one in said)
    return told, len(await log.read_stream(A_CASE)), await conservation.consumed(log)


A_CASE = "journey-case"


def _notice(n: int) -> Notice:
    return Notice(UUID(int=n), UUID(int=100 + n), f"C{n}", "receipt", "applicant", "email", n == 3, "330100" if n else "330300")


async def owed_messages_are_taken_and_ended(make: MakeLog) -> object:
    log = await make("notify", NOTIFY)
    event = decode((await bodies_of(await make("intake"), str(SPACE), 1))[0])
    notices = [_notice(n) for n in range(4)]

    async def owe(tx: Tx) -> None:
        await outgoing.owe(tx, [(event, notice) for notice in notices])

    async def take(tx: Tx) -> list[Attempt]:
        return sorted(await outgoing.take(tx, 2, 0.0), key=lambda attempt: attempt.case_no)

    await log.transact(owe)
    await log.transact(owe)
    first = await log.transact(take)

    async def begin(tx: Tx) -> list[Attempt | None]:
        return [await outgoing.begin(tx, attempt, 0.0) for attempt in (first[0], *first)]

    begun = await log.transact(begin)
    second = await log.transact(take)
    third = await log.transact(take)

    async def end(tx: Tx) -> None:
        for attempt in (*first, *(one for one in begun if one is not None)):
            await outgoing.failed(tx, attempt, "of-yesterday", None)
        await outgoing.postpone(tx, first[0], "of-yesterday", 0.0)
        newest = {attempt.intent_id: attempt for attempt in second + third}
        again = [one for attempt in newest.values() if (one := await outgoing.begin(tx, attempt, 0.0)) is not None]
        await outgoing.failed(tx, again[0], "away", 0.0)
        await outgoing.sent(tx, again[1])
        await outgoing.failed(tx, again[1], "away", 0.0)
        for attempt in again[2:]:
            await outgoing.failed(tx, attempt, "away", None)

    await log.transact(end)
    fourth = await log.transact(take)

    async def repeat(tx: Tx) -> None:
        for attempt in fourth:
            await outgoing.begin(tx, attempt, 0.0)

    await log.transact(repeat)
    fifth = await log.transact(take)

    async def wait(tx: Tx) -> None:
        for attempt in fifth:
            await outgoing.postpone(tx, attempt, "not-now", 60.0)

    await log.transact(wait)
    taken = [first, second, third, fourth, fifth, await log.transact(take)]

    async def look(tx: Tx) -> list[dict[str, Any]]:
        return [*await outgoing.newest(tx, None, 9), *await outgoing.newest(tx, "failed", 9)]

    rows = sorted((row["case_no"], row["state"], row["attempt"], row["reason_code"]) for row in await log.transact(look))
    numbers = [None if attempt is None else attempt.number for attempt in begun]
    seen = [[(one.case_no, one.number, one.unknown, one.repeated) for one in some] for some in taken]
    return [numbers, seen, rows]


async def a_projection_waits_and_is_redriven(make: MakeLog) -> object:
    log = await make("metrics", METRICS)
    pool: object = log.pool
    made = SimulatedStore if isinstance(pool, SimulatedPool) else Store
    store = made(log, 1, announces=False)
    told, wire = scripted(), Wire()
    events = [(source, body) for source, body in told.events if source == "intake"]
    late = Told(journey=told.journey, events=[events[1]])
    wire.publish([Told(journey=told.journey, events=[events[0], *events[2:]])])
    hand = Hand(store, wire)
    old = Hand(store, wire)
    await old.begin()
    await hand.project(3)
    saw: list[object] = [sorted((await store.waiting())[told.journey]), await redrive(store, None)]
    wire.publish([late])
    try:
        await old.go_on()
        saw.append("applied")
    except FencedError:
        saw.append("fenced")
    await hand.project(3)
    saw += [await redrive(store, told.journey), await store.waiting()]
    memory = Memory(9)
    await store.recall(memory, wire.records[sorted(wire.records)[0]])
    known = memory.journeys[told.journey].known
    saw += [known.row.events, known.newest]
    return [*saw, await conservation.consumed(log)]


CASES: tuple[Case, ...] = (
    once_each_and_in_order,
    a_failing_journey_waits_alone,
    a_missing_event_may_come_last,
    a_stale_owner_writes_nothing,
    each_request_gets_its_first_answer,
    owed_messages_are_taken_and_ended,
    a_projection_waits_and_is_redriven,
)
