"""Operations: lag is what stands before the end of a partition; where the broker does not tell it, it is unknown and not zero."""

from __future__ import annotations

from typing import Any

from services.metrics.operations import lag_of
from shared.eventsourcing.records import Place


def row(partition: int, next_offset: int, dead: int = 0) -> dict[str, Any]:
    return {
        "service": "approval",
        "group": "approval-intake",
        "topic": "t",
        "partition": partition,
        "next_offset": next_offset,
        "dead_lettered": dead,
    }


def test_the_lag_of_a_topic_is_that_of_its_partitions() -> None:
    (found,) = lag_of([row(0, 7), row(1, 12, dead=1)], {Place("t", 0): 10, Place("t", 1): 12})

    assert (found["lag"], found["dead_lettered"]) == (3, 1)
    assert [part["lag"] for part in found["partitions"]] == [3, 0]


def test_what_the_broker_does_not_tell_is_unknown() -> None:
    assert lag_of([row(0, 7)], None)[0]["lag"] is None
    assert lag_of([row(0, 7), row(1, 7)], {Place("t", 0): 9})[0]["lag"] is None
