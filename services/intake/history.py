"""Somebody else's log, row by row: kept as it was reported, never refused for breaking a rule of ours, waiting for nothing.

A row's identity is a function of where it stands in which file, so importing a log again, or half of it, adds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.intake.authority import role_refused
from shared.contracts import commands as wire
from shared.contracts.ids import history_id, history_journey, journey_stream
from shared.contracts.ingress import Receipt
from shared.contracts.intake import HistoryReported
from shared.eventsourcing.decider import Decider
from shared.eventsourcing.plan import Context, Order, Outcome
from shared.postgres.event_log import Tx
from shared.runtime.auth import Staff
from shared.runtime.requests import Asked, receipt, refusal


@dataclass(frozen=True, slots=True)
class Report:
    """Keep one row."""

    now: datetime
    row: HistoryReported


def keep_row(command: Report, _: None) -> list[HistoryReported]:
    """A report of a fact is recorded."""
    return [command.row]


def _nothing(_: None, __: HistoryReported, ___: datetime) -> None:
    return None


HISTORY: Decider[Report, None] = Decider(None, keep_row, _nothing, looks_back=False)


async def report(tx: Tx, requests: Sequence[Asked], staff: Staff) -> list[Receipt]:
    """Record rows, each on the stream of its case, and answer each one. Who may not report stops nobody who may."""
    judged = [(asked, role_refused(asked.caller.role, wire.ReportHistory)) for asked in requests]
    orders = [_order(asked, staff) for asked, refused in judged if refused is None]
    decided = zip(orders, await tx.act(HISTORY, orders), strict=True)
    return [_told(asked, *next(decided)) if refused is None else refusal(asked, refused) for asked, refused in judged]


def _told(asked: Asked, order: Order[Report], outcome: Outcome) -> Receipt:
    return receipt(asked, outcome, case_no=None, journey=order.key)


def _order(asked: Asked, staff: Staff) -> Order[Report]:
    row = asked.command
    assert isinstance(row, wire.ReportHistory)
    journey = history_journey(row.origin, row.region, row.case_ref)
    identity = history_id(row.origin, row.region, row.case_ref, row.file, row.row, row.rule)
    context = Context(identity, asked.caller.actor(staff), identity, identity, known=asked.known)
    # The command's fields are the fact's, and were validated at the door.
    return Order(journey_stream(journey), str(journey), Report(asked.now, HistoryReported.model_construct(**row.__dict__)), context)
