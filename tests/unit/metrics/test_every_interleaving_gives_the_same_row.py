"""Topics have no order among each other, deliveries repeat, and the row is the same whatever happened on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.facts import Noted, day_of
from services.metrics.journey import Draft, Row, fold, load, store
from services.metrics.ledger import ledger
from services.metrics.story import tell
from services.metrics.view import read
from tests.unit.metrics.stories import START, Told, folded, interleavings, opened, scripted, tales, visited


@given(st.data())
def test_any_order_between_the_services_gives_the_same_row(data: st.DataObject) -> None:
    told: Told = data.draw(tales())

    row = folded(told.journey, data.draw(interleavings(told)))

    assert row == told.row()


@given(st.data())
def test_repeated_deliveries_change_nothing(data: st.DataObject) -> None:
    told: Told = data.draw(tales())
    repeats: list[int] = data.draw(st.lists(st.integers(0, len(told.events) - 1), max_size=6))
    events = list(told.events)
    for position in repeats:
        events.insert(data.draw(st.integers(position, len(events))), told.events[position])

    assert folded(told.journey, events) == told.row()


def test_an_event_that_comes_too_early_changes_nothing_and_says_so() -> None:
    told = scripted()
    (_, first), (_, second) = told.events[:2]

    draft = Draft(Row(told.journey))

    assert draft.add(read(second), 5) == "gap"
    assert not draft.changed
    assert draft.row() == Row(told.journey)
    assert draft.add(read(first), 4) == "next"
    assert draft.add(read(first), 4) == "duplicate"
    assert draft.add(read(second), 5) == "next"


def test_another_fact_under_a_number_that_is_taken_changes_nothing_and_says_so() -> None:
    told = scripted()
    (_, first), (_, second) = told.events[:2]
    draft = Draft(Row(told.journey))
    draft.add(read(first), 4)
    renumbered = second.replace(b'"sequence":2', b'"sequence":1')

    assert draft.add(read(renumbered), 5) == "conflict"
    assert draft.row() == fold(Row(told.journey), read(first), 4)


def test_the_row_says_where_each_event_stands() -> None:
    row = scripted().row()

    assert [fact.offset for fact in row.intake] == [10 * n for n in range(1, len(row.intake) + 1)]
    assert row.events == len(scripted().events)


def test_after_kafka_was_replaced_the_row_says_where_its_events_stand_now() -> None:
    told = scripted()
    row = told.row()

    for number, (_, body) in enumerate(told.events):
        row = fold(row, read(body), 1000 + number)

    assert sorted(fact.offset for fact in (*row.intake, *row.approval, *row.notify)) == [1000 + n for n in range(len(told.events))]
    assert ledger(row) == ledger(told.row())


def test_what_an_older_release_could_not_read_moves_the_row_no_earlier_than_its_cells() -> None:
    told = scripted()
    _, body = told.events[0]
    first = told.row().intake[0]
    noted = Noted(first.known, first.offset, first.at, "gov.intake.journey-opened.v1")

    row = fold(Row(told.journey, (noted,)), read(body), 1000)

    assert row.intake == (noted._replace(offset=1000),)


def test_a_row_of_an_older_release_without_its_first_contact_is_read_and_goes_on() -> None:
    told = Told().says(opened(first_contact=START - timedelta(days=9)), visited("v1", START))
    (_, first), (_, second) = told.events
    intake, approval, notify = orjson.loads(store(fold(Row(told.journey), read(first), 4)))
    older = load(told.journey, orjson.dumps(([entry[:-1] for entry in intake], approval, notify)))
    draft = Draft(older)

    assert (tell(told.row()).begun_on, tell(older).begun_on) == (day_of(START) - 9, day_of(START))
    assert draft.add(read(first), 1004) == "duplicate"
    assert draft.add(read(second), 1005) == "next"


@given(tales())
def test_a_row_is_read_back_as_it_was_stored(told: Told) -> None:
    row = told.row()

    assert load(told.journey, store(row)) == row


def test_an_event_of_an_unknown_type_takes_its_place_and_moves_nothing() -> None:
    told = scripted()
    _, body = told.events[0]
    renamed = body.replace(b"gov.intake.journey-opened.v1", b"gov.intake.something-newer.v7")

    row = fold(Row(told.journey), read(renamed), 3)

    expected: Any = Noted
    assert type(row.intake[0]) is expected
    assert Draft(row).head("intake") == 1
