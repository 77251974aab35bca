"""What came while a consumer rested is taken in the turn after the rest, in the order of its partition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from shared.kafka.consumer import SLICE_MAX, poll

HERE, THERE = TopicPartition("topic", 0), TopicPartition("topic", 1)


class Stored(NamedTuple):
    offset: int


class Client:
    """Answers each question with what is at hand for it."""

    def __init__(self, *answers: dict[TopicPartition, Sequence[int]]) -> None:
        self._answers = list(answers)

    async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[Stored]]:
        assert timeout_ms > 0
        return {place: [Stored(offset) for offset in offsets] for place, offsets in self._answers.pop(0).items()}


async def polled(*answers: dict[TopicPartition, Sequence[int]]) -> dict[TopicPartition, list[int]]:
    client: Any = Client(*answers)
    return {place: [record.offset for record in records] for place, records in (await poll(client)).items()}


async def test_what_stands_behind_little_is_taken_too() -> None:
    assert await polled({HERE: [3, 4]}, {HERE: [5], THERE: [0]}) == {HERE: [3, 4, 5], THERE: [0]}


async def test_nobody_asks_again_who_got_nothing_or_much() -> None:
    assert await polled({}) == {}
    assert await polled({HERE: range(SLICE_MAX)}) == {HERE: list(range(SLICE_MAX))}


async def test_a_partition_that_was_begun_anew_in_between_goes_on_where_it_was() -> None:
    assert await polled({HERE: [3, 4]}, {HERE: [2, 3, 4, 5]}) == {HERE: [3, 4, 5]}
