"""Calendars as approval heard them, and the open cases that one of them left behind.

Publishing stores a calendar and nothing more. Cases are brought up to it some at a time by the timekeeper, and earlier by whoever
acts on one of them, so that no decision and no card ever rests on dates that a calendar has moved.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.approval import worklist
from services.approval.commands import Command, RecomputeDeadlines
from services.approval.decider import cause_of
from services.approval.state import Journey
from shared.contracts.catalogue import WorkingCalendarPublished
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.ids import journey_stream
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.plan import Context, Order
from shared.postgres import timers
from shared.postgres.event_log import Tx
from shared.reference.calendar import Calendars, WorkingCalendar
from shared.reference.deadlines import local_date

SERVICE = Actor("service", "approval")
_LOCK = 7_220_103
"""The advisory lock between those who compute with the calendars and whoever stores one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A published calendar: the `n`-th that was heard, and by which event."""

    calendar: WorkingCalendar
    n: int
    event: UUID
    correlation: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """The calendars of one moment, the last one heard at the end."""

    heard: Sequence[Heard] = ()
    calendars: Calendars = field(default_factory=Calendars)

    @property
    def newest(self) -> int:
        """The number of the calendar that was heard last; 0 before the first."""
        return self.heard[-1].n if self.heard else 0

    def up_to(self, n: int) -> Calendars:
        """The calendars that were heard up to the `n`-th."""
        return self.calendars if n >= self.newest else Calendars(tuple(one.calendar for one in self.heard if one.n <= n))

    def provisional(self, row: Mapping[str, Any]) -> dict[str, int | None]:
        """For each due date of an open case the year whose calendar was not known when it was computed, if any."""
        then, start = self.up_to(row["computed_by"]), local_date(row["accepted_at"])
        return {f"{name}_provisional": then.provisional_year(start, row[f"{name}_due"]) for name in ("promised", "statutory")}

    def recomputing(self, journey: UUID, at: datetime | None = None) -> Order[Command]:
        """The order that brings a journey up to the last calendar; for what happens `at` an earlier time, as of then."""
        last = self.heard[-1]
        now = last.at if at is None else min(last.at, at)
        context = Context(last.event, SERVICE, last.correlation, last.event, f"recompute/{journey}")
        return Order(journey_stream(journey), str(journey), RecomputeDeadlines(now, cause_of(last.calendar)), context)


async def known(tx: Tx) -> Known:
    """The working calendars known to this service."""
    rows = await tx.fetch(
        "SELECT year, version, days_off, makeup_workdays, n, event, correlation, published_at FROM calendar ORDER BY n"
    )
    heard = [Heard(_calendar(row), row["n"], row["event"], row["correlation"], row["published_at"]) for row in rows]
    return Known(heard, Calendars(tuple(one.calendar for one in heard)))


async def held(tx: Tx) -> Known:
    """The same, for whoever computes with them: nobody stores another one before this transaction ends."""
    await tx.execute("SELECT pg_advisory_xact_lock_shared($1)", _LOCK)
    return await known(tx)


async def exclude_readers(tx: Tx) -> None:
    """Wait until nobody computes with the calendars, and let nobody begin before this transaction ends."""
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


async def keep(tx: Tx, event: Envelope[WorkingCalendarPublished]) -> None:
    """Store a calendar. Readers are excluded."""
    published = event.data
    await tx.execute(
        "INSERT INTO calendar (year, version, days_off, makeup_workdays, event, correlation, published_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        published.year,
        published.version,
        list(published.days_off),
        list(published.makeup_workdays),
        event.id,
        event.correlation,
        event.time,
    )


async def behind(tx: Tx, aside: Collection[str], limit: int) -> list[str]:
    """Up to `limit` streams with open cases that were computed before the last calendar was heard."""
    return [journey_stream(journey) for journey in await worklist.behind(tx, [journey_of(s) for s in aside], limit)]


async def catch_up(tx: Tx, decider: Decider[Command, Journey], streams: Sequence[str]) -> None:
    """Move due dates and timers of these streams to what the calendars say now."""
    by = await known(tx)
    journeys = [journey_of(stream) for stream in streams]
    await tx.act(decider, [by.recomputing(journey) for journey in journeys])
    await timers.rearm(tx, decider, streams)
    await worklist.caught_up(tx, journeys, by.newest)


def journey_of(stream: str) -> UUID:
    """The journey of a stream; the inverse of `journey_stream`."""
    return UUID(stream.removeprefix("journey-"))


def _calendar(row: Any) -> WorkingCalendar:
    return WorkingCalendar(row["year"], row["version"], frozenset(row["days_off"]), frozenset(row["makeup_workdays"]))
