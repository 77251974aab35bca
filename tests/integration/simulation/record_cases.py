"""What the record's database must do, as stories that any database can be put through. Each tells what it saw."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5

from shared.contracts.base import Fact
from shared.contracts.envelope import Actor
from shared.contracts.intake import JourneyOpened, VisitVoided
from shared.contracts.partitioning import partition_of
from shared.contracts.topics import INTAKE_EVENTS, PARTITIONS
from shared.contracts.wire import decode
from shared.eventsourcing.claims import Claim, FencedError, Message
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.plan import Context, Order
from shared.eventsourcing.records import Place
from shared.postgres import checkpoints
from shared.postgres.checkpoints import Tally
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.idempotency import Answer, FirstAnswer, KeyBusyError, Keyed, KeyReusedError, once_each
from shared.postgres.outbox import Outbox
from tests.conftest import MakeLog

Case = Callable[[MakeLog], Awaitable[object]]
NOW = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
SPACE = UUID("00000000-0000-5000-8000-0000000000cc")
CLERK = Actor("clerk", "c-1")
A, B = "journey-a", "journey-b"


class Tell:
    """A command that is its own decision."""

    def __init__(self, *facts: Fact) -> None:
        self.now = NOW
        self.facts = list(facts)


PLAIN: Decider[Tell, int] = Decider(0, lambda command, _: command.facts, lambda state, _, __: state + 1)
OPENED = JourneyOpened(item_code="i", basic_code="b", declared_visits=1, first_contact=NOW)
VOIDED = VisitVoided(visit_id=SPACE, reason_code="mistake")


def order(stream: str, name: str, *facts: Fact) -> Order[Tell]:
    seed = uuid5(SPACE, name)
    return Order(stream, stream.removeprefix("journey-"), Tell(*facts), Context(seed, CLERK, seed, seed))


async def tell(log: EventLog, *orders: Order[Tell]) -> int:
    """Act on orders in one transaction; returns how many events came of them."""

    async def work(tx: Tx) -> int:
        await tx.act(PLAIN, orders)
        return len(tx.appended)

    return await log.transact(work)


async def sequences(log: EventLog, stream: str) -> list[int]:
    return [decode(body).sequence for body in await log.read_stream(stream)]


async def appends_count_and_repeat(make: MakeLog) -> object:
    log = await make("intake")
    made = [
        await tell(log, order(A, "one", OPENED, VOIDED), order(B, "two", OPENED)),
        await tell(log, order(A, "one", OPENED, VOIDED)),
        await tell(log, order(A, "three", VOIDED), order(A, "three", VOIDED)),
    ]
    return made, await sequences(log, A), await sequences(log, B)


async def writers_of_one_stream_take_turns(make: MakeLog) -> object:
    log = await make("intake")
    made = await asyncio.gather(*(tell(log, order(A, f"n{n}", VOIDED)) for n in range(6)))
    return made, await sequences(log, A)


async def what_fails_leaves_nothing(make: MakeLog) -> object:
    log = await make("intake")

    async def work(tx: Tx) -> None:
        await tx.act(PLAIN, [order(A, "one", OPENED)])
        await tx.say([Message(SPACE, "gov.intake.dlq.v1", "k", b"{}", 1)])
        raise LookupError

    with contextlib.suppress(LookupError):
        await log.transact(work)
    return await sequences(log, A), await Outbox(log).slice(10)


async def the_outbox_keeps_order_and_bytes(make: MakeLog) -> object:
    log = await make("intake")
    outbox = Outbox(log)
    await tell(log, order(B, "b", OPENED), order(A, "a", OPENED, VOIDED))

    async def say(tx: Tx) -> None:
        await tx.say([Message(SPACE, "gov.intake.dlq.v1", "k", b"{}", 1)])

    await log.transact(say)
    rows = await outbox.slice(3)
    owed = [(row.topic, row.partition, row.key, row.value) for row in await outbox.slice(10)]
    events = [*await log.read_stream(A), *await log.read_stream(B)]
    return (
        [(row.topic, row.key) for row in rows],
        [value in events for *_, value in owed],
        owed[3],
        [row.hash is not None for row in await outbox.slice(10)],
        [row.partition == partition_of(row.key, PARTITIONS) for row in rows],
        [row.key for row in await outbox.slice(10, ["gov.intake.dlq.v1"], [(rows[0].topic, rows[0].key)])],
        [row.key for row in await outbox.slice(10, (), (), [Place(rows[0].topic, rows[0].partition), Place("other", 0)])],
    )


async def a_lease_is_one_holders_at_a_time(make: MakeLog) -> object:
    outbox = Outbox(await make("intake"))
    return [
        await outbox.lease("one", 5.0),
        await outbox.lease("two", 5.0),
        await outbox.lease("one", 0.0),
        await outbox.lease("two", 0.0),
        await outbox.lease("one", 5.0),
        await outbox.lease("one", 5.0),
        await outbox.lease("two", 5.0),
    ]


async def only_the_holder_forgets(make: MakeLog) -> object:
    log = await make("intake")
    outbox = Outbox(log)
    await tell(log, order(A, "a", OPENED, VOIDED), order(B, "b", OPENED))
    old = await outbox.lease("one", 0.0)
    new = await outbox.lease("two", 5.0)
    assert old is not None
    assert new is not None
    rows = await outbox.slice(10)
    places = sorted({Place(row.topic, row.partition) for row in rows})
    saw: list[object] = [await outbox.acknowledge(old, [row.position for row in rows], dict.fromkeys(places, 9))]
    saw.append(len(await outbox.slice(10)))
    saw.append(await outbox.acknowledge(new, [rows[0].position], {places[0]: 5, places[-1]: 5}))
    saw.append(await outbox.acknowledge(new, [row.position for row in rows], dict.fromkeys(places, 3)))
    saw.append(len(await outbox.slice(10)))
    saw.append(await outbox.end_offsets())
    return saw


async def nothing_is_complete_past_an_open_writer(make: MakeLog) -> object:
    log = await make("intake")
    outbox = Outbox(log)
    async with log.transaction() as tx:
        await tx.act(PLAIN, [order(A, "a", OPENED)])
        recorded = tx.appended[0].recorded
        during = await outbox.complete_to()
    waiting = await outbox.complete_to()
    epoch = await outbox.lease("one", 5.0)
    assert epoch is not None
    await outbox.acknowledge(epoch, [row.position for row in await outbox.slice(9)], {})
    last = await outbox.complete_to()
    assert during is not None
    assert last is not None
    return during < recorded, waiting == recorded, last > recorded


async def claims_fence(make: MakeLog) -> object:
    log = await make("approval")
    places = [Place(INTAKE_EVENTS, 1), Place(INTAKE_EVENTS, 0)]
    first = await checkpoints.claim(log, "g", places)
    second = await checkpoints.claim(log, "g", places[:1])
    return (
        first,
        second,
        await checkpoints.claim(log, "other", places),
        await _moved(log, first, places[0], 5),
        await _moved(log, second, places[0], 5),
        await _moved(log, second, places[0], 7),
        await _moved(log, {places[0]: Claim(5, 2), places[1]: Claim(1, 1)}, *places, 6),
        await checkpoints.claim(log, "g", places),
        await _held(log, {places[0]: Claim(5, 3)}),
        await _held(log, {places[0]: Claim(5, 2)}),
        await _held(log, {places[0]: Claim(4, 3)}),
    )


async def _moved(log: EventLog, held: dict[Place, Claim], *rest: Place | int) -> object:
    *places, to = rest
    assert isinstance(to, int)

    async def work(tx: Tx) -> object:
        moves = {place: (held[place], to, Tally(applied=1)) for place in places if isinstance(place, Place)}
        return await checkpoints.advance(tx, "g", moves)

    try:
        return await log.transact(work)
    except FencedError:
        return "fenced"


async def _held(log: EventLog, claims: dict[Place, Claim]) -> str:
    try:
        async with log.transaction() as tx:
            await checkpoints.lock(tx, "g", claims)
    except FencedError:
        return "fenced"
    return "held"


async def _once(log: EventLog, key: str, fingerprint: bytes, body: bytes, wait: asyncio.Event | None = None) -> object:
    async def work(tx: Tx) -> tuple[FirstAnswer, bool]:
        async def act(_: Sequence[int]) -> list[Answer]:
            if body == b"refused":
                return [Answer(422, body)]
            await tx.act(PLAIN, [order(A, f"{key}/{body!r}", VOIDED)])
            if wait is not None:
                await asyncio.wait_for(wait.wait(), 5)
            if body == b"fails":
                raise LookupError
            return [Answer(201, body)]

        (told,) = await once_each(tx, [Keyed("portal", key, fingerprint)], act)
        return told

    try:
        answer, replayed = await log.transact(work)
    except (KeyReusedError, KeyBusyError, LookupError) as error:
        return type(error).__name__
    return answer if isinstance(answer, Answer) else type(answer).__name__, replayed


async def the_first_answer_is_the_answer(make: MakeLog) -> object:
    log = await make("intake")
    saw = [
        await _once(log, "k", b"f", b"fails"),
        await _once(log, "k", b"f", b"refused"),
        await _once(log, "k", b"f", b"first"),
        await _once(log, "k", b"f", b"second"),
        await _once(log, "k", b"other", b"third"),
        await _once(log, "k2", b"other", b"fourth"),
    ]
    return saw, await sequences(log, A)


async def a_second_caller_waits_for_the_first(make: MakeLog) -> object:
    log, go_on = await make("intake"), asyncio.Event()
    first = asyncio.create_task(_once(log, "k", b"f", b"first", go_on))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(_once(log, "k", b"f", b"second"))
    await asyncio.sleep(0.05)
    saw: list[object] = [first.done(), second.done()]
    go_on.set()
    saw += [await first, await second, await sequences(log, A)]
    return saw


CASES: tuple[Case, ...] = (
    appends_count_and_repeat,
    writers_of_one_stream_take_turns,
    what_fails_leaves_nothing,
    the_outbox_keeps_order_and_bytes,
    a_lease_is_one_holders_at_a_time,
    only_the_holder_forgets,
    nothing_is_complete_past_an_open_writer,
    claims_fence,
    the_first_answer_is_the_answer,
    a_second_caller_waits_for_the_first,
)
