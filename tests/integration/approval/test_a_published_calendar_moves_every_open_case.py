"""Whenever a calendar comes, every open case ends with its dates and signals, and no decision or card rests on older ones."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.approval import calendars, worklist
from services.approval.service import CLOCKWORK, Approval, react
from shared.contracts.approval import (
    CaseTaken,
    DeadlineRecomputed,
    DeadlineReminderRaised,
    DecisionMade,
    RedCardIssued,
    TimeLimitExtended,
    YellowCardIssued,
)
from shared.contracts.base import Command, Fact
from shared.contracts.catalogue import WorkingCalendarPublished
from shared.contracts.commands import Decide, Extend
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.ids import journey_stream
from shared.contracts.ingress import Receipt
from shared.contracts.intake import ApplicationAccepted
from shared.contracts.wire import decode
from shared.postgres.event_log import EventLog, Tx
from shared.reference.calendar import Calendars, WorkingCalendar
from shared.reference.deadlines import start_of_day
from shared.runtime import timekeeper
from shared.runtime.auth import Caller
from shared.runtime.requests import Asked
from shared.runtime.timekeeper import keep_time
from tests.conftest import MakeLog, until_a_lock_is_awaited, within
from tests.integration.approval.test_racing_officers_decide_once import MIGRATIONS
from tests.unit.approval.story import BODY, STAFF, at

# Far enough ahead that no signal is due while a test runs.
FRIDAY = date(2036, 12, 19)
OLD = Calendars((WorkingCalendar(2036, 1),))
HOLIDAYS = tuple(date(2037, 1, day) for day in range(1, 8))
OFFICER = Caller("officer", "o-1", BODY, head=True)
BEHIND = "SELECT EXISTS (SELECT FROM worklist WHERE computed_by < (SELECT max(n) FROM calendar))"


def envelope(fact: Fact, journey: str, now: datetime) -> Envelope[Any]:
    cause, actor = uuid4(), Actor("clerk", "c")
    return Envelope(cause, "intake", fact.type, f"journey-{journey}", 3, now, now, now, journey, cause, cause, actor, fact)  # type: ignore[attr-defined]


def published(year: int, version: int = 1, off: tuple[date, ...] = ()) -> Envelope[Any]:
    fact = WorkingCalendarPublished(year=year, version=version, days_off=off, makeup_workdays=())
    return envelope(fact, f"calendar:{year}", at(FRIDAY, 12))


def acceptance(case_no: str, calendars: Calendars = OLD, promised: int = 10, journey: str | None = None) -> Envelope[Any]:
    """Accepted on the Friday before Christmas, with the dates of these calendars."""
    dues = [calendars.add_working_days(FRIDAY, days) for days in (promised, 20)]
    fact = ApplicationAccepted(
        case_no=case_no,
        accepted_at=at(FRIDAY),
        mode="normal",
        accepted_body=BODY,
        accepted_region="330100",
        item_code="item-1",
        promised_wd=promised,
        statutory_wd=20,
        promised_due=dues[0],
        statutory_due=dues[1],
        calendar_version=calendars.version_for(FRIDAY, dues[1]),
    )
    return envelope(fact, journey or str(uuid4()), at(FRIDAY))


async def hear(log: EventLog, *events: Envelope[Any]) -> None:
    async def work(tx: Tx) -> None:
        await react(tx, events)

    await log.transact(work)


async def ask(log: EventLog, command: Command, day: date, case_no: str = "case-1") -> Receipt:
    async def work(tx: Tx) -> Receipt:
        (answer,) = await Approval(STAFF).handle(tx, [Asked(OFFICER, "key", case_no, uuid4(), command, at(day))])
        return answer

    return await log.transact(work)


async def caught_up(log: EventLog) -> None:
    """Let the timekeeper work until no case is behind."""
    stop = asyncio.Event()
    keeping = asyncio.create_task(keep_time(log, CLOCKWORK, stop))
    async with within(20):
        while await log.pool.fetchval(BEHIND):
            await asyncio.sleep(0.02)
    stop.set()
    await keeping


async def facts(log: EventLog, journey: str) -> list[Any]:
    return [decode(body).data for body in await log.read_stream(journey_stream(UUID(journey)))]


async def promised(log: EventLog) -> list[date]:
    return [row["promised_due"] for row in await log.pool.fetch("SELECT promised_due FROM worklist ORDER BY case_no")]


async def red_cards(log: EventLog) -> list[datetime]:
    return [row["due_at"] for row in await log.pool.fetch("SELECT due_at FROM due WHERE kind = 'red' ORDER BY stream")]


@pytest.fixture
async def log(make_log: MakeLog) -> EventLog:
    made = await make_log("approval", MIGRATIONS)
    await hear(made, published(2036))
    return made


NEW = OLD.including([WorkingCalendar(2037, 1, frozenset(HOLIDAYS))])
BEFORE, AFTER = OLD.add_working_days(FRIDAY, 10), NEW.add_working_days(FRIDAY, 10)


async def test_dates_and_signals_move_some_at_a_time_and_each_once(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timekeeper, "BATCH_MAX", 2)
    cases = [acceptance(f"case-{n}") for n in range(5)]
    await hear(log, *cases)
    assert await promised(log) == 5 * [BEFORE]

    await hear(log, published(2037, off=HOLIDAYS))
    assert await log.pool.fetchval("SELECT count(*) FROM event") == 5, "publishing only stores the calendar"
    await caught_up(log)

    assert await promised(log) == 5 * [AFTER]
    assert await red_cards(log) == 5 * [start_of_day(AFTER + timedelta(days=1))]
    for case in cases:
        assert [type(fact) for fact in await facts(log, case.key)] == [CaseTaken, DeadlineRecomputed]


async def provisional(log: EventLog) -> list[dict[str, int | None]]:
    """The years that may still move the dates of each case."""
    async with log.transaction() as tx:
        known = await calendars.known(tx)
        rows = await worklist.due_next(tx, BODY, FRIDAY, known.calendars, 10)
    return [known.provisional(row) for row in rows]


async def test_a_date_says_which_year_may_still_move_it_until_that_moved_it(log: EventLog) -> None:
    await hear(log, acceptance("case-1"))
    both = {"promised_provisional": 2037, "statutory_provisional": 2037}
    assert await provisional(log) == [both]

    await hear(log, published(2037, off=HOLIDAYS))
    assert await provisional(log) == [both], "the calendar is here, and the case not computed by it yet"
    await caught_up(log)

    assert await provisional(log) == [{"promised_provisional": None, "statutory_provisional": None}]


async def test_only_the_date_that_reaches_the_year_may_still_move(log: EventLog) -> None:
    await hear(log, acceptance("case-1", promised=4))

    assert await provisional(log) == [{"promised_provisional": None, "statutory_provisional": 2037}]


async def test_a_case_that_reached_the_year_only_by_more_time_is_moved_too(log: EventLog) -> None:
    case = acceptance("case-1", promised=4)
    await hear(log, case)
    await ask(log, Extend(case_no="case-1", days=10, reason_code="complex"), date(2036, 12, 22))

    await hear(log, published(2037, off=HOLIDAYS))
    await caught_up(log)

    assert await promised(log) == [NEW.add_working_days(FRIDAY, 14)]
    assert [type(fact) for fact in await facts(log, case.key)] == [CaseTaken, TimeLimitExtended, DeadlineRecomputed]


async def test_a_decision_is_judged_by_the_new_dates_before_anybody_caught_up(log: EventLog) -> None:
    case = acceptance("case-1")
    await hear(log, case)
    await hear(log, published(2037, off=HOLIDAYS))

    await ask(log, Decide(case_no="case-1", outcome="granted", document_no="D-1"), AFTER)

    told = await facts(log, case.key)
    assert [type(fact) for fact in told] == [CaseTaken, DeadlineRecomputed, DeadlineReminderRaised, YellowCardIssued, DecisionMade]
    _, moved, reminder, card, decision = told
    assert (moved.cause, moved.promised_due) == ("calendar-2037.1", AFTER)
    assert (reminder.due, card.due, decision.on_time) == (AFTER, AFTER, True)


async def test_a_card_that_the_next_case_of_the_journey_sets_off_names_the_new_date(log: EventLog) -> None:
    case = acceptance("case-1")
    await hear(log, case)
    await hear(log, published(2037, off=HOLIDAYS))

    await hear(log, replace(acceptance("case-2", journey=case.key), time=at(AFTER + timedelta(days=3))))

    told = await facts(log, case.key)
    assert [(type(fact), fact.due) for fact in told if isinstance(fact, RedCardIssued)] == [(RedCardIssued, AFTER)]


async def test_an_acceptance_by_an_older_calendar_is_moved_when_it_is_taken(log: EventLog) -> None:
    await hear(log, published(2037, off=HOLIDAYS))
    case = acceptance("case-1")

    await hear(log, case)

    assert [type(fact) for fact in await facts(log, case.key)] == [CaseTaken, DeadlineRecomputed]
    assert await promised(log) == [AFTER]
    assert await red_cards(log) == [start_of_day(AFTER + timedelta(days=1))]


async def test_an_acceptance_by_a_newer_calendar_is_never_moved_back(log: EventLog) -> None:
    case = acceptance("case-1", NEW)

    await hear(log, case)
    await hear(log, published(2037, off=HOLIDAYS))
    await caught_up(log)

    assert [type(fact) for fact in await facts(log, case.key)] == [CaseTaken]
    assert await promised(log) == [AFTER]
    assert await red_cards(log) == [start_of_day(AFTER + timedelta(days=1))]


async def test_whoever_computes_with_the_calendars_keeps_them_as_they_are(log: EventLog) -> None:
    await hear(log, acceptance("case-1"))
    extension = Extend(case_no="case-1", days=5, reason_code="complex")

    async with log.transaction() as tx:
        await Approval(STAFF).handle(tx, [Asked(OFFICER, "key", "case-1", uuid4(), extension, at(date(2036, 12, 22)))])
        publishing = asyncio.create_task(hear(log, published(2037, off=HOLIDAYS)))
        await until_a_lock_is_awaited(log.pool.fetchval)
        assert not publishing.done()
    await publishing
    await caught_up(log)

    assert await promised(log) == [NEW.add_working_days(FRIDAY, 15)]
