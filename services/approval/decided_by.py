"""Who decided: the officer who is signed in, or whom a department's program names."""

from __future__ import annotations

from services.approval.refusals import DECIDED_BY_ANOTHER, OFFICER_MISSING
from shared.contracts.commands import Decide
from shared.eventsourcing.errors import RefusedError
from shared.runtime.auth import Caller, Staff


def officer_of(asked: Decide, caller: Caller, staff: Staff) -> str:
    """The pseudonym of whoever decided. Raises `RefusedError` if an officer names somebody else, or a program nobody.

    An officer's token says who it is; a department's program, and the importer of a history, vouch for the pseudonyms they send.
    """
    if caller.role == "officer":
        own = staff.ref(caller.id)
        if asked.officer_ref not in (None, own):
            raise RefusedError(DECIDED_BY_ANOTHER, field="officer_ref")
        return own
    if asked.officer_ref is None:
        raise RefusedError(OFFICER_MISSING, field="officer_ref")
    return asked.officer_ref
