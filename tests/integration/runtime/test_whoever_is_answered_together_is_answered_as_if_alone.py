"""Promise: commands that wait share a transaction, and each of them is answered as if it had come alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from shared.contracts.commands import RegisterPartner
from shared.contracts.ids import ingress_id
from shared.contracts.ingress import Receipt
from shared.eventsourcing.errors import RefusedError, Rule, UnavailableError
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.idempotency import KeyReusedError
from shared.runtime import answering
from shared.runtime.answering import AT_ONCE, Answering
from shared.runtime.auth import Caller
from shared.runtime.requests import Asked, refusal
from tests.conftest import MakeLog, within

CALLER, ANOTHER = Caller("operator", "o"), Caller("portal", "p")
RULE = Rule("not-so", "conflict", "不可以。", "Not so.")
CROWD = 20
SOON_S = 10.0


class Desk:
    """Makes one row for each request, unless it is to fare otherwise; nobody is done before the gate is open."""

    def __init__(self) -> None:
        self.together: list[list[str]] = []
        self.gate = asyncio.Event()
        self.refuses: set[str] = set()
        self.breaks: set[str] = set()
        self.waits_for: dict[str, str] = {}
        self.at_once = self.most_at_once = 0

    async def handle(self, tx: Tx, requests: Sequence[Asked]) -> list[Receipt]:
        self.together.append([request.id for request in requests])
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
            return [await self._one(tx, request) for request in requests]
        finally:
            self.at_once -= 1

    async def _one(self, tx: Tx, request: Asked) -> Receipt:
        if request.id in self.refuses:
            return refusal(request, RefusedError(RULE))
        if request.id in self.breaks:
            raise LookupError
        if request.id in self.waits_for:
            await tx.execute("SET LOCAL lock_timeout = '100ms'")
            await tx.execute("SELECT FROM stream_head WHERE stream = $1 FOR UPDATE", self.waits_for[request.id])
        await tx.execute("INSERT INTO stream_head (stream, version, hash) VALUES ($1, 0, '')", request.id)
        return Receipt(id=request.id, subject=None, status="applied", events=(request.command_id,))


@pytest.fixture
async def log(make_log: MakeLog) -> EventLog:
    return await make_log("intake")


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def door(log: EventLog, desk: Desk) -> Answering:
    return Answering(log, desk.handle)


def ask(door: Answering, key: str, body: str = "", caller: Caller = CALLER) -> asyncio.Task[object]:
    """A command under a key: its status and whether it was replayed, or the error."""

    async def answered() -> object:
        command = RegisterPartner(partner="portal-1", kind="portal", region="330000")
        request = Asked(caller, key, "subject", ingress_id(caller.id, key), command, datetime.now(UTC))
        try:
            answer, replayed = await door.answer(request, sha256(body.encode()).digest())
        except Exception as error:
            return type(error)
        return answer.status, replayed

    return asyncio.create_task(answered())


async def behind_others(door: Answering, desk: Desk) -> list[asyncio.Task[object]]:
    """As many transactions under way as there may be at once, so that whoever comes now waits."""
    first = [ask(door, f"first-{number}") for number in range(AT_ONCE)]
    async with within(SOON_S):
        while len(desk.together) < AT_ONCE:
            await asyncio.sleep(0.01)
    return first


async def effects(log: EventLog) -> set[str]:
    return {row["stream"] for row in await log.pool.fetch("SELECT stream FROM stream_head")}


async def test_a_crowd_shares_one_transaction(door: Answering, desk: Desk, log: EventLog) -> None:
    first = await behind_others(door, desk)
    crowd = [ask(door, f"crowd-{number}") for number in range(CROWD)]
    await asyncio.sleep(0)
    desk.gate.set()

    assert await asyncio.gather(*first, *crowd) == [(201, False)] * (AT_ONCE + CROWD)
    assert desk.together[AT_ONCE:] == [[f"crowd-{number}" for number in range(CROWD)]]
    assert len(await effects(log)) == AT_ONCE + CROWD


async def test_whoever_asks_for_much_delays_himself_alone(door: Answering, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "TOGETHER_MAX", 5)
    first = await behind_others(door, desk)
    crowd = [ask(door, f"crowd-{number}") for number in range(CROWD)]
    others = [ask(door, f"other-{number}", caller=ANOTHER) for number in range(2)]
    await asyncio.sleep(0)
    desk.gate.set()

    assert await asyncio.gather(*first, *crowd, *others) == [(201, False)] * (AT_ONCE + CROWD + 2)
    assert ["crowd-0", "other-0", "crowd-1", "other-1", "crowd-2"] in desk.together


async def test_who_is_refused_or_breaks_stops_no_neighbour(door: Answering, desk: Desk, log: EventLog) -> None:
    first = await behind_others(door, desk)
    desk.refuses, desk.breaks = {"b"}, {"c"}
    asked = [ask(door, key) for key in "abcd"]
    await asyncio.sleep(0)
    desk.gate.set()

    assert await asyncio.gather(*asked) == [(201, False), (409, False), LookupError, (201, False)]
    assert ["a", "b", "c", "d"] in desk.together
    await asyncio.gather(*first)
    assert await effects(log) == {"first-0", "first-1", "a", "d"}


async def test_who_waits_for_a_lock_stops_no_neighbour(door: Answering, desk: Desk, log: EventLog) -> None:
    first = await behind_others(door, desk)
    desk.waits_for = {"b": "held"}
    async with log.transaction() as tx:
        await tx.execute("INSERT INTO stream_head (stream, version, hash) VALUES ('held', 0, '')")
    async with log.transaction() as tx:
        await tx.execute("SELECT FROM stream_head WHERE stream = 'held' FOR UPDATE")
        asked = [ask(door, key) for key in "abc"]
        await asyncio.sleep(0)
        desk.gate.set()
        answers = await asyncio.gather(*asked)

    assert answers == [(201, False), UnavailableError, (201, False)]
    await asyncio.gather(*first)


async def test_a_key_is_used_once_and_for_one_request(door: Answering, desk: Desk, log: EventLog) -> None:
    first = await behind_others(door, desk)
    asked = [ask(door, "a"), ask(door, "a"), ask(door, "a", "another body"), ask(door, "b")]
    await asyncio.sleep(0)
    desk.gate.set()

    assert await asyncio.gather(*asked) == [(201, False), (201, True), KeyReusedError, (201, False)]
    await asyncio.gather(*first)
    assert [key for group in desk.together for key in group].count("a") == 1


@pytest.mark.parametrize("neighbours", [[], ["a", "c"]], ids=["alone", "among others"])
async def test_who_was_refused_may_ask_again_under_its_key(door: Answering, desk: Desk, neighbours: list[str]) -> None:
    first = await behind_others(door, desk)
    desk.refuses = {"b"}
    asked = [ask(door, key) for key in ["b", *neighbours]]
    await asyncio.sleep(0)
    desk.gate.set()
    refused, *_ = await asyncio.gather(*asked)
    desk.refuses = set()

    assert (refused, await ask(door, "b", "mended")) == ((409, False), (201, False))
    await asyncio.gather(*first)


async def test_who_has_no_turn_in_time_is_told_so_and_nothing_was_done(
    door: Answering, desk: Desk, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "ACQUIRE_S", 0.2)
    first = await behind_others(door, desk)

    assert await ask(door, "late") is UnavailableError
    desk.gate.set()
    assert await asyncio.gather(*first) == [(201, False)] * AT_ONCE
    assert "late" not in await effects(log)


async def test_who_is_tried_again_alone_takes_no_more_connections_than_before(door: Answering, desk: Desk) -> None:
    first = await behind_others(door, desk)
    desk.breaks = {"crowd-0"}
    crowd = [ask(door, f"crowd-{number}") for number in range(CROWD)]
    await asyncio.sleep(0)
    desk.gate.set()

    async with within(SOON_S):
        await asyncio.gather(*first, *crowd)

    assert [f"crowd-{number}" for number in range(CROWD)] in desk.together
    assert desk.most_at_once <= AT_ONCE
