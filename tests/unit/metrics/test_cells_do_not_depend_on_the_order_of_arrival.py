"""The ledger: a movement folded as it comes equals the refold of everything, on both axes of time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.metrics.contributions import contributions
from services.metrics.journey import Row, fold
from services.metrics.ledger import Ledger, add, as_known, known, ledger, moved
from services.metrics.story import tell
from services.metrics.view import read
from tests.unit.metrics.stories import START, Told, completed, interleavings, opened, tales, visited, voided


def _without_zeros(entries: Ledger) -> Ledger:
    return {entry: amounts for entry, amounts in entries.items() if any(amounts)}


@given(st.data())
def test_moving_in_batches_of_any_size_and_order_equals_the_refold(data: st.DataObject) -> None:
    tale: Told = data.draw(tales())
    events = data.draw(interleavings(tale))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(events)), max_size=5)) | {len(events)})
    total: Ledger = {}
    state = known(Row(tale.journey))
    begin = 0

    for end in cuts:
        row = state.row
        for _, body in events[begin:end]:
            event = read(body)
            row = fold(row, event, 10 * event["sequence"])
        state, movement, _ = moved(state, row)
        add(total, movement)
        begin = end

    assert _without_zeros(total) == _without_zeros(ledger(tale.row()))
    assert state == known(tale.row())


@given(st.data())
def test_what_was_known_on_a_day_is_what_the_facts_known_by_then_say(data: st.DataObject) -> None:
    row = data.draw(tales()).row()
    entries = ledger(row)
    days = sorted({fact.known for fact in (*row.intake, *row.approval)})
    day = data.draw(st.sampled_from(days))

    expected = {cell: amounts for cell, amounts in contributions(tell(row, day)).items() if any(amounts)}
    assert as_known(entries, day) == expected


@given(tales())
def test_today_everything_known_counts(tale: Told) -> None:
    row = tale.row()

    expected = {cell: amounts for cell, amounts in contributions(tell(row)).items() if any(amounts)}
    assert as_known(ledger(row)) == expected


def test_a_visit_that_is_taken_off_moves_what_the_lapse_had_counted() -> None:
    told = Told().says(opened(), visited("v1", START)).wait(90)
    lapsed = told.says(completed("lapsed", told.at)).row()
    row = told.wait(2).says(voided("v1")).row()
    total = ledger(lapsed)

    add(total, moved(known(lapsed), row).movement)

    assert _without_zeros(total) == _without_zeros(ledger(row))
