"""One function per request or reaction: read, decide, append, and keep the worklist in step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.approval import calendars, incoming, names, worklist
from services.approval.calendars import SERVICE
from services.approval.commands import (
    CaseCommand,
    Command,
    Decide,
    EndSpecialProcedure,
    Extend,
    StartSpecialProcedure,
    TakeCase,
    WithdrawCase,
)
from services.approval.decided_by import officer_of
from services.approval.decider import journey_decider
from services.approval.extension import approver_of
from services.approval.refusals import UNKNOWN_CASE, UNKNOWN_PARTNER, WITHDRAWN_AT_THE_BODY
from services.approval.state import Journey
from shared.contracts import commands as wire
from shared.contracts.catalogue import BodyRegistered, PartnerRegistered, ServiceItemPublished, WorkingCalendarPublished
from shared.contracts.envelope import Envelope, Role
from shared.contracts.ids import ingress_id, journey_stream
from shared.contracts.ingress import Receipt
from shared.contracts.intake import ApplicationAccepted
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.errors import RefusedError
from shared.eventsourcing.plan import Context, Order
from shared.postgres.event_log import Tx
from shared.postgres.ingress_inbound import Delivered
from shared.runtime.auth import Caller, Staff, require, require_body
from shared.runtime.requests import Asked, receipt, refusal
from shared.runtime.timekeeper import Clockwork
from shared.telemetry import clock

_WITHDRAWERS: tuple[Role, ...] = ("clerk", "officer", "importer")
_APPLICANTS: tuple[Role, ...] = ("citizen", "portal")
_OFFICERS: tuple[Role, ...] = ("officer", "department", "importer")


async def decider_for(tx: Tx) -> Decider[Command, Journey]:
    """The decider under the calendars of this transaction."""
    return journey_decider((await calendars.held(tx)).calendars)


CLOCKWORK = Clockwork(decider_for, calendars.behind, calendars.catch_up, worklist.keep)


class Approval:
    """The service behind every door. `staff` makes the pseudonyms of whoever decides and approves."""

    def __init__(self, staff: Staff) -> None:
        self.staff = staff

    async def handle(self, tx: Tx, asked: Sequence[Asked]) -> Sequence[Receipt]:
        """Do what is asked, in order, and answer each request."""
        places = await worklist.places(tx, [request.command.case_no for request in asked])  # type: ignore[attr-defined]
        answers: dict[int, Receipt] = {}
        orders: dict[int, Order[Command]] = {}
        late: dict[UUID, tuple[int, datetime]] = {}
        for index, request in enumerate(asked):
            place = places.get(request.command.case_no)  # type: ignore[attr-defined]
            try:
                if place is None:
                    raise RefusedError(UNKNOWN_CASE, field="case_no")
                _authorise(request, place.body)
                command = _case_command(request, self.staff)
            except RefusedError as error:
                answers[index] = refusal(request, error)
                continue
            orders[index] = Order(journey_stream(place.journey), str(place.journey), command, request.context(self.staff))
            late.setdefault(place.journey, (place.computed_by, request.now))
        by = await calendars.held(tx)
        before = [by.recomputing(journey, at) for journey, (n, at) in late.items() if n < by.newest]
        outcomes = await tx.act(journey_decider(by.calendars), [*before, *orders.values()])
        for (index, order), outcome in zip(orders.items(), outcomes[len(before) :], strict=True):
            case_no = asked[index].command.case_no  # type: ignore[attr-defined]
            answers[index] = receipt(asked[index], outcome, case_no=case_no, journey=order.key)
        await worklist.keep(tx)
        return [answers[index] for index in range(len(asked))]

    async def handle_delivered(self, tx: Tx, delivered: Sequence[Delivered]) -> Sequence[Receipt]:
        """Do what departments ask on their own topics; the topic says who asks."""
        names = sorted({one.partner for one in delivered})
        rows = await tx.fetch("SELECT partner, body_uscc, region FROM partner WHERE partner = ANY($1)", names)
        callers = {r["partner"]: Caller("department", r["partner"], r["body_uscc"], r["region"]) for r in rows}
        now = clock.now()
        answers: dict[int, Receipt] = {}
        asked: dict[int, Asked] = {}
        for index, one in enumerate(delivered):
            caller = callers.get(one.partner) or Caller("department", one.partner)
            command_id = ingress_id(one.partner, one.ingress.id)
            request = Asked(caller, one.ingress.id, one.ingress.subject, command_id, one.ingress.command, now)
            if caller.body is None:
                answers[index] = refusal(request, RefusedError(UNKNOWN_PARTNER))
            else:
                asked[index] = request
        for index, reply in zip(asked, await self.handle(tx, list(asked.values())), strict=True):
            answers[index] = reply
        return [answers[index] for index in range(len(delivered))]


def _authorise(request: Asked, body: str) -> None:
    withdraws = isinstance(request.command, wire.WithdrawCase)
    if withdraws and request.caller.role in _APPLICANTS:
        # Whose case it is, and who handed it in, only intake knows.
        raise RefusedError(WITHDRAWN_AT_THE_BODY)
    require(request.caller, _WITHDRAWERS if withdraws else _OFFICERS)
    require_body(request.caller, body)


def _case_command(request: Asked, staff: Staff) -> CaseCommand:
    now, asked = request.now, request.command
    match asked:
        case wire.StartSpecialProcedure():
            return StartSpecialProcedure(now, asked.case_no, asked.kind, asked.basis, asked.expected_wd)
        case wire.EndSpecialProcedure():
            return EndSpecialProcedure(now, asked.case_no, asked.result)
        case wire.Extend():
            return Extend(now, asked.case_no, asked.days, approver_of(asked, request.caller, staff), asked.reason_code)
        case wire.Decide():
            return Decide(
                now,
                asked.case_no,
                officer_of(asked, request.caller, staff),
                asked.outcome,
                asked.document_no,
                asked.reason_codes,
                asked.remedies,
            )
        case wire.WithdrawCase():
            return WithdrawCase(now, asked.case_no, asked.reason_code)
        case _:
            raise AssertionError("the doors pass on this service's commands only")


async def react(tx: Tx, events: Sequence[Envelope[Any]]) -> None:
    """Take accepted cases, and keep what is offered, calendars, names and partners."""
    accepted: list[Order[Command]] = []
    if any(isinstance(event.data, WorkingCalendarPublished) for event in events):
        await calendars.exclude_readers(tx)
    await incoming.follow(tx, [event for event in events if isinstance(event.data, incoming.HEARD)])
    for event in events:
        match event.data:
            case ApplicationAccepted():
                take = TakeCase(event.time, event.data)
                context = Context.following(event, SERVICE, "take-case")
                accepted.append(Order(event.stream, event.key, take, context))
            case WorkingCalendarPublished():
                await calendars.keep(tx, event)
            case PartnerRegistered():
                await _register_partner(tx, event.data)
            case BodyRegistered() | ServiceItemPublished():
                await names.keep(tx, event.data)
            case _ if isinstance(event.data, incoming.HEARD):
                pass
            case _:
                raise AssertionError("the consumer passes on what this service is interested in only")
    await _take(tx, accepted)
    await worklist.keep(tx)


async def _take(tx: Tx, accepted: Sequence[Order[Command]]) -> None:
    if not accepted:
        return
    by = await calendars.held(tx)
    first = {UUID(order.key): order.command.now for order in reversed(accepted)}
    before = [by.recomputing(journey, first[journey]) for journey in await worklist.late(tx, list(first))]
    await tx.act(journey_decider(by.calendars), [*before, *accepted])


async def _register_partner(tx: Tx, partner: PartnerRegistered) -> None:
    if partner.kind == "department" and partner.body_uscc is not None:
        await tx.execute(
            "INSERT INTO partner (partner, body_uscc, region) VALUES ($1, $2, $3) "
            "ON CONFLICT (partner) DO UPDATE SET body_uscc = excluded.body_uscc, region = excluded.region",
            partner.partner,
            partner.body_uscc,
            partner.region,
        )
