"""Folding: delivered records become moved rows and cells. Pure; what must be read first and written afterwards is the store's.

A record is applied, a duplicate, ignored (its type is not known yet), parked (it comes too early, cannot be read by this
release, or its journey waits already) or a dead letter (it is no event at all). A parked journey stops nobody else.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.metrics import catalogue, journey
from services.metrics.catalogue import CatalogueRow
from services.metrics.journey import Draft, Row
from services.metrics.ledger import Known, Ledger, add, known, moved
from services.metrics.story import tell
from services.metrics.summary import Summary, Wait, summary, waits
from services.metrics.view import HISTORY, Sign, Unknown, View, read, sign
from shared.contracts.registry import EVENT_MODELS
from shared.contracts.topics import APPROVAL_EVENTS, CATALOGUE_EVENTS, INTAKE_EVENTS, NOTIFY_EVENTS
from shared.contracts.wire import UnreadableEventError
from shared.eventsourcing.claims import Claim
from shared.eventsourcing.records import Delivery, Place

_WRITER = {CATALOGUE_EVENTS: "intake", INTAKE_EVENTS: "intake", APPROVAL_EVENTS: "approval", NOTIFY_EVENTS: "notify"}


class Redelivered(NamedTuple):
    """A record out of a table instead of a topic."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    timestamp: int


class Parked(NamedTuple):
    """A record that waits with its journey, and why."""

    record: Delivery
    sign: Sign
    reason: str


class Report(NamedTuple):
    """A row of somebody else's log, for its own part of the projection."""

    record: Delivery
    event: View | Unknown


class Held(NamedTuple):
    """A journey in memory: its row, and what its columns show if that is known already."""

    known: Known
    shown: Summary | None = None


class Written(NamedTuple):
    """A journey's row as it is to be written, and those of its hand-overs that may have changed."""

    partition: int
    row: Row
    shown: Summary
    handovers: Sequence[Wait] = ()


@dataclass(slots=True)
class Counts:
    """What became of the records of one partition."""

    applied: int = 0
    duplicate: int = 0
    ignored: int = 0
    parked: int = 0
    dead_lettered: int = 0

    @property
    def consumed(self) -> int:
        return self.applied + self.duplicate + self.ignored + self.parked + self.dead_lettered

    def add(self, more: Counts) -> None:
        """Count what became of more records."""
        self.applied += more.applied
        self.duplicate += more.duplicate
        self.ignored += more.ignored
        self.parked += more.parked
        self.dead_lettered += more.dead_lettered


