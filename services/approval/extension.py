"""Who approved more time: somebody else than who asks for it (Licensing Law Art. 42: the head of the body)."""

from __future__ import annotations

from services.approval.refusals import APPROVED_BY_SELF, APPROVER_MISSING
from shared.contracts.commands import Extend
from shared.eventsourcing.errors import RefusedError
from shared.runtime.auth import Caller, staff_ref


def approver_of(asked: Extend, caller: Caller) -> str:
    """The pseudonym of whoever approved. Raises `RefusedError` if nobody did, or the caller.

    An officer gives a staff number, so that nobody hides behind a pseudonym of their own making; a department's program
    vouches for the pseudonyms it sends.
    """
    if asked.approver_no is not None:
        # Identity providers differ in whether a number's letters are told apart.
        if asked.approver_no.casefold() == caller.id.casefold():
            raise RefusedError(APPROVED_BY_SELF, field="approver_no")
        return staff_ref(asked.approver_no)
    if asked.approver is None or caller.role == "officer":
        raise RefusedError(APPROVER_MISSING, field="approver_no")
    return asked.approver
