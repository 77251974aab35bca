"""Catalogue commands: looked up, decided on the stream of their entry, and kept as rows in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never, cast

from services.intake import catalogue, register
from services.intake.authority import role_refused
from shared.contracts import commands as wire
from shared.contracts.ingress import Receipt
from shared.eventsourcing.plan import Order, Outcome, Refused
from shared.postgres.event_log import Tx
from shared.runtime.auth import Staff
from shared.runtime.requests import Asked, receipt, refusal

COMMANDS = (
    wire.PublishItem,
    wire.RetireItem,
    wire.RegisterBody,
    wire.RegisterVenue,
    wire.PublishCalendar,
    wire.RegisterPartner,
)


async def handle(tx: Tx, requests: Sequence[Asked], staff: Staff) -> list[Receipt]:
    """Answer catalogue commands of one kind, in order."""
    # Judged first: whoever may not publish a calendar makes no reader of calendars wait.
    judged = [(asked, role_refused(asked.caller.role, type(asked.command))) for asked in requests]
    allowed = [asked for asked, refused in judged if refused is None]
    if any(isinstance(asked.command, wire.PublishCalendar) for asked in allowed):
        await register.exclude_readers_of_calendars(tx)
    regions = await register.regions_of(tx, {code for asked in allowed for code in _bodies(asked.command)})
    before = len(tx.appended)
    decided = iter(await tx.act(catalogue.CATALOGUE, [_order(asked, regions, staff) for asked in allowed]))
    await register.keep(tx, tx.appended[before:])
    return [_told(asked, next(decided) if refused is None else Refused(refused)) for asked, refused in judged]


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


def _order(asked: Asked, regions: dict[str, str], staff: Staff) -> Order[catalogue.CatalogueCommand]:
    command = cast(wire.CatalogueCommand, asked.command)
    kind, name, made = _decided_by(command, asked.now, regions)
    return Order(f"{kind}-{name}", f"{kind}:{name}", made, asked.context(staff))


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
