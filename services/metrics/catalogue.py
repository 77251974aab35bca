"""The catalogue as metrics knows it: each item's versions, and F1, how much of it promises at most one visit.

Coverage speaks of items and never of journeys. Counted are main items that are eligible for the promise and active on the
day asked; a unit is the whole of items of one level in one region. The province's figure is a ratio of sums; beside it
stands the mean per unit, which is what the published series of the reform report.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import orjson

from services.metrics.facts import day_of, ms_of
from services.metrics.view import Unknown, View


class Published(NamedTuple):
    """One version of an item. Days are ordinals."""

    known: int
    offset: int
    at: int
    version: int
    basic: str
    name_zh: str
    name_en: str
    main: bool
    level: int
    body: str
    region: str
    declared: int
    eligible: bool
    exception: str | None
    effective: int


class Retired(NamedTuple):
    """The item leaves the catalogue from a day on."""

    known: int
    offset: int
    at: int
    effective: int


class Registered(NamedTuple):
    """A body or a venue with its names."""

    known: int
    offset: int
    at: int
    name_zh: str
    name_en: str
    region: str


class Kept(NamedTuple):
    """Something of the catalogue that no figure rests on."""

    known: int
    offset: int
    at: int
    type: str


Turn: TypeAlias = Published | Retired
"""A fact that changes which version of its item is in force."""
CatalogueFact = Turn | Registered | Kept
_CODES: dict[type[Any], str] = {Published: "p", Retired: "r", Registered: "b", Kept: "k"}
_KINDS: dict[str, type[Any]] = {code: kind for kind, code in _CODES.items()}


class CatalogueRow(NamedTuple):
    """One item, body, venue, year or partner: the n-th fact is its event of sequence n."""

    key: str
    facts: tuple[CatalogueFact, ...] = ()

    @property
    def code(self) -> str:
        """What the key names, without the kind of thing it is."""
        return self.key.partition(":")[2]

    @property
    def turns(self) -> dict[int, Turn]:
        """Its versions and retirements by the sequence of their events, if this is an item."""
        return {n: fact for n, fact in enumerate(self.facts, 1) if isinstance(fact, Published | Retired)}

    @property
    def newest(self) -> Published | None:
        """The last version that was published, if this is an item."""
        return next((fact for fact in reversed(self.facts) if isinstance(fact, Published)), None)

    @property
    def registered(self) -> Registered | None:
        """The names of the body or venue, if this is one."""
        return next((fact for fact in reversed(self.facts) if isinstance(fact, Registered)), None)

    def in_effect(self, day: int, known_to: int | None = None) -> Published | None:
        """The version in effect on `day`, by what was known up to the end of day `known_to`; None if retired or not yet there."""
        turns = self.turns.values()
        return in_force((turn, turn.effective <= day) for turn in turns if known_to is None or turn.known <= known_to)


def in_force(turns: Iterable[tuple[Turn, bool]]) -> Published | None:
    """The version in force after an item's turns, each with whether it is in effect yet.

    A retirement right after another one moves it, as in intake's register: what the older one ended goes on until the newer.
    """
    found: Published | None = None
    ends: Published | None = None
    was_retired = False
    for turn, has_begun in turns:
        if isinstance(turn, Published):
            found = turn if has_begun else found
        else:
            ends = ends if was_retired else found
            found = None if has_begun else ends
        was_retired = isinstance(turn, Retired)
    return found


def fold(row: CatalogueRow, event: View | Unknown, offset: int) -> CatalogueRow:
    """The row after `event`; one that is not the next of its stream adds nothing, and at most says where it stands now."""
    sequence, head = event["sequence"], len(row.facts)
    if sequence == head + 1:
        return CatalogueRow(row.key, (*row.facts, _fact(event, offset)))
    if not 0 < sequence <= head or row.facts[sequence - 1].offset == offset:
        return row
    moved = row.facts[sequence - 1]._replace(offset=offset)
    return CatalogueRow(row.key, (*row.facts[: sequence - 1], moved, *row.facts[sequence:]))


def _fact(event: View | Unknown, offset: int) -> CatalogueFact:
    start = (day_of(event["knowntime"]), offset, ms_of(event["time"]))
    data: Any = event.get("data", {})
    match event["type"]:
        case "gov.catalogue.service-item-published.v1":
            return Published(
                *start,
                data["version"],
                data["basic_code"],
                data["name_zh"],
                data["name_en"],
                data["main_item"],
                data["level"],
                data["body_uscc"],
                data["body_region"],
                data["declared_visits"],
                data["roam_eligible"],
                data.get("exception_reason"),
                data["effective_from"].toordinal(),
            )
        case "gov.catalogue.service-item-retired.v1":
            return Retired(*start, data["effective_from"].toordinal())
        case "gov.catalogue.body-registered.v1" | "gov.catalogue.venue-registered.v1":
            return Registered(*start, data["name_zh"], data["name_en"], data["region"])
        case other:
            return Kept(*start, other)


def store(row: CatalogueRow) -> bytes:
    """The row's facts as compact JSON."""
    return orjson.dumps([(_CODES[type(fact)], *fact) for fact in row.facts])


