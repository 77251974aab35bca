"""As-of: a relay's promise counts when the checkpoints have reached it, and not before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson

from services.metrics.watermarks import PENDING_MAX, Marks
from shared.contracts.base import wire_time
from shared.contracts.topics import APPROVAL_EVENTS, INTAKE_EVENTS
from shared.eventsourcing.records import Place

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
HERE = Place(INTAKE_EVENTS, 3)


def promise(second: int, offset: int, service: str = "intake", topic: str = INTAKE_EVENTS) -> bytes:
    at = START + timedelta(seconds=second)
    return orjson.dumps({"service": service, "complete_to": wire_time(at), "end_offsets": {topic: {"3": offset}}})


def test_the_newest_promise_that_is_reached_counts() -> None:
    marks = Marks()
    for second, offset in ((1, 10), (2, 20), (3, 30)):
        marks.hear(promise(second, offset))

    assert marks.reached({HERE: 20}) == {"intake": START + timedelta(seconds=2)}
    assert marks.reached({HERE: 20}) == {}
    assert marks.reached({HERE: 31}) == {"intake": START + timedelta(seconds=3)}


def test_an_idle_service_holds_nobody_back() -> None:
    marks = Marks()
    marks.hear(promise(9, 10))

    assert marks.reached({HERE: 10}) == {"intake": START + timedelta(seconds=9)}


def test_what_is_not_projected_is_not_waited_for() -> None:
    marks = Marks()
    marks.hear(promise(1, 10, topic="gov.portal.p.receipts.v1"))

    assert marks.reached({}) == {"intake": START + timedelta(seconds=1)}


def test_an_unreadable_promise_promises_nothing() -> None:
    marks = Marks()
    marks.hear(b"not json")
    marks.hear(b'{"service":"intake"}')

    assert marks.reached({}) == {}


def test_far_behind_no_promise_reached_is_lost_and_memory_stays_bounded() -> None:
    marks = Marks()
    for n in range(3 * PENDING_MAX):
        marks.hear(promise(n, n))

    found = marks.reached({HERE: 3 * PENDING_MAX})

    assert found == {"intake": START + timedelta(seconds=3 * PENDING_MAX - 1)}


def test_what_was_promised_of_a_topic_before_it_was_begun_anew_is_not_waited_for() -> None:
    marks = Marks()
    marks.hear(promise(1, 1_000))
    marks.hear(promise(2, 7, topic=APPROVAL_EVENTS))
    marks.hear(promise(3, 4))

    assert marks.reached({HERE: 3}) == {}
    assert marks.reached({HERE: 4}) == {"intake": START + timedelta(seconds=3)}


def test_what_was_promised_before_a_clock_was_set_back_is_taken_back() -> None:
    marks = Marks()
    marks.hear(promise(1_000, 10))
    marks.hear(promise(1_001, 20))
    marks.hear(promise(1, 21))

    assert marks.reached({HERE: 20}) == {}
    assert marks.reached({HERE: 21}) == {"intake": START + timedelta(seconds=1)}
    assert marks.taken_back == {"intake"}


def test_another_build_has_to_reach_the_newest_promise_again() -> None:
    marks = Marks()
    marks.hear(promise(1, 10))
    marks.reached({HERE: 10})

    marks.start_over()

    assert marks.reached({HERE: 9}) == {}
    assert marks.reached({HERE: 10}) == {"intake": START + timedelta(seconds=1)}
