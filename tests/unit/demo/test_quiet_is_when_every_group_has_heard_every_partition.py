"""Promise: nothing counts as heard before every group that reads a topic stands at the end of each of its partitions."""

from __future__ import annotations

from typing import Any

from deploy.local.quiet import behind
from shared.contracts.topics import APPROVAL_EVENTS, INTAKE_EVENTS, NOTIFY_EVENTS
from shared.eventsourcing.records import Place

ENDS = {Place(APPROVAL_EVENTS, 0): 5, Place(APPROVAL_EVENTS, 1): 3, Place(INTAKE_EVENTS, 0): 9}


def row(group: str, place: Place, offset: int) -> dict[str, Any]:
    return {"group": group, "topic": place.topic, "partition": place.partition, "next_offset": offset}


def rows(group: str, ends: dict[Place, int]) -> list[dict[str, Any]]:
    return [row(group, place, end) for place, end in ends.items()]


def test_who_stands_at_the_end_of_what_he_has_to_hear_is_not_behind() -> None:
    assert behind("intake", rows("intake", ENDS)[:2], ENDS) == []


def test_a_service_without_any_group_has_heard_nothing() -> None:
    assert behind("intake", [], ENDS) == ["intake is 8 behind"]


def test_of_two_groups_the_slower_one_counts() -> None:
    slow = [row("metrics-p2", place, end - 1) for place, end in ENDS.items()]

    assert behind("metrics", [*rows("metrics-p1", ENDS), *slow], ENDS) == ["metrics is 3 behind"]


def test_a_partition_that_one_group_never_claimed_was_not_heard_by_it() -> None:
    some = rows("metrics-p2", ENDS)[:1] + rows("metrics-p2", ENDS)[2:]

    assert behind("metrics", [*rows("metrics-p1", ENDS), *some], ENDS) == ["metrics is 3 behind"]


def test_where_a_topic_holds_nothing_nothing_has_to_be_claimed() -> None:
    assert behind("intake", [*rows("intake", ENDS)[:2], row("intake", Place(NOTIFY_EVENTS, 4), 0)], ENDS) == []
