"""Catalogue commands: looked up, decided on the stream of their entry, and kept as rows in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import assert_never, cast

from services.intake import catalogue, register
from services.intake.authority import require_role
from services.intake.decider import DEEMED, timers
from services.intake.state import Journey, evolve
from shared.contracts import commands as wire
from shared.contracts.ids import timer_id
from shared.contracts.ingress import Receipt
from shared.eventsourcing.decider import Decider, Timer
from shared.eventsourcing.errors import RefusedError
from shared.eventsourcing.plan import TIMEKEEPER, Context, Order, Outcome, Refused
from shared.postgres.event_log import Tx
from shared.reference.calendar import Calendars
from shared.reference.deadlines import start_of_day
from shared.runtime.requests import Asked, receipt, refusal

COMMANDS = (
    wire.PublishItem,
    wire.RetireItem,
    wire.RegisterBody,
    wire.RegisterVenue,
    wire.PublishCalendar,
    wire.RegisterPartner,
)
_SILENCE_MAX = timedelta(days=30)
"""Five working days never stretch over more than this, whatever the holidays."""


async def handle(tx: Tx, requests: Sequence[Asked]) -> list[Receipt]:
    """Answer catalogue commands of one kind, in order."""
    calendars = {asked.command.year for asked in requests if isinstance(asked.command, wire.PublishCalendar)}
    if calendars:
        await register.exclude_readers_of_calendars(tx)
    regions = await register.regions_of(tx, {code for asked in requests for code in _bodies(asked.command)})
    before = len(tx.appended)
    orders: list[tuple[Asked, Order[catalogue.CatalogueCommand] | RefusedError]] = []
    for asked in requests:
        try:
            require_role(asked.caller.role, type(asked.command))
        except RefusedError as error:
            orders.append((asked, error))
            continue
        orders.append((asked, _order(asked, regions)))
    decided = iter(await tx.act(catalogue.CATALOGUE, [order for _, order in orders if isinstance(order, Order)]))
    outcomes: list[Outcome] = [Refused(o) if isinstance(o, RefusedError) else next(decided) for _, o in orders]
    await register.keep(tx, tx.appended[before:])
    for year in sorted(calendars):
        await rearm(tx, year, await register.load_calendars(tx))
    return [_told(asked, outcome) for (asked, _), outcome in zip(orders, outcomes, strict=True)]


def _told(asked: Asked, outcome: Outcome) -> Receipt:
    if isinstance(outcome, Refused):
        return refusal(asked, outcome.error)
    return receipt(asked, outcome, case_no=None, journey=None)


def _bodies(command: object) -> Sequence[str]:
    match command:
        case wire.PublishItem():
            return (command.body_uscc,)
        case wire.RegisterVenue():
            return command.mandates
        case wire.RegisterPartner(body_uscc=str(body)):
            return (body,)
        case _:
            return ()


def _order(asked: Asked, regions: dict[str, str]) -> Order[catalogue.CatalogueCommand]:
    command = cast(wire.CatalogueCommand, asked.command)
    kind, name, made = _decided_by(command, asked.now, regions)
    return Order(f"{kind}-{name}", f"{kind}:{name}", made, asked.context())


def _decided_by(
    command: wire.CatalogueCommand, now: datetime, regions: dict[str, str]
) -> tuple[str, str, catalogue.CatalogueCommand]:
    match command:
        case wire.PublishItem():
            return "item", command.item_code, catalogue.PublishItem(now, command, regions.get(command.body_uscc))
        case wire.RetireItem():
            return "item", command.item_code, catalogue.RetireItem(now, command)
        case wire.RegisterBody():
            return "body", command.body_uscc, catalogue.RegisterBody(now, command)
        case wire.RegisterVenue():
            return "venue", command.venue_id, catalogue.RegisterVenue(now, command, frozenset(regions))
        case wire.PublishCalendar():
            return "calendar", str(command.year), catalogue.PublishCalendar(now, command)
        case wire.RegisterPartner():
            known = command.body_uscc in regions
            return "partner", command.partner, catalogue.RegisterPartner(now, command, known)
        case _:
            assert_never(command)


@dataclass(frozen=True, slots=True)
class _Look:
    """Not a command at all: lets the log lock and load a stream, and changes nothing."""

    now: datetime
    stream: str


def _looking(stream: str, at: datetime) -> Order[_Look]:
    seed = timer_id(stream, None, "look", at)
    return Order(stream, stream, _Look(at, stream), Context(seed, TIMEKEEPER, seed, seed, "look"))


async def rearm(tx: Tx, year: int, calendars: Calendars) -> int:
    """Set the timers of silence anew where a calendar of `year` moves them; returns how many journeys were looked at.

    The timers that wait are rows computed with the calendar of their day. They are replaced in the transaction that
    publishes the new one, so that at every instant rows and calendars agree.
    """
    first, last = start_of_day(date(year, 1, 1)), start_of_day(date(year + 1, 1, 1)) + _SILENCE_MAX
    rows = await tx.fetch("SELECT DISTINCT stream FROM due WHERE kind = $1 AND due_at >= $2 AND due_at < $3", DEEMED, first, last)
    streams = sorted(row["stream"] for row in rows)
    found: dict[str, frozenset[Timer]] = {}

    def look(command: _Look, state: Journey) -> list[object]:
        found[command.stream] = timers(state, calendars)
        return []

    looker: Decider[_Look, Journey] = Decider(Journey(), look, evolve)
    await tx.act(looker, [_looking(stream, first) for stream in streams])
    moved = [(stream, timer) for stream, waits in found.items() for timer in waits if timer.kind == DEEMED]
    await tx.execute("DELETE FROM due WHERE kind = $1 AND stream = ANY($2)", DEEMED, streams)
    await tx.executemany(
        "INSERT INTO due (stream, case_no, kind, due_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        [(stream, timer.case_no or "", timer.kind, timer.due_at) for stream, timer in moved],
    )
    return len(streams)
