"""Who approved more time: the head of the body, who is signed in, or whom a department's program names (Licensing Law Art. 42)."""

from __future__ import annotations

from services.approval.refusals import APPROVED_BY_ANOTHER, APPROVED_BY_SELF, APPROVER_MISSING, ONLY_THE_HEAD
from shared.contracts.commands import Extend
from shared.eventsourcing.errors import RefusedError
from shared.runtime.auth import Caller, Staff


def approver_of(asked: Extend, caller: Caller, staff: Staff) -> str:
    """The pseudonym of whoever approved. Raises `RefusedError` unless that is the head who is signed in, or a program says who.

    An officer's token says who is a head; a department's program, and the importer of a history, vouch for whom they name.
    """
    if caller.role == "officer":
        return _own(asked, caller, staff)
    if asked.approver_no is not None:
        # Identity providers differ in whether a number's letters are told apart.
        if asked.approver_no.casefold() == caller.id.casefold():
            raise RefusedError(APPROVED_BY_SELF, field="approver_no")
        return staff.ref(asked.approver_no)
    if asked.approver is None:
        raise RefusedError(APPROVER_MISSING, field="approver_no")
    return asked.approver


def _own(asked: Extend, head: Caller, staff: Staff) -> str:
    if not head.head:
        raise RefusedError(ONLY_THE_HEAD)
    own = staff.ref(head.id)
    if asked.approver_no is not None and asked.approver_no.casefold() != head.id.casefold():
        raise RefusedError(APPROVED_BY_ANOTHER, field="approver_no")
    if asked.approver not in (None, own):
        raise RefusedError(APPROVED_BY_ANOTHER, field="approver")
    return own
