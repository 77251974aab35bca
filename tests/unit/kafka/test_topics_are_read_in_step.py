"""Under a backlog no topic is read far ahead of the others of its partition number; live, nobody waits for anybody."""

from __future__ import annotations

from shared.eventsourcing.records import Delivery, Place
from shared.kafka.instep import PATIENCE_S, InStep
from tests.simulation.broker import Kept

MUCH, LITTLE, OTHER = Place("much", 3), Place("little", 3), Place("much", 4)


def records(place: Place, *times: int) -> list[Delivery]:
    return [Kept(place.topic, place.partition, n, b"k", b"v", at) for n, at in enumerate(times)]


def times(taken: dict[Place, list[Delivery]] | object, place: Place) -> list[int]:
    assert isinstance(taken, dict)
    return [record.timestamp for record in taken.get(place, ())]


def test_the_sparse_topic_waits_for_the_dense_one() -> None:
    step = InStep()
    step.put(MUCH, records(MUCH, 1, 2, 3))
    step.put(LITTLE, records(LITTLE, 1, 3, 7, 9))

    taken = step.take(100, {MUCH, LITTLE}, 0.0)

    assert times(taken, MUCH) == [1, 2, 3]
    assert times(taken, LITTLE) == [1, 3]
    assert step.held(LITTLE) == 2


def test_who_has_nothing_more_keeps_nobody_waiting() -> None:
    step = InStep()
    step.put(MUCH, records(MUCH, 1, 2))
    step.put(LITTLE, records(LITTLE, 5, 9))

    taken = step.take(100, set(), 0.0)

    assert times(taken, MUCH) == [1, 2]
    assert times(taken, LITTLE) == [5, 9]
    assert not step


def test_a_partition_that_has_more_but_gives_nothing_is_waited_for_and_not_for_ever() -> None:
    step = InStep()
    step.put(LITTLE, records(LITTLE, 5))
    step.put(OTHER, records(OTHER, 8))

    assert times(step.take(100, {MUCH}, 10.0), OTHER) == [8]
    assert step.take(100, {MUCH}, 10.0 + PATIENCE_S / 2) == {}
    assert times(step.take(100, {MUCH}, 10.0 + PATIENCE_S), LITTLE) == [5]


def test_a_relay_whose_clock_is_behind_that_of_the_last_one_holds_up_nobody() -> None:
    step = InStep()
    step.put(MUCH, records(MUCH, 1_000, 997, 998))
    step.put(LITTLE, records(LITTLE, 999))
    assert times(step.take(1, set(), 0.0), LITTLE) == [999]
    assert times(step.take(1, set(), 0.0), MUCH) == [1_000]
    step.put(LITTLE, records(LITTLE, 999))

    assert times(step.take(100, {MUCH, LITTLE}, 0.0), MUCH) == [997, 998]


def test_a_limit_is_kept_and_the_rest_comes_next_in_order() -> None:
    step = InStep()
    step.put(MUCH, records(MUCH, 1, 2, 3))
    step.put(OTHER, records(OTHER, 1, 2))

    first, second = step.take(2, set(), 0.0), step.take(10, set(), 0.0)

    assert times(first, MUCH) + times(first, OTHER) == [1, 2]
    assert times(second, MUCH) + times(second, OTHER) == [3, 1, 2]


def test_timestamps_that_go_back_stop_nothing() -> None:
    step = InStep()
    step.put(MUCH, records(MUCH, 5, 1, 2))
    step.put(LITTLE, records(LITTLE, 9, 1))

    assert times(step.take(100, {MUCH, LITTLE}, 0.0), MUCH) == [5, 1, 2]
    step.put(MUCH, records(MUCH, 10))
    taken = step.take(100, {MUCH, LITTLE}, 0.0)
    assert times(taken, LITTLE) == [9, 1]


def test_one_partition_may_be_asked_for_alone_and_waits_for_nobody() -> None:
    step = InStep()
    step.put(MUCH, records(MUCH, 1, 2))
    step.put(LITTLE, records(LITTLE, 5, 9))

    assert times(step.take_of(LITTLE, 1), LITTLE) == [5]
    assert step.take_of(LITTLE, 10).keys() == {LITTLE}
    assert step.take_of(LITTLE, 10) == {}
    assert step.held(MUCH) == 2
