"""A journey of which one event waits takes nothing more from any service, and stops no other journey."""

from __future__ import annotations

from services.metrics.batch import Counts, Folder, Memory, Redelivered
from shared.contracts.topics import APPROVAL_EVENTS, INTAKE_EVENTS, NOTIFY_EVENTS
from shared.eventsourcing.claims import Claim
from shared.eventsourcing.records import Place
from tests.unit.metrics.stories import Told, scripted

TOPIC = {"intake": INTAKE_EVENTS, "approval": APPROVAL_EVENTS, "notify": NOTIFY_EVENTS}
INTAKE, APPROVAL = Place(INTAKE_EVENTS, 0), Place(APPROVAL_EVENTS, 0)


class Table:
    """A folder over a memory in which nothing is known yet of the journeys that are told."""

    def __init__(self, *told: Told) -> None:
        self.memory = Memory(10)
        self.memory.remember([(one.journey, None) for one in told], [])
        self.folder = Folder(self.memory)
        self._next = dict.fromkeys(TOPIC, 0)

    def fold(self, told: Told, source: str, *numbers: int) -> None:
        """Fold a service's events of a journey by their number in its stream, counted from 1."""
        own = [body for writer, body in told.events if writer == source]
        for number in numbers:
            place, offset = Place(TOPIC[source], 0), self._next[source]
            record = Redelivered(place.topic, 0, offset, told.journey.encode(), own[number - 1], 0)
            self.folder.fold(place, Claim(offset, 1), [record])
            self._next[source] += 1

    def parked(self) -> list[tuple[str, str, int, str]]:
        return [(sign.source, sign.key, sign.sequence, reason) for _, sign, reason in self.folder.batch.parked]


def test_an_event_of_another_service_waits_behind_it() -> None:
    told = scripted()
    table = Table(told)

    table.fold(told, "intake", 2)
    table.fold(told, "approval", 1)

    assert table.parked() == [("intake", told.journey, 2, "gap"), ("approval", told.journey, 1, "behind")]
    assert table.folder.batch.counts == {INTAKE: Counts(parked=1), APPROVAL: Counts(parked=1)}


def test_the_missing_event_waits_too_until_somebody_redrives() -> None:
    told = scripted()
    table = Table(told)

    table.fold(told, "intake", 1, 3, 2, 3)

    assert table.parked() == [("intake", told.journey, 3, "gap"), ("intake", told.journey, 2, "behind")]
    assert table.folder.batch.counts == {INTAKE: Counts(applied=1, duplicate=1, parked=2)}


def test_what_waits_in_the_table_holds_the_journey_as_well() -> None:
    told = scripted()
    table = Table(told)
    table.memory.waiting[told.journey] = {("notify", 1)}

    table.fold(told, "intake", 1)

    assert table.parked() == [("intake", told.journey, 1, "behind")]


def test_another_journey_goes_on() -> None:
    sick, well = scripted(), Told(journey="6a3f2f6e-0000-5000-8000-000000000001")
    well.events = [(source, body.replace(sick.journey.encode(), well.journey.encode())) for source, body in sick.events]
    table = Table(sick, well)

    table.fold(sick, "intake", 2)
    table.fold(well, "intake", 1, 2)

    assert table.folder.batch.counts == {INTAKE: Counts(applied=2, parked=1)}
