"""The facts a journey row keeps: what figures rest on, when government knew it, and where in Kafka it stands.

Every fact begins with `known` (local day on which it was known, as an ordinal), `offset` (of its record; the partition is
the row's) and `at` (when it occurred, in milliseconds since 1970). Days are ordinals of local dates in China.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from services.metrics.view import Unknown, View
from shared.reference.deadlines import CHINA

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DAY_MS = 86_400_000
_CHINA_MS = 8 * 3_600_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def day_of(instant: datetime) -> int:
    """The local day of `instant` as an ordinal."""
    return instant.astimezone(CHINA).toordinal()


def ms_of(instant: datetime) -> int:
    """`instant` in whole milliseconds since 1970."""
    return (instant - _EPOCH) // _MILLISECOND


def day_of_ms(at: int) -> int:
    """The local day of a number of milliseconds since 1970."""
    return (at + _CHINA_MS) // _DAY_MS + _EPOCH_DAY


def instant_of_ms(at: int) -> datetime:
    """The instant of a number of milliseconds since 1970, in UTC."""
    return _EPOCH + at * _MILLISECOND


class Noted(NamedTuple):
    """Something happened that moves no figure."""

    known: int
    offset: int
    at: int
    type: str


class Opened(NamedTuple):
    """The journey began; `subject` is the pseudonym of whose it is, if known."""

    known: int
    offset: int
    at: int
    subject: str | None
    item: str
    basic: str
    region: str | None
    declared: int


class Visited(NamedTuple):
    """Somebody came to a venue."""

    known: int
    offset: int
    at: int
    visit: str
    subject: str | None
    venue: str
    region: str
    venue_kind: str
    day: int
    by: str
    person: str | None
    purpose: str
    outcome: str
    cause: str
    responsible: str
    item: str


class Voided(NamedTuple):
    """A visit no longer counts."""

    known: int
    offset: int
    at: int
    visit: str


class Completed(NamedTuple):
    """The journey is over."""

    known: int
    offset: int
    at: int
    outcome: str
    day: int


class Submitted(NamedTuple):
    """An application with what was frozen into it."""

    known: int
    offset: int
    at: int
    case: str
    item: str
    basic: str
    declared: int
    statutory_wd: int
    channel: str
    virtual: bool
    applicant_region: str
    body: str
    receiving_region: str
    handling_region: str
    handling_level: int


class Noticed(NamedTuple):
    """A correction notice; the second one is a departure from duty."""

    known: int
    offset: int
    at: int
    case: str
    ordinal: int


class OffList(NamedTuple):
    """A demand outside the item's list was refused."""

    known: int
    offset: int
    at: int
    case: str


class Ended(NamedTuple):
    """A case ended without a decision."""

    known: int
    offset: int
    at: int
    case: str
    type: str


class Accepted(NamedTuple):
    """The case was accepted, and the accepting body holds it."""

    known: int
    offset: int
    at: int
    case: str
    body: str
    region: str
    day: int


class Offered(NamedTuple):
    """Custody was offered to another body."""

    known: int
    offset: int
    at: int
    case: str
    handover: str
    from_region: str
    body: str
    to_region: str
    due: int


class OfferEnded(NamedTuple):
    """An offer of custody was accepted, returned or withdrawn."""

    known: int
    offset: int
    at: int
    case: str
    handover: str
    how: str


class Delivered(NamedTuple):
    """The result of a case is in the applicant's hand."""

    known: int
    offset: int
    at: int
    case: str
    day: int


class Taken(NamedTuple):
    """Approval took the case with its limits."""

    known: int
    offset: int
    at: int
    case: str
    statutory_wd: int


class Decided(NamedTuple):
    """The case was decided."""

    known: int
    offset: int
    at: int
    case: str
    outcome: str
    day: int
    net_wd_used: int
    on_time: bool
    statutory_met: bool


class Carded(NamedTuple):
    """A yellow or red card was issued."""

    known: int
    offset: int
    at: int
    case: str
    colour: str


Fact = (
    Noted
    | Opened
    | Visited
    | Voided
    | Completed
    | Submitted
    | Noticed
    | OffList
    | Ended
    | Accepted
    | Offered
    | OfferEnded
    | Delivered
    | Taken
    | Decided
    | Carded
)

_CODES: dict[type[Any], str] = {
    Noted: "n",
    Opened: "op",
    Visited: "v",
    Voided: "vv",
    Completed: "co",
    Submitted: "su",
    Noticed: "no",
    OffList: "of",
    Ended: "en",
    Accepted: "ac",
    Offered: "cu",
    OfferEnded: "ce",
    Delivered: "de",
    Taken: "ta",
    Decided: "dc",
    Carded: "ca",
}
_MAKERS: dict[str, Callable[[Sequence[Any]], Any]] = {code: kind._make for kind, code in _CODES.items()}
_INTAKE = "gov.intake."
_APPROVAL = "gov.approval."

_Start = tuple[int, int, int]
_Maker = Callable[[_Start, Any, str], Any]


def _opened(start: _Start, data: Any, _: str) -> Opened:
    get = data.get
    return Opened(
        *start, get("subject_ref"), data["item_code"], data["basic_code"], get("applicant_region"), data["declared_visits"]
    )


