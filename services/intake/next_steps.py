"""What may be done next with a case, by whom, and until when. Pure; the decider has the last word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from services.intake.acceptance import clock_start
from services.intake.authority import (
    require_body,
    require_competent,
    require_handler,
    require_holder,
    require_party,
    require_receiver,
)
from services.intake.commands import Venue
from services.intake.state import Accepted, Case, Decided, InCorrection, Received, Submitted
from shared.contracts.envelope import Actor
from shared.eventsourcing.errors import RefusedError
from shared.reference.calendar import Calendars
from shared.reference.deadlines import CORRECTION_NOTICE_WD, DELIVERY_WD, local_date


@dataclass(frozen=True, slots=True)
class Next:
    """What happens next: the step's name, the body that has to act (None: the applicant), and the last day, if any."""

    step: str
    body: str | None
    due: date | None = None


def next_of(case: Case, changed_at: datetime, due: date | None, calendars: Calendars) -> Next | None:
    """What a case waits for; None once it is over. `due` is the day that its situation itself names."""
    file = case.file
    offer = file.custody.offer
    match case:
        # A record may hold an offer that was never answered although its case is over.
        case Submitted() | Received() | InCorrection() if offer is not None:
            return Next("answer-offer", offer.to_body, offer.due)
        case Submitted():
            return Next("receive", file.custody.body)
        case Received():
            begun = clock_start(case)
            last = None if begun is None else calendars.add_working_days(local_date(begun), CORRECTION_NOTICE_WD)
            return Next("accept", file.custody.body, last)
        case InCorrection():
            return Next("bring", None, file.notices[-1].due)
        case Accepted():
            return Next("decide", file.custody.body, due)
        case Decided():
            return Next("deliver", file.custody.body, calendars.add_working_days(local_date(changed_at), DELIVERY_WD))
        case _:
            return None


def provisional(waits: Next, changed_at: datetime, calendars: Calendars) -> int | None:
    """The year whose calendar may still move the day of what happens next; None where it stands.

    The day of an offer or of a notice was told to whoever has to answer, and stays as it was told.
    """
    if waits.due is None or waits.step in ("answer-offer", "bring"):
        return None
    return calendars.provisional_year(local_date(changed_at), waits.due)


def steps_for(by: Actor, case: Case, window: Venue | None) -> list[str]:
    """The commands that `by`, at this window, would not be refused for lack of right or situation."""
    return [command for command, allowed in _candidates(by, case, window) if _holds(allowed)]


def _candidates(by: Actor, case: Case, window: Venue | None) -> Iterator[tuple[str, Callable[[], object]]]:
    file = case.file
    offer = file.custody.offer
    if isinstance(case, Submitted):
        yield "receive", lambda: require_receiver(by, file, window)
    if isinstance(case, Received | InCorrection):
        yield "issue-correction", lambda: require_handler(by, file)
    if isinstance(case, InCorrection):
        yield "submit-correction", lambda: require_party(by, file)
    if isinstance(case, Received) and offer is None:
        yield "accept", lambda: require_competent(by, file, window)
    if isinstance(case, Submitted | Received | InCorrection):
        if offer is None:
            yield "offer-custody", lambda: require_holder(by, file)
            yield "not-accept", lambda: require_handler(by, file)
        else:
            yield "accept-custody", lambda: require_body(by, offer.to_body, offer.to_region)
            yield "return-custody", lambda: require_body(by, offer.to_body, offer.to_region)
            yield "withdraw-custody-offer", lambda: require_holder(by, file)
        yield "withdraw", lambda: require_party(by, file)
    if isinstance(case, Decided):
        yield "deliver", lambda: require_party(by, file)


def _holds(allowed: Callable[[], object]) -> bool:
    try:
        allowed()
    except RefusedError:
        return False
    return True
