"""The facts a journey row keeps: what figures rest on, when government knew it, and where in Kafka it stands.

Every fact begins with `known` (local day on which it was known, as an ordinal), `offset` (of its record; the partition is
the row's) and `at` (when it occurred, in milliseconds since 1970). Days are ordinals of local dates in China.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DAY_MS = 86_400_000
_CHINA_MS = 8 * 3_600_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def day_of(instant: datetime) -> int:
    """The local day of `instant` as an ordinal."""
    return day_of_ms(ms_of(instant))


def ms_of(instant: datetime) -> int:
    """`instant` in whole milliseconds since 1970."""
    # A double holds microseconds exactly for three centuries, and this takes half the time of dividing timedeltas.
    return round(instant.timestamp() * 1_000_000) // 1_000


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
    """The journey began, with the first contact; `subject` is the pseudonym of whose it is, if known.

    A row that an older release wrote tells no first contact.
    """

    known: int
    offset: int
    at: int
    subject: str | None
    item: str
    basic: str
    region: str | None
    declared: int
    contact: int | None = None


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
# An older release stored no first contact, and `_make` knows no defaults.
_MAKERS["op"] = lambda stored: Opened(*stored)


def pack(facts: Sequence[Fact]) -> list[tuple[Any, ...]]:
    """Facts as plain tuples that JSON can carry; `unpack` reads them back."""
    return [(_CODES[type(fact)], *fact) for fact in facts]


def unpack(stored: Sequence[Sequence[Any]]) -> tuple[Fact, ...]:
    """Facts as they were packed."""
    return tuple([_MAKERS[entry[0]](entry[1:]) for entry in stored])
