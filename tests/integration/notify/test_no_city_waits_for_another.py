"""Promise: however many messages one city owes, those of the others are sent in their turn, and each city's oldest first."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

import services.notify
from services.notify import outgoing
from services.notify.policy import notices_for
from services.notify.sender import AT_ONCE
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.intake import ApplicationReceived
from shared.postgres.event_log import EventLog
from tests.conftest import MakeLog
from tests.contract.examples import FACTS, envelope

MIGRATIONS = Path(services.notify.__file__).parent / "migrations"
HANGZHOU, WENZHOU, TAIZHOU = "330100", "330300", "331000"
(RECEIVED,) = (fact for fact in FACTS if isinstance(fact, ApplicationReceived))


@pytest.fixture
async def log(make_log: MakeLog) -> EventLog:
    return await make_log("notify", MIGRATIONS)


def cause(city: str) -> Envelope[Any]:
    heard = envelope(RECEIVED)
    return replace(heard, id=uuid4(), known=heard.recorded, actor=Actor("clerk", "c", None, city))


async def owe(log: EventLog, city: str, messages: int) -> list[UUID]:
    """Let a city owe messages, one after the other."""
    owed = [(event, notice) for event in (cause(city) for _ in range(messages)) for notice in notices_for(event)]
    for one in owed:
        async with log.transaction() as tx:
            await outgoing.owe(tx, [one])
    return [notice.intent_id for _, notice in owed]


async def taken(log: EventLog) -> set[UUID]:
    async with log.transaction() as tx:
        return {attempt.intent_id for attempt in await outgoing.take(tx, AT_ONCE, 60.0)}


async def test_a_city_that_owes_many_shares_each_round_with_those_that_owe_few(log: EventLog) -> None:
    many = await owe(log, HANGZHOU, 20)
    few = {city: await owe(log, city, 3) for city in (WENZHOU, TAIZHOU)}
    whose = {one: city for city, owed in {HANGZHOU: many, **few}.items() for one in owed}

    first, second = await taken(log), await taken(log)

    assert Counter(whose[one] for one in first) == Counter({HANGZHOU: 3, WENZHOU: 3, TAIZHOU: 2})
    assert Counter(whose[one] for one in second) == Counter({HANGZHOU: 7, TAIZHOU: 1})
    assert first | second == {*many[:10], *few[WENZHOU], *few[TAIZHOU]}


async def test_a_city_alone_has_the_whole_round(log: EventLog) -> None:
    owed = await owe(log, HANGZHOU, 20)

    assert await taken(log) == set(owed[:AT_ONCE])


async def test_what_another_sender_has_just_taken_is_passed_over(log: EventLog) -> None:
    owed = await owe(log, HANGZHOU, 3 * AT_ONCE)

    async with log.transaction() as tx:
        mine = {attempt.intent_id for attempt in await outgoing.take(tx, AT_ONCE, 60.0)}
        theirs = await taken(log)

    assert len(mine) == len(theirs) == AT_ONCE
    assert not mine & theirs
    assert mine | theirs <= set(owed)