def _visited(start: _Start, data: Any, _: str) -> Visited:
    get = data.get
    return Visited(
        *start,
        data["visit_id"],
        get("subject_ref"),
        data["venue_id"],
        data["venue_region"],
        data["venue_kind"],
        data["local_date"].toordinal(),
        data["by"],
        get("person_ref"),
        data["purpose"],
        data["outcome"],
        data["cause"],
        data["responsible"],
        data["item_code"],
    )


def _submitted(start: _Start, data: Any, _: str) -> Submitted:
    return Submitted(
        *start,
        data["case_no"],
        data["item_code"],
        data["basic_code"],
        data["declared_visits"],
        data["statutory_wd"],
        data["channel"],
        data["virtual"],
        data["applicant_region"],
        data["receiving_body"],
        data["receiving_region"],
        data["handling_region"],
        data["handling_level"],
    )


def _offered(start: _Start, data: Any, _: str) -> Offered:
    return Offered(
        *start,
        data["case_no"],
        data["handover_no"],
        data["from_region"],
        data["to_body"],
        data["to_region"],
        data["due"].toordinal(),
    )


def _decided(start: _Start, data: Any, _: str) -> Decided:
    return Decided(
        *start,
        data["case_no"],
        data["outcome"],
        day_of(data["decided_at"]),
        data["net_wd_used"],
        data["on_time"],
        data["statutory_met"],
    )


def _accepted(start: _Start, data: Any, _: str) -> Accepted:
    return Accepted(*start, data["case_no"], data["accepted_body"], data["accepted_region"], day_of(data["accepted_at"]))


def _voided(start: _Start, data: Any, _: str) -> Voided:
    return Voided(*start, data["visit_id"])


def _completed(start: _Start, data: Any, _: str) -> Completed:
    return Completed(*start, data["outcome"], day_of(data["completed_at"]))


def _noticed(start: _Start, data: Any, _: str) -> Noticed:
    return Noticed(*start, data["case_no"], data["ordinal"])


def _off_list(start: _Start, data: Any, _: str) -> OffList:
    return OffList(*start, data["case_no"])


def _ended(start: _Start, data: Any, name: str) -> Ended:
    return Ended(*start, data["case_no"], name)


def _delivered(start: _Start, data: Any, _: str) -> Delivered:
    return Delivered(*start, data["case_no"], day_of(data["delivered_at"]))


def _taken(start: _Start, data: Any, _: str) -> Taken:
    return Taken(*start, data["case_no"], data["statutory_wd"])


def _offer_ended(how: str) -> _Maker:
    return lambda start, data, _: OfferEnded(*start, data["case_no"], data["handover_no"], how)


def _carded(colour: str) -> _Maker:
    return lambda start, data, _: Carded(*start, data["case_no"], colour)


_FACT_MAKERS: dict[str, _Maker] = {
    _INTAKE + "journey-opened.v1": _opened,
    _INTAKE + "visit-recorded.v1": _visited,
    _INTAKE + "visit-voided.v1": _voided,
    _INTAKE + "journey-completed.v1": _completed,
    _INTAKE + "application-submitted.v1": _submitted,
    _INTAKE + "correction-notice-issued.v1": _noticed,
    _INTAKE + "off-list-demand-refused.v1": _off_list,
    _INTAKE + "application-not-accepted.v1": _ended,
    _INTAKE + "application-withdrawn.v1": _ended,
    _INTAKE + "withdrawal-noted.v1": _ended,
    _INTAKE + "application-accepted.v1": _accepted,
    _INTAKE + "custody-offered.v1": _offered,
    _INTAKE + "custody-accepted.v1": _offer_ended("accepted"),
    _INTAKE + "custody-returned.v1": _offer_ended("returned"),
    _INTAKE + "custody-offer-withdrawn.v1": _offer_ended("withdrawn"),
    _INTAKE + "result-delivered.v1": _delivered,
    _APPROVAL + "case-taken.v1": _taken,
    _APPROVAL + "decision-made.v1": _decided,
    _APPROVAL + "yellow-card-issued.v1": _carded("yellow"),
    _APPROVAL + "red-card-issued.v1": _carded("red"),
}


def fact_of(view: View | Unknown, offset: int) -> Fact:
    """The fact that an event of a journey leaves in its row."""
    start = (day_of(view["knowntime"]), offset, ms_of(view["time"]))
    name = view["type"]
    make = _FACT_MAKERS.get(name)
    if make is None:
        return Noted(*start, name)
    made: Fact = make(start, view["data"], name)  # type: ignore[typeddict-item]
    return made


def pack(facts: Sequence[Fact]) -> list[tuple[Any, ...]]:
    """Facts as plain tuples that JSON can carry; `unpack` reads them back."""
    return [(_CODES[type(fact)], *fact) for fact in facts]


def unpack(stored: Sequence[Sequence[Any]]) -> tuple[Fact, ...]:
    """Facts as they were packed."""
    return tuple([_MAKERS[entry[0]](entry[1:]) for entry in stored])
