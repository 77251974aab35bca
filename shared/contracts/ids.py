"""Identities that are functions of their cause, so that hearing the same thing twice makes the same thing once."""

from __future__ import annotations

from base64 import b32encode
from datetime import date, datetime
from uuid import UUID, uuid5

from shared.contracts.base import wire_time

ITEM_CODE_MAX = 32
"""The longest code of an item whose case numbers fit into the 50 characters of GB/T 39046: day and letters take eighteen."""
_NAMESPACE = UUID("6f1d3c0a-5a0b-5d0e-9c54-7a4f3f0c2b11")


def reaction_id(cause: UUID, reaction: str, ordinal: int) -> UUID:
    """The id of the `ordinal`-th event that `reaction` makes of `cause`."""
    return uuid5(cause, f"{reaction}/{ordinal}")


def timer_id(stream: str, case_no: str | None, kind: str, due_at: datetime) -> UUID:
    """The id of the command that a timer issues; the same however often it fires."""
    return uuid5(_NAMESPACE, f"timer/{stream}/{case_no or ''}/{kind}/{wire_time(due_at)}")


def ingress_id(partner: str, client_id: str) -> UUID:
    """The id of a partner's message: the partner's own id within the partner's own space."""
    return uuid5(_NAMESPACE, f"ingress/{partner}/{client_id}")


def history_id(origin: str, municipality: str, case_ref: str, file: str, row: int, rule: str) -> UUID:
    """The id of one imported row; importing it again makes no second event."""
    return uuid5(_NAMESPACE, f"history/{origin}/{municipality}/{case_ref}/{file}/{row}/{rule}")


def history_journey(origin: str, municipality: str, case_ref: str) -> UUID:
    """The journey of an imported case: two municipalities may use the same case number."""
    return uuid5(_NAMESPACE, f"history-journey/{origin}/{municipality}/{case_ref}")


def intent_id(cause_event: UUID, template: str, recipient_role: str, channel: str) -> UUID:
    """The id of the one message owed for one cause, template, recipient role and channel."""
    return uuid5(cause_event, f"intent/{template}/{recipient_role}/{channel}")


def journey_stream(journey: UUID) -> str:
    """The stream of a journey; every service has one of that name."""
    return f"journey-{journey}"


def _letters(seed: UUID, count: int) -> str:
    return b32encode(seed.bytes).decode()[:count]


def case_no(item_code: str, day: date, command_id: UUID) -> str:
    """The case number: item code, local day of submission, and ten letters of the command's id (50 bits).

    A function of the command instead of a daily counter: no hot row, the same number on every retry, and a partner
    that submits in bulk can compute it before the answer arrives.
    """
    return f"{item_code}{day:%Y%m%d}{_letters(uuid5(command_id, 'case'), 10)}"


def item_of_case(case: str) -> str:
    """The item that a case number begins with; the inverse of `case_no`."""
    return case[: -len("YYYYMMDD") - 10]


def receipt_no(case: str) -> str:
    """The number printed on the applicant's receipt."""
    return f"S{_letters(uuid5(_NAMESPACE, f'receipt/{case}'), 12)}"


def journey_of_command(command_id: UUID) -> UUID:
    """The journey that a command opens when no open one fits."""
    return uuid5(command_id, "journey")