def load(key: str, stored: bytes) -> CatalogueRow:
    """The row as it was stored."""
    facts: Sequence[Sequence[Any]] = orjson.loads(stored)
    return CatalogueRow(key, tuple(_KINDS[entry[0]](*entry[1:]) for entry in facts))


class Coverage(NamedTuple):
    """Items of one level: how many there are, and how many promise none or at most one visit."""

    level: int
    units: int
    items: int
    once: int
    zero: int
    exceptions: int
    exceptions_once: int


class Which(NamedTuple):
    """Of which items F1 is asked: of regions whose code begins so, and of one thing if it is named."""

    region: str = ""
    basic: str | None = None

    def holds(self, version: Published) -> bool:
        """Whether a version is one of them."""
        return version.region.startswith(self.region) and self.basic in (None, version.basic)


EVERY = Which()


def counts(version: Published) -> bool:
    """Whether a version belongs to the items that F1 speaks of."""
    return version.main and version.eligible


def adds(version: Published | None, reading: str, which: Which = EVERY) -> tuple[int, int]:
    """What a version adds above and below the line of F1's `reading`."""
    if version is None or not counts(version) or not which.holds(version):
        return 0, 0
    if reading == "once_less_exceptions" and version.exception is not None:
        return 0, 0
    return int(version.declared <= (0 if reading == "zero" else 1)), 1


def versions_on(rows: Iterable[CatalogueRow], day: int, known_to: int | None = None) -> list[Published | None]:
    """Of each row the version in effect on `day`, by what was known up to the end of day `known_to`."""
    return [row.in_effect(day, known_to) for row in rows]


def coverage(rows: Iterable[CatalogueRow], day: int, known_to: int | None = None, which: Which = EVERY) -> list[Coverage]:
    """F1 per level on `day`, lowest level number first."""
    return coverage_of(versions_on(rows, day, known_to), which)


def coverage_of(versions: Iterable[Published | None], which: Which) -> list[Coverage]:
    """F1 per level over the versions in effect on a day."""
    by_level: dict[int, list[Published]] = {}
    for version in versions:
        if version is not None and counts(version) and which.holds(version):
            by_level.setdefault(version.level, []).append(version)
    return [_covered(level, by_level[level]) for level in sorted(by_level)]


def _covered(level: int, versions: Sequence[Published]) -> Coverage:
    return Coverage(
        level=level,
        units=len({version.region for version in versions}),
        items=len(versions),
        once=sum(version.declared <= 1 for version in versions),
        zero=sum(version.declared == 0 for version in versions),
        exceptions=sum(version.exception is not None for version in versions),
        exceptions_once=sum(version.exception is not None and version.declared <= 1 for version in versions),
    )
