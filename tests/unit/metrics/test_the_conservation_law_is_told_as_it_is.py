"""F11: both equations, per topic and per partition; false is false, unknown is not called good, and nothing is passed over."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from services.metrics.trust import conserved
from services.metrics.watermarks import Marks
from shared.contracts.topics import INTAKE_EVENTS

FATES = {"applied": 9, "duplicate": 4, "ignored": 3, "parked": 2, "dead_lettered": 1}


def said(*, appended: int = 5, published: int = 3, waiting: int = 2, **fates: int) -> dict[str, Any]:
    written = {"topic": "t", "partition": 0, "appended": appended, "published": published, "waiting": waiting}
    consumed = {"group": "g", "topic": "t", "partition": 0, "next_offset": 19, "consumed": 19, **FATES, **fates}
    return {"written": [written], "consumed": [consumed]}


def test_what_balances_everywhere_is_balanced() -> None:
    found = conserved({"intake": said(), "metrics": said()}, [], Marks())

    assert found["balanced"] is True
    assert [row["appended"] for row in found["written"]] == [5, 5]


def test_one_lost_event_is_enough() -> None:
    found = conserved({"intake": said(published=2), "metrics": said()}, [], Marks())

    assert found["balanced"] is False
    assert [row["balanced"] for row in found["written"]] == [False, True]


@pytest.mark.parametrize("fate", FATES)
def test_one_record_without_a_fate_is_enough(fate: str) -> None:
    found = conserved({"intake": said(**{fate: FATES[fate] - 1})}, ["notify"], Marks())

    assert found["balanced"] is False
    assert not found["consumed"][0]["balanced"]


def test_a_service_that_does_not_answer_makes_it_unknown() -> None:
    found = conserved({"intake": said()}, ["approval"], Marks())

    assert found["balanced"] is None
    assert found["unreachable"] == ["approval"]


def of_events(group: str, consumed: int, next_offset: int) -> dict[str, Any]:
    fates = dict.fromkeys(FATES, 0) | {"applied": consumed}
    return {"group": group, "topic": INTAKE_EVENTS, "partition": 0, "next_offset": next_offset, "consumed": consumed, **fates}


def passed_over(*rows: dict[str, Any]) -> tuple[dict[str, int], bool | None]:
    found = conserved({"metrics": {"written": [], "consumed": list(rows)}}, [], Marks())
    return {row["group"]: row["passed_over"] for row in found["consumed"]}, found["balanced"]


def test_a_checkpoint_that_passed_over_an_event_is_enough() -> None:
    assert passed_over(of_events("a", 7, 7), of_events("b", 7, 7)) == ({"a": 0, "b": 0}, True)
    assert passed_over(of_events("a", 6, 7), of_events("b", 7, 7)) == ({"a": 1, "b": 0}, False)
    assert passed_over(of_events("a", 8, 7), of_events("b", 7, 7)) == ({"a": -1, "b": 0}, False)


def test_what_a_hand_cut_off_before_anybody_read_it_is_missed_by_nobody() -> None:
    assert passed_over(of_events("a", 3, 7), of_events("b", 1, 5), of_events("c", 0, 0)) == ({"a": 0, "b": 0, "c": 0}, True)


def test_every_group_is_behind_by_its_own_place() -> None:
    marks, there = Marks(), said()
    marks.hear(
        orjson.dumps({"service": "intake", "complete_to": "2026-11-23T01:00:00Z", "end_offsets": {INTAKE_EVENTS: {"0": 25}}})
    )
    (row,) = there["consumed"]
    there["consumed"] = [
        {**row, "topic": INTAKE_EVENTS, "group": group, "next_offset": at} for group, at in (("a", 19), ("b", 25), ("c", 30))
    ]

    found = conserved({"intake": there}, [], marks)

    assert {row["group"]: row["behind"] for row in found["consumed"]} == {"a": 6, "b": 0, "c": 0}
