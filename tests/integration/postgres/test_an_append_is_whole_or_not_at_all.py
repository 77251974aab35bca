"""Events, outbox and timers commit together; versions never fork; the record cannot be changed; bytes are chained."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.contracts.catalogue import BodyRegistered
from shared.contracts.envelope import Actor
from shared.contracts.wire import decode
from shared.eventsourcing.decider import Decider, Timer
from shared.eventsourcing.errors import RefusedError, Rule
from shared.eventsourcing.plan import Applied, Context, Order, Outcome, Refused
from shared.kafka.clients import CONSUMER
from shared.postgres.event_log import EventLog, Tx
from tests.conftest import MakeLog

NOW = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
FIRST = "first"
ONCE = Rule("only-once", "conflict", "只能一次。", "Only once.")


@dataclass(frozen=True)
class Register:
    now: datetime
    name: str
    exclusive: bool = False


def register(command: Register, state: tuple[str, ...]) -> list[BodyRegistered]:
    if command.exclusive and set(state) - {FIRST}:
        raise RefusedError(ONCE)
    return [] if command.name in state else [fact(command.name)]


def fact(name: str) -> BodyRegistered:
    return BodyRegistered(body_uscc="1" * 18, name_zh=name, name_en=name, region="330100", level=3)


def grown(state: tuple[str, ...], event: BodyRegistered, at: datetime) -> tuple[str, ...]:
    return (*state, event.name_zh)


def waits(state: tuple[str, ...]) -> frozenset[Timer]:
    return frozenset({Timer(NOW + timedelta(days=30), state[-1])} if state else ())


BODIES: Decider[Register, tuple[str, ...]] = Decider((), register, grown, waits, lambda t: Register(t.due_at, "elapsed"))


def order(stream: str, name: str, *, exclusive: bool = False, command_id: UUID | None = None) -> Order[Register]:
    seed = command_id or uuid4()
    return Order(stream, stream, Register(NOW, name, exclusive), Context(seed, Actor("operator", "o"), seed, seed))


async def act(log: EventLog, *orders: Order[Register], whole: bool = False) -> list[Outcome]:
    async def work(tx: Tx) -> list[Outcome]:
        return await tx.act(BODIES, orders, whole=whole)

    return await log.transact(work)


WRITERS = """
SELECT count(DISTINCT w.xmin::text) FROM (
    SELECT xmin FROM event UNION ALL SELECT xmin FROM outbox UNION ALL SELECT xmin FROM due
) AS w
"""
"""How many transactions wrote what is there."""


async def test_events_outbox_and_timers_are_written_together(make_log: MakeLog) -> None:
    log = await make_log("intake")

    await act(log, order("body-a", "one"), order("body-a", "two"), order("body-b", "one"))

    async with log.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM event") == 3
        assert await tx.fetchval("SELECT count(*) FROM outbox") == 3
        assert [(r["stream"], r["kind"]) for r in await tx.fetch("SELECT * FROM due ORDER BY 1")] == [
            ("body-a", "two"),
            ("body-b", "one"),
        ]
        assert await tx.fetchval(WRITERS) == 1


@pytest.mark.parametrize("before", [(), (FIRST,)])
async def test_of_racing_decisions_exactly_one_wins(make_log: MakeLog, before: tuple[str, ...]) -> None:
    log = await make_log("intake")
    await act(log, *(order("body-a", name) for name in before))

    outcomes = await asyncio.gather(*(act(log, order("body-a", f"n{n}", exclusive=True)) for n in range(8)))

    won = [outcome for (outcome,) in outcomes if isinstance(outcome, Applied)]
    lost = [outcome for (outcome,) in outcomes if isinstance(outcome, Refused)]
    assert (len(won), len(lost)) == (1, 7)


async def test_the_same_command_again_makes_no_second_event(make_log: MakeLog) -> None:
    log = await make_log("intake")
    repeated = order("body-a", "one", command_id=uuid4())

    await act(log, repeated)
    (again,) = await act(log, repeated)
    twice = await act(log, order("body-c", "x", command_id=repeated.context.command_id))

    assert again == Applied(())
    assert twice == [Applied(())]
    assert len(await log.read_stream("body-a")) == 1


async def test_a_refused_command_leaves_the_others_alone(make_log: MakeLog) -> None:
    log = await make_log("intake")

    outcomes = await act(log, order("body-a", "one"), order("body-a", "two", exclusive=True), order("body-b", "one"))

    assert [type(outcome).__name__ for outcome in outcomes] == ["Applied", "Refused", "Applied"]


async def test_of_orders_that_are_one_whole_a_refused_one_leaves_none(make_log: MakeLog) -> None:
    log = await make_log("intake")

    outcomes = await act(log, order("body-a", "one"), order("body-b", "x"), order("body-b", "y", exclusive=True), whole=True)

    assert [type(outcome).__name__ for outcome in outcomes] == ["Applied", "Applied", "Refused"]
    assert await log.pool.fetchval("SELECT count(*) FROM event") == 0
    assert [type(outcome).__name__ for outcome in await act(log, order("body-a", "one"), order("body-b", "x"), whole=True)] == [
        "Applied",
        "Applied",
    ]
    assert await log.pool.fetchval("SELECT count(*) FROM event") == 2


async def test_nobody_can_change_the_record(make_log: MakeLog, postgres: str) -> None:
    log = await make_log("intake")
    await act(log, order("body-a", "one"))
    database = await log.pool.fetchval("SELECT current_database()")
    owner = await asyncpg.connect(postgres.rpartition("/")[0] + "/" + database)

    for statement in ("UPDATE event SET type = 'x'", "DELETE FROM event", "TRUNCATE event"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await log.pool.execute(statement)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.execute(statement)
    await owner.close()


async def test_every_hash_covers_the_bytes_before_it(make_log: MakeLog) -> None:
    log = await make_log("intake")
    await act(log, order("body-a", "one"), order("body-a", "two"))
    await act(log, order("body-a", "three"))

    rows = await log.pool.fetch("SELECT version, body, hash FROM event WHERE stream = 'body-a' ORDER BY version")
    chained = b""
    for row in rows:
        chained = sha256(chained + row["body"]).digest()
        assert row["hash"] == chained
        assert decode(row["body"]).sequence == row["version"]


async def test_commit_times_never_go_back_within_a_stream(make_log: MakeLog) -> None:
    log = await make_log("intake")

    await asyncio.gather(*(act(log, order("body-a", f"n{n}")) for n in range(10)))

    recorded = [decode(body).recorded for body in await log.read_stream("body-a")]
    assert recorded == sorted(recorded)
    assert len(recorded) == 10


async def test_the_locks_of_a_sleeper_do_not_outlive_its_membership(make_log: MakeLog) -> None:
    log = await make_log("intake")

    async with log.pool.acquire() as connection:
        limit_ms = await connection.fetchval(
            "SELECT setting::int FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'"
        )

    assert 0 < limit_ms < CONSUMER["session_timeout_ms"]
