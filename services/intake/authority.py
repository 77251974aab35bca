"""Who may do what: roles by command, and bodies and regions by case. Pure; the door has checked the token already."""

from __future__ import annotations

from collections.abc import Iterable

from services.intake.commands import Venue
from services.intake.refusals import NOT_COMPETENT, NOT_YOUR_VENUE, NOT_YOURS, ROLE_MAY_NOT
from services.intake.state import CaseFile
from shared.contracts import commands as wire
from shared.contracts.base import Command
from shared.contracts.envelope import Actor, Role
from shared.eventsourcing.errors import RefusedError

_DESK: frozenset[Role] = frozenset({"clerk", "officer", "importer"})
_APPLICANT: frozenset[Role] = _DESK | {"portal"}
_BODY: frozenset[Role] = _DESK | {"department"}
_CATALOGUE: frozenset[Role] = frozenset({"operator", "importer"})

ROLES: dict[type[Command], frozenset[Role]] = {
    wire.PublishItem: _CATALOGUE,
    wire.RetireItem: _CATALOGUE,
    wire.RegisterBody: _CATALOGUE,
    wire.RegisterVenue: _CATALOGUE,
    wire.PublishCalendar: _CATALOGUE,
    wire.RegisterPartner: _CATALOGUE,
    wire.RecordVisit: _APPLICANT,
    wire.VoidVisit: _DESK,
    wire.AttributeVisit: _DESK,
    wire.SubmitApplication: _APPLICANT,
    wire.Withdraw: _APPLICANT,
    wire.SubmitCorrection: _APPLICANT,
    wire.Receive: _DESK,
    wire.IssueCorrection: _DESK,
    wire.Accept: _BODY,
    wire.NotAccept: _BODY,
    wire.OfferCustody: _DESK,
    wire.AcceptCustody: _BODY,
    wire.ReturnCustody: _BODY,
    wire.WithdrawCustodyOffer: _DESK,
    wire.Deliver: _DESK,
    wire.ReportHistory: frozenset({"importer"}),
}
"""The roles that may ask for each command. A role that is not named may not."""

# An importer replays what others did; a portal was compared with the case's own submitter before the rules are asked.
_UNBOUND: frozenset[Role] = frozenset({"importer", "portal", "service", "timekeeper"})


def role_refused(role: Role, command: type[Command]) -> RefusedError | None:
    """Why `role` may not ask for `command`; None if it may."""
    return None if role in ROLES.get(command, frozenset()) else RefusedError(ROLE_MAY_NOT)


def require_role(role: Role, command: type[Command]) -> None:
    """Raises `RefusedError` unless `role` may ask for `command`."""
    refused = role_refused(role, command)
    if refused is not None:
        raise refused


def covers(region: str, place: str) -> bool:
    """Whether the division `region` contains the division `place`, by GB/T 2260 prefixes."""
    width = 2 if region.endswith("0000") else 4 if region.endswith("00") else 6
    return place[:width] == region[:width]


def _is_bound_to(by: Actor, bodies: Iterable[str], regions: Iterable[str]) -> bool:
    if by.role in _UNBOUND:
        return True
    if by.body is not None:
        return by.body in bodies
    return by.region is not None and any(covers(by.region, region) for region in regions)


def _require(by: Actor, bodies: Iterable[str], regions: Iterable[str]) -> None:
    if not _is_bound_to(by, bodies, regions):
        raise RefusedError(NOT_YOURS)


def require_party(by: Actor, file: CaseFile) -> None:
    """The holder, the body that decides, or the place where it was handed in: for what is done with the applicant."""
    terms, held = file.terms, file.custody
    _require(
        by,
        (held.body, terms.handling_body, terms.receiving_body),
        (held.region, terms.handling_region, terms.receiving_region),
    )


def require_handler(by: Actor, file: CaseFile) -> None:
    """The holder or the body that decides."""
    terms, held = file.terms, file.custody
    _require(by, (held.body, terms.handling_body), (held.region, terms.handling_region))


def require_holder(by: Actor, file: CaseFile) -> None:
    """The body that holds the case, and nobody else."""
    _require(by, (file.custody.body,), (file.custody.region,))


def require_body(by: Actor, body: str, region: str) -> None:
    """One named body, or staff of no body whose region covers that body's."""
    _require(by, (body,), (region,))


def may_use(by: Actor, venue: Venue) -> bool:
    """Whether the venue lies in the region of `by`."""
    return by.role in _UNBOUND or (by.region is not None and covers(by.region, venue.region))


def require_venue(by: Actor, venue: Venue) -> None:
    """Raises `RefusedError` unless the venue lies in the region of `by`."""
    if not may_use(by, venue):
        raise RefusedError(NOT_YOUR_VENUE)


def is_mandated(by: Actor, file: CaseFile, window: Venue | None) -> bool:
    """Whether `by` stands at a window that may accept for the body that decides. To name such a window is not enough."""
    return window is not None and file.terms.handling_body in window.mandates and may_use(by, window)


def require_competent(by: Actor, file: CaseFile, window: Venue | None) -> None:
    """Who may accept: the body that decides while it holds the case, or a window that it mandated."""
    if is_mandated(by, file, window):
        return
    terms = file.terms
    require_handler(by, file)
    if file.custody.body != terms.handling_body:
        raise RefusedError(NOT_COMPETENT, state="held-by-another-body")
    # Whoever is in charge of a region and of no body helps its bodies along; what begins a body's clock, the body does.
    if by.role not in _UNBOUND and by.body != terms.handling_body:
        raise RefusedError(NOT_COMPETENT)


def require_receiver(by: Actor, file: CaseFile, window: Venue | None) -> None:
    """Who may take materials in: those whose case it is; and a window of the holder's region, for every body there."""
    at_home = window is not None and may_use(by, window) and by.region is not None and covers(by.region, file.custody.region)
    if not at_home:
        require_party(by, file)