@dataclass(slots=True)
class Batch:
    """What one transaction will write."""

    moves: dict[Place, tuple[Claim, int]] = field(default_factory=dict)
    counts: dict[Place, Counts] = field(default_factory=dict)
    journeys: dict[str, Written] = field(default_factory=dict)
    cells: dict[int, Ledger] = field(default_factory=dict)
    catalogue: dict[str, tuple[int, CatalogueRow]] = field(default_factory=dict)
    parked: list[Parked] = field(default_factory=list)
    dead: list[tuple[Delivery, str]] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many records it disposes of."""
        return sum(counts.consumed for counts in self.counts.values()) + len(self.reports)


class Memory:
    """The newest rows, bounded; they may be ahead of the database by the batch in flight. Forgotten after any failure."""

    def __init__(self, journeys_max: int) -> None:
        self.journeys: OrderedDict[str, Held] = OrderedDict()
        self.catalogue: dict[str, CatalogueRow] = {}
        self.waiting: dict[str, set[tuple[str, int]]] = {}
        self._journeys_max = journeys_max

    def forget(self) -> None:
        """Drop everything: the database alone knows now."""
        self.journeys.clear()
        self.catalogue.clear()
        self.waiting.clear()

    def shrink(self) -> None:
        """Drop the journeys that were touched longest ago, never those of the newest batches."""
        while len(self.journeys) > self._journeys_max:
            self.journeys.popitem(last=False)

    def missing(self, records: Iterable[Delivery]) -> tuple[set[str], set[str]]:
        """The (journeys, catalogue keys) of `records` that are not in memory; those that are become the newest."""
        journeys: set[str] = set()
        entries: set[str] = set()
        for record in records:
            key = (record.key or b"").decode("utf-8", "replace")
            if record.topic == CATALOGUE_EVENTS:
                if key not in self.catalogue:
                    entries.add(key)
            elif key in self.journeys:
                self.journeys.move_to_end(key)
            else:
                journeys.add(key)
        return journeys, entries

    def remember(self, journeys: Iterable[tuple[str, bytes | None]], entries: Iterable[tuple[str, bytes | None]]) -> None:
        """Take rows from the database; None for those that do not exist yet."""
        for key, stored in journeys:
            self.journeys[key] = Held(known(Row(key) if stored is None else journey.load(key, stored)))
        for key, stored in entries:
            self.catalogue[key] = CatalogueRow(key) if stored is None else catalogue.load(key, stored)


class Folder:
    """Folds one batch over a memory that already holds every row it touches.

    The memory must hold the rows of this batch and of the one in flight; see `Memory.shrink`.
    """

    def __init__(self, memory: Memory) -> None:
        self.batch = Batch()
        self._memory = memory
        self._drafts: dict[str, Draft] = {}
        self._partitions: dict[str, int] = {}
        self._taken: dict[str, list[tuple[Delivery, Sign]]] = {}

    def fold(self, place: Place, held: Claim, records: Sequence[Delivery]) -> None:
        """Fold `records` of one partition, which begin at the claim's offset."""
        self.batch.moves[place] = (held, records[-1].offset + 1)
        counts = self.batch.counts.setdefault(place, Counts())
        for record in records:
            self._take(record, counts)

    def park(self, place: Place, held: Claim, record: Delivery, reason: str) -> None:
        """Let a record that could not be applied alone wait with its journey."""
        self.batch.moves[place] = (held, record.offset + 1)
        self._unreadable(record, self.batch.counts.setdefault(place, Counts()), reason)

    def bury(self, place: Place, held: Claim, record: Delivery) -> None:
        """Make a dead letter of a record that cannot even be parked."""
        self.batch.moves[place] = (held, record.offset + 1)
        self.batch.counts.setdefault(place, Counts()).dead_lettered += 1
        self.batch.dead.append((record, "unstorable"))

    def finish(self) -> Iterator[None]:
        """Turn touched rows into movements of cells; gives way now and then, since a large batch takes a while."""
        for done, (key, draft) in enumerate(self._drafts.items()):
            if draft.changed:
                try:
                    self._finish(key, draft.row())
                except Exception as error:
                    self._give_back(key, type(error).__name__)
            if done % 100 == 99:
                yield

    def _finish(self, key: str, row: Row) -> None:
        held, partition = self._memory.journeys[key], self._partitions[key]
        after, movement, story = moved(held.known, row)
        if story is None:
            shown, handovers = held.shown or summary(tell(row), after.parts), []
        else:
            shown, handovers = summary(story, after.parts), waits(story, partition)
        self._memory.journeys[key] = Held(after, shown)
        self.batch.journeys[key] = Written(partition, row, shown, handovers)
        if movement:
            add(self.batch.cells.setdefault(partition, {}), movement)

    def _take(self, record: Delivery, counts: Counts) -> None:
        body = record.value or b""
        try:
            event = read(body)
        except UnreadableEventError as fault:
            self._unreadable(record, counts, fault.code)
            return
        seen = Sign(event["source"], event["journey"], event["sequence"], event["type"])
        if record.key != seen.key.encode():
            counts.dead_lettered += 1
            self.batch.dead.append((record, "key-disagrees"))
        elif seen.source != _WRITER[record.topic]:
            counts.dead_lettered += 1
            self.batch.dead.append((record, "foreign-source"))
        elif seen.type == HISTORY:
            self.batch.reports.append(Report(record, event))
        elif seen.key in self._memory.waiting:
            self._behind(record, seen, counts, "behind")
        else:
            self._place(record, seen, event, counts)

    def _place(self, record: Delivery, seen: Sign, event: View | Unknown, counts: Counts) -> None:
        of_catalogue = record.topic == CATALOGUE_EVENTS
        try:
            found = self._publish(record, seen, event) if of_catalogue else self._draft(record, seen).add(event, record.offset)
        except Exception as error:
            self._behind(record, seen, counts, type(error).__name__)
            return
        if found == "gap":
            self._behind(record, seen, counts, "gap")
            return
        if found == "conflict":
            counts.dead_lettered += 1
            self.batch.dead.append((record, "conflict"))
            return
        if found == "duplicate":
            counts.duplicate += 1
            return
        if not of_catalogue:
            self._taken.setdefault(seen.key, []).append((record, seen))
        if seen.type in EVENT_MODELS:
            counts.applied += 1
        else:
            counts.ignored += 1

    def _publish(self, record: Delivery, seen: Sign, event: View | Unknown) -> journey.Placing:
        before = self._memory.catalogue[seen.key]
        head = len(before.facts)
        if seen.sequence > head + 1:
            return "gap"
        entry = catalogue.fold(before, event, record.offset)
        if entry is not before:
            self._memory.catalogue[seen.key] = entry
            self.batch.catalogue[seen.key] = (record.partition, entry)
        return "duplicate" if seen.sequence <= head else "next"

    def _draft(self, record: Delivery, seen: Sign) -> Draft:
        draft = self._drafts.get(seen.key)
        if draft is None:
            draft = self._drafts[seen.key] = Draft(self._memory.journeys[seen.key].known.row)
            self._partitions[seen.key] = record.partition
        return draft

    def _head(self, seen: Sign) -> int:
        entry = self._memory.catalogue.get(seen.key)
        if entry is not None:
            return len(entry.facts)
        held = self._memory.journeys.get(seen.key)
        if held is None:
            return 0
        draft = self._drafts.get(seen.key)
        return (Draft(held.known.row) if draft is None else draft).head(seen.source)

    def _unreadable(self, record: Delivery, counts: Counts, code: str) -> None:
        seen = sign(record.value or b"")
        if seen is None or record.key != seen.key.encode():
            counts.dead_lettered += 1
            self.batch.dead.append((record, code))
        else:
            self._behind(record, seen, counts, code)

    def _behind(self, record: Delivery, seen: Sign, counts: Counts, reason: str) -> None:
        waiting = self._memory.waiting.setdefault(seen.key, set())
        if (seen.source, seen.sequence) in waiting or seen.sequence <= self._head(seen):
            counts.duplicate += 1
            return
        waiting.add((seen.source, seen.sequence))
        counts.parked += 1
        self.batch.parked.append(Parked(record, seen, reason))

    def _give_back(self, key: str, reason: str) -> None:
        """A row whose figures cannot be computed: its events of this batch wait with their journey."""
        for record, seen in self._taken.get(key, ()):
            counts = self.batch.counts[Place(record.topic, record.partition)]
            if seen.type in EVENT_MODELS:
                counts.applied -= 1
            else:
                counts.ignored -= 1
            counts.parked += 1
            self._memory.waiting.setdefault(key, set()).add((seen.source, seen.sequence))
            self.batch.parked.append(Parked(record, seen, reason))
