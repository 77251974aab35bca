"""Rows and cells after any delivery are those of the plain refold, and every record is accounted for."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from services.metrics.batch import Folder, Memory
from services.metrics.cells import snapshot
from services.metrics.ledger import moved
from services.metrics.logs import LogFacts
from services.metrics.redrive import fill, redrive
from services.metrics.shelf import Shelf
from services.metrics.store import Store
from shared.contracts.topics import CATALOGUE_EVENTS, INTAKE_EVENTS
from shared.eventsourcing.claims import FencedError
from shared.postgres import conservation
from shared.postgres.event_log import EventLog
from tests.integration.metrics.conftest import Full
from tests.integration.metrics.house import Hand, Wire, expected, renamed, some_tales, stored_cells
from tests.integration.metrics.test_the_promise_rests_on_items_and_their_bytes import published, told_as
from tests.unit.metrics.stories import Told, scripted

GOLDEN = Path(__file__).parents[2] / "contract" / "golden"


async def tallies(store: Store) -> dict[str, int]:
    rows: list[dict[str, Any]] = [dict(row) for row in await conservation.consumed(store.log)]
    names = ("consumed", "applied", "duplicate", "ignored", "parked", "dead_lettered")
    return {name: sum(row[name] for row in rows) for name in names}


async def epochs(store: Store) -> int:
    found: int = await store.log.pool.fetchval("SELECT sum(epoch) FROM checkpoint")
    return found


async def test_cells_are_those_of_the_plain_refold(full: Full) -> None:
    assert await stored_cells(full.store) == expected(full.told)


async def test_twice_delivered_is_counted_once(store: Store) -> None:
    told, wire = some_tales(12), Wire()
    wire.publish(told)
    wire.publish(told)

    await Hand(store, wire).project(7)

    assert await stored_cells(store) == expected(told)
    events = sum(len(one.events) for one in told)
    assert await tallies(store) == {
        "consumed": 2 * events,
        "applied": events,
        "duplicate": events,
        "ignored": 0,
        "parked": 0,
        "dead_lettered": 0,
    }


async def test_beginning_again_from_the_checkpoint_changes_nothing(store: Store) -> None:
    told, wire = some_tales(8), Wire()
    for one in told:
        wire.publish([one])
        # Every journey finds an empty memory, as after a crash.
        await Hand(store, wire).project(3)

    assert await stored_cells(store) == expected(told)


async def test_a_stale_claim_writes_nothing(store: Store) -> None:
    wire = Wire()
    wire.publish([scripted()])
    old = Hand(store, wire)
    await old.begin()
    await Hand(store, wire).begin()

    with pytest.raises(FencedError):
        await old.go_on()

    assert await stored_cells(store) == {}
    assert (await tallies(store))["consumed"] == 0


async def test_a_batch_from_an_old_place_writes_nothing(store: Store) -> None:
    told, wire = [scripted()], Wire()
    wire.publish(told)
    hand = Hand(store, wire)
    await hand.begin()
    before = dict(hand.claims)
    await hand.go_on()
    again = Hand(store, wire)
    again.claims = before

    with pytest.raises(FencedError):
        await again.go_on()

    assert await stored_cells(store) == expected(told)
    assert (await tallies(store))["consumed"] == len(told[0].events)


async def test_a_gap_parks_its_journey_alone_until_the_missing_event_comes(store: Store) -> None:
    broken, whole = scripted(), Told(journey="6a3f2f6e-0000-5000-8000-000000000001")
    broken.events = [(source, body) for source, body in broken.events if source == "intake"]
    whole.events = [(s, renamed(b, journey=whole.journey)) for s, b in broken.events]
    (source, missing), *rest = broken.events[1:]
    wire = Wire()
    wire.publish([Told(journey=broken.journey, events=[broken.events[0], *rest]), whole])
    hand = Hand(store, wire)
    await hand.project(5)
    assert (await tallies(store))["parked"] == len(rest)
    assert await stored_cells(store) == expected([whole])

    wire.publish([Told(journey=broken.journey, events=[(source, missing)])])
    await hand.project(5)
    done = await redrive(store, broken.journey)

    assert (done.applied, done.left) == (len(rest) + 1, 0)
    assert await stored_cells(store) == expected([broken, whole])
    assert (await tallies(store))["parked"] == 0
    assert (await tallies(store))["applied"] == 2 * len(broken.events)


async def test_nobody_is_fenced_for_a_gap_that_is_still_open(store: Store) -> None:
    told, wire = scripted(), Wire()
    mine = [event for event in told.events if event[0] == "intake"]
    wire.publish([Told(journey=told.journey, events=[mine[0], mine[3], mine[2]])])
    await Hand(store, wire).project(5)
    before = await epochs(store)

    await fill(store)

    assert await epochs(store) == before
    assert (await tallies(store))["parked"] == 2


async def test_nobody_is_fenced_again_for_a_row_whose_figures_fail(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    told, wire = scripted(), Wire()
    mine = [event for event in told.events if event[0] == "intake"]
    wire.publish([Told(journey=told.journey, events=[mine[1], mine[0], *mine[2:]])])
    await Hand(store, wire).project(5)
    monkeypatch.setattr("services.metrics.batch.moved", _failing_for(told.journey))

    await fill(store)
    once = await epochs(store)
    await fill(store)

    assert await epochs(store) == once
    assert (await tallies(store))["parked"] == len(mine)
    monkeypatch.undo()
    assert (await redrive(store, None)).applied == len(mine)


async def test_a_row_whose_figures_fail_waits_and_is_redriven(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = scripted(), some_tales(3)
    wire = Wire()
    wire.publish([*good, bad])
    monkeypatch.setattr("services.metrics.batch.moved", _failing_for(bad.journey))
    await Hand(store, wire).project(10)
    assert await stored_cells(store) == expected(good)
    assert (await tallies(store))["parked"] == len(bad.events)
    assert (await redrive(store, None)).applied == 0

    monkeypatch.undo()

    assert (await redrive(store, None)).applied == len(bad.events)
    assert await stored_cells(store) == expected([*good, bad])


async def test_an_item_that_waited_is_on_the_shelf_as_soon_as_it_is_redriven(store: Store) -> None:
    wire, shelf, key = Wire(), Shelf(), "item:late"
    hand = Hand(store, wire)
    for version in (2, 1):
        wire.put(CATALOGUE_EVENTS, key, told_as(key, version, published("late", 1, version)))
        await hand.project()
    async with snapshot(store.log) as snap:
        assert not (await shelf.stock(snap)).rows

    assert (await redrive(store, key)).applied == 2

    async with snapshot(store.log) as snap:
        assert [row.key for row in (await shelf.stock(snap)).rows] == [key]


async def park(store: Store, wire: Wire, topic: str, key: str, body: bytes) -> None:
    """Let one record wait as the projector does when the database refuses it."""
    place = wire.put(topic, key, body)
    memory, record = Memory(1), wire.records[place][-1]
    await store.recall(memory, [record])
    folder = Folder(memory)
    folder.park(place, (await store.claim([place]))[place], record, "DataError")
    await store.apply(folder.batch)


def a_row_of_a_log(journey: str, **said: str) -> bytes:
    golden = orjson.loads((GOLDEN / "gov.intake.history-reported.v1.json").read_bytes())
    data = {**golden["data"], **said}
    return orjson.dumps({**golden, "id": str(uuid4()), "journey": journey, "partitionkey": journey, "data": data})


async def test_a_row_of_a_log_that_waited_is_kept_when_it_is_redriven(log: EventLog) -> None:
    store, wire = Store(log, 1, LogFacts()), Wire()
    await park(store, wire, INTAKE_EVENTS, "j-1", a_row_of_a_log("j-1"))

    done = await redrive(store, "j-1")

    assert (done.applied, done.left) == (1, 0)
    assert await log.pool.fetchval("SELECT array_agg(journey) FROM log_fact") == ["j-1"]
    found = await tallies(store)
    assert (found["consumed"], found["applied"], found["parked"]) == (1, 1, 0)


async def test_a_journey_that_cannot_be_written_stops_no_other_one_that_is_redriven(log: EventLog) -> None:
    store, wire = Store(log, 1, LogFacts()), Wire()
    # Before the year one in UTC, which no column of a database holds.
    await park(store, wire, INTAKE_EVENTS, "j-1", a_row_of_a_log("j-1", started_on="0001-01-01T00:00:00+08:00"))
    await park(store, wire, INTAKE_EVENTS, "j-2", a_row_of_a_log("j-2"))

    done = await redrive(store, None)

    assert (done.applied, done.left) == (1, 1)
    assert await log.pool.fetchval("SELECT array_agg(journey) FROM log_fact") == ["j-2"]
    left = await log.pool.fetch("SELECT key, attempts FROM parked")
    assert [tuple(row) for row in left] == [("j-1", 2)]
    assert (await tallies(store))["parked"] == 1


def _failing_for(journey: str) -> Any:
    def failing(before: Any, row: Any) -> Any:
        if row.journey == journey:
            raise ZeroDivisionError
        return moved(before, row)

    return failing


async def test_what_is_no_event_becomes_a_dead_letter_and_stops_nobody(store: Store) -> None:
    told, wire = scripted(), Wire()
    wire.put(INTAKE_EVENTS, told.journey, b"not json")
    wire.put(INTAKE_EVENTS, "another-key", told.events[0][1])
    wire.put(INTAKE_EVENTS, told.journey, renamed(told.events[0][1], source="approval"))
    wire.publish([told])

    await Hand(store, wire).project()

    assert await stored_cells(store) == expected([told])
    assert (await tallies(store))["dead_lettered"] == 3
    assert await store.log.pool.fetchval("SELECT count(*) FROM outbox WHERE topic = 'gov.metrics.dlq.v1'") == 3


async def test_an_unknown_type_takes_its_place_and_is_counted_as_ignored(store: Store) -> None:
    told, wire = scripted(), Wire()
    source, body = told.events[-1]
    told.events[-1] = (source, renamed(body, type="gov.intake.something-newer.v3"))
    wire.publish([told])

    await Hand(store, wire).project()

    found = await tallies(store)
    assert (found["ignored"], found["parked"]) == (1, 0)
