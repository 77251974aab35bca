"""Silence accepts, approval's decision is noted, and a late calendar moves what waits: all without anybody asking."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest

from services.intake.service import CLOCKWORK
from shared.contracts import commands as wire
from shared.contracts.approval import CaseWithdrawn, DecisionMade
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.ids import journey_stream
from shared.contracts.intake import (
    ApplicationAccepted,
    DecisionNoted,
    JourneyCompleted,
    ResultDelivered,
    WithdrawalNoted,
)
from shared.eventsourcing.errors import RefusedError
from shared.postgres.event_log import Tx
from shared.postgres.timers import HOLD_MAX_S, hold, may_keep_time
from shared.reference.deadlines import local_date
from shared.runtime import timekeeper
from shared.runtime.timekeeper import keep_time
from shared.telemetry import clock
from tests.conftest import within
from tests.integration.intake.city import (
    HANGZHOU_BODY,
    IMPORTER,
    NOW,
    OFFICER,
    OPERATOR,
    City,
    applicant,
    receive,
    submit,
    visit,
)

TO_DO = """
SELECT EXISTS (SELECT FROM due WHERE due_at <= clock_timestamp()) OR EXISTS (SELECT FROM calendar WHERE rearmed_to IS NOT NULL)
"""
SILENCE = "SELECT due_at FROM due WHERE kind = 'deemed-acceptance' ORDER BY due_at"


def from_approval(journey: str, fact: Any, at: datetime = NOW) -> Envelope[Any]:
    seed = uuid5(UUID(journey), fact.type)
    actor = Actor("officer", "o-1", HANGZHOU_BODY)
    stream = journey_stream(UUID(journey))
    return Envelope(seed, "approval", fact.type, stream, 2, at, at, at, journey, seed, seed, actor, fact)


def decision(case_no: str) -> DecisionMade:
    return DecisionMade(
        case_no=case_no,
        body=HANGZHOU_BODY,
        officer_ref="0" * 32,
        outcome="granted",
        document_no="D-1",
        reason_codes=(),
        decided_at=NOW,
        net_wd_used=1,
        on_time=True,
        statutory_met=True,
    )


async def react(city: City, *events: Envelope[Any]) -> None:
    async def work(tx: Tx) -> None:
        await city.intake.react(tx, events)

    await city.log.transact(work)


async def situation(city: City, case_no: str) -> str:
    found: str = await city.log.pool.fetchval("SELECT situation FROM case_index WHERE case_no = $1", case_no)
    return found


async def until_quiet(city: City) -> None:
    """Let the timekeeper work until nothing that is due is left, and no journey waits by an older calendar."""
    stop = asyncio.Event()
    keeping = asyncio.create_task(keep_time(city.log, CLOCKWORK, stop))
    async with within(10):
        while await city.log.pool.fetchval(TO_DO):
            await asyncio.sleep(0.02)
    stop.set()
    await keeping


async def test_silence_accepts_and_the_row_says_so(city: City) -> None:
    submitted = await city.done(submit(receiving_body=HANGZHOU_BODY))
    case_no = str(submitted.case_no)
    await city.done(receive(case_no, "hall-hz"))

    await until_quiet(city)

    fact = (await city.events(submitted.journey))[-1].data
    assert isinstance(fact, ApplicationAccepted)
    assert (fact.mode, fact.accepted_at) == ("deemed", NOW)
    assert await situation(city, case_no) == "accepted"


async def test_while_timers_are_held_nobody_keeps_time(city: City) -> None:
    found = []
    for seconds in (0, 60, 0):
        await hold(city.log, seconds)
        async with city.log.transaction() as tx:
            found.append(await may_keep_time(tx))

    assert found == [True, False, True]


async def test_a_hold_from_before_a_clock_was_set_back_is_over(city: City) -> None:
    await hold(city.log, HOLD_MAX_S)
    async with city.log.transaction() as tx:
        assert not await may_keep_time(tx)

    await city.log.pool.execute("UPDATE timekeeper SET held_to = held_to + interval '1 hour'")

    async with city.log.transaction() as tx:
        assert await may_keep_time(tx)


async def test_a_held_timekeeper_lets_history_be_entered_first(city: City) -> None:
    await city.done(visit("old", applicant()), now=NOW)
    await hold(city.log, 60)
    stop = asyncio.Event()
    keeping = asyncio.create_task(keep_time(city.log, CLOCKWORK, stop))

    await city.done(submit(), now=NOW + timedelta(days=80))
    stop.set()
    await keeping

    assert await city.log.pool.fetchval("SELECT count(*) FROM journey_index WHERE outcome IS NOT NULL") == 0


async def test_a_journey_without_a_case_lapses(city: City) -> None:
    reply = await city.done(visit("only", applicant()))

    await until_quiet(city)

    fact = (await city.events(reply.journey))[-1].data
    assert isinstance(fact, JourneyCompleted)
    assert (fact.outcome, fact.completed_at) == ("lapsed", NOW + timedelta(days=90))
    assert await city.log.pool.fetchval("SELECT outcome FROM journey_index") == "lapsed"


async def test_a_decision_is_noted_once_and_the_result_can_be_delivered(city: City) -> None:
    case_no, journey = await city.accepted()
    made = from_approval(journey, decision(case_no), NOW + timedelta(hours=1))

    await react(city, made)
    await react(city, made)

    noted = [event for event in await city.events(journey) if isinstance(event.data, DecisionNoted)]
    assert [(event.data.decision_event, event.causation, event.time) for event in noted] == [(made.id, made.id, made.time)]
    assert await situation(city, case_no) == "decided"
    delivered = await city.done(wire.Deliver(case_no=case_no, method="window"), by=OFFICER, now=NOW + timedelta(days=1))
    assert (await city.told(journey))[-2:] == [ResultDelivered, JourneyCompleted]
    assert len(delivered.events) == 2


async def test_a_withdrawal_at_approval_ends_the_journey(city: City) -> None:
    case_no, journey = await city.accepted()

    refused = (await city.ask(wire.Withdraw(case_no=case_no, reason_code="changed-mind")))[0]
    await react(city, from_approval(journey, CaseWithdrawn(case_no=case_no, reason_code="changed-mind")))

    assert (refused.rule, refused.state) == ("withdrawal-is-approvals", "accepted")
    assert (await city.told(journey))[-2:] == [WithdrawalNoted, JourneyCompleted]


async def test_a_decision_about_an_unknown_case_is_not_swallowed(city: City) -> None:
    stray = from_approval("8b6a1f9e-5b8e-4f2c-9b8e-0c6a5f6d7e01", decision("NOBODY"))

    with pytest.raises(RefusedError) as caught:
        await react(city, stray)

    assert caught.value.rule.code == "unknown-case"


async def received(city: City, at: datetime, number: int = 1) -> str:
    """A received case that waits for five working days of silence."""
    submitted = await city.done(submit(applicant(number), receiving_body=HANGZHOU_BODY), now=at)
    await city.done(receive(str(submitted.case_no), "hall-hz"), now=at)
    return str(submitted.case_no)


async def test_a_late_calendar_moves_every_silence(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeper, "BATCH_MAX", 2)
    friday = datetime(2037, 1, 2, 1, 0, tzinfo=UTC)
    for number in range(5):
        await received(city, friday, number)
    before = await city.log.pool.fetch(SILENCE)

    await city.done(wire.PublishCalendar(year=2037, version=1, days_off=(date(2037, 1, 5),), makeup_workdays=()), by=OPERATOR)
    await until_quiet(city)

    after = await city.log.pool.fetch(SILENCE)
    assert [row["due_at"] for row in before] == 5 * [datetime(2037, 1, 9, 16, 0, tzinfo=UTC)]
    assert [row["due_at"] for row in after] == 5 * [datetime(2037, 1, 12, 16, 0, tzinfo=UTC)]


async def test_a_timer_that_fires_by_an_older_calendar_leaves_the_new_day_behind(city: City) -> None:
    now = clock.now()
    case_no = await received(city, now - timedelta(days=12))
    off = [local_date(now + timedelta(days=n)) for n in range(-12, 5)]
    for year in sorted({day.year for day in off}):
        days = tuple(day for day in off if day.year == year)
        await city.done(wire.PublishCalendar(year=year, version=1, days_off=days, makeup_workdays=()), by=OPERATOR)
    await city.log.pool.execute("UPDATE calendar SET rearmed_to = NULL")

    await until_quiet(city)

    assert await situation(city, case_no) == "received"
    (waits,) = await city.log.pool.fetch(SILENCE)
    assert waits["due_at"] > now + timedelta(days=5)


async def test_history_is_recorded_once_and_waits_for_nothing(city: City) -> None:
    row = wire.ReportHistory(
        origin="receipt",
        file="log.csv",
        row=7,
        rule="r1",
        phase="submitted",
        case_ref="case-1",
        region="wabo",
        zone="Europe/Amsterdam",
        irregular=("no-end",),
    )

    (first,) = await city.ask(row, by=IMPORTER, now=datetime(1999, 5, 1, tzinfo=UTC))
    (again,) = await city.ask(row, by=IMPORTER, now=datetime(1999, 5, 1, tzinfo=UTC))

    assert (first.status, again.status) == ("applied", "duplicate")
    assert first.journey == again.journey
    assert len(await city.events(first.journey)) == 1
    assert await city.log.pool.fetchval("SELECT count(*) FROM due") == 0
