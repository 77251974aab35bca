"""Given, when, then for approval, with one accepted case that promises ten working days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from services.approval.commands import Command, Decide, TakeCase
from services.approval.decider import journey_decider
from services.approval.state import Journey
from shared.contracts.envelope import Actor
from shared.contracts.intake import ApplicationAccepted
from shared.eventsourcing.decider import Timer
from shared.eventsourcing.errors import RefusedError
from shared.eventsourcing.plan import Applied, Context, Order, Refused, plan
from shared.reference.calendar import Calendars, WorkingCalendar
from shared.reference.deadlines import start_of_day
from shared.runtime.auth import Staff

CALENDARS = Calendars((WorkingCalendar(2026, 1),))
DECIDER = journey_decider(CALENDARS)
MONDAY = date(2026, 3, 9)
CASE, BODY = "case-1", "1" * 18
STAFF = Staff(b"k" * 32)


def at(day: date, hour: int = 10) -> datetime:
    """An hour of a day in China."""
    return start_of_day(day) + timedelta(hours=hour)


def days_on(count: int) -> date:
    return MONDAY + timedelta(days=count)


def accepted(promised: int = 10) -> ApplicationAccepted:
    return ApplicationAccepted(
        case_no=CASE,
        accepted_at=at(MONDAY),
        mode="normal",
        accepted_body=BODY,
        accepted_region="330100",
        item_code="item-1",
        promised_wd=promised,
        statutory_wd=20,
        promised_due=CALENDARS.add_working_days(MONDAY, promised),
        statutory_due=CALENDARS.add_working_days(MONDAY, 20),
        calendar_version="2026.1",
    )


def take(promised: int = 10) -> TakeCase:
    return TakeCase(at(MONDAY), accepted(promised))


def decision(day: date, outcome: Any = "granted", document: str = "doc-1") -> Decide:
    reasons = ("r-1",) if outcome == "refused" else ()
    return Decide(at(day), CASE, "a" * 32, outcome, document, reasons, reasons)


class Story:
    """A journey told command by command; overdue timers fire on the way, as they do in the log."""

    def __init__(self, *commands: Command) -> None:
        self.told: list[Command] = list(commands)

    def when(self, *commands: Command) -> tuple[list[Any], RefusedError | None]:
        """The facts of the last command (timers that fired before it included) and its refusal, if any."""
        everything = [*self.told, *commands]
        orders = [Order("journey-x", "x", c, _context(n)) for n, c in enumerate(everything)]
        before = plan(DECIDER, [], orders[: -len(commands)])
        after = plan(DECIDER, [], orders)
        outcome = after.outcomes[-1]
        facts = [event.data for event in after.events[len(before.events) :]]
        if isinstance(outcome, Refused):
            return facts, outcome.error
        assert isinstance(outcome, Applied)
        return facts, None

    def state(self) -> Journey:
        """The journey's situation now."""
        return plan(DECIDER, [], [Order("journey-x", "x", c, _context(n)) for n, c in enumerate(self.told)]).state

    def waits(self) -> frozenset[Timer]:
        """What the journey waits for."""
        return DECIDER.timers(self.state())


def _context(n: int) -> Context:
    seed = uuid5(UUID(int=0), str(n))
    return Context(seed, Actor("officer", "o", BODY), seed, seed)
