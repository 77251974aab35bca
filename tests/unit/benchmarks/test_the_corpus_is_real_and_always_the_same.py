"""The corpus of the bench holds real events, the same for the same seed, and says itself what a right projection of it is."""

from __future__ import annotations

from collections import Counter
from itertools import islice

from benchmarks.corpus import DUPLICATES, records
from benchmarks.projection_task import Count
from shared.contracts.partitioning import partition_of
from shared.contracts.registry import EVENT_MODELS
from shared.contracts.topics import PARTITIONS
from shared.contracts.wire import decode, encode

SIZE = 20_000


def test_every_record_is_what_the_contract_would_have_written() -> None:
    for record in islice(records(SIZE), 5_000):
        event = decode(record.value)
        model = EVENT_MODELS[event.type]
        assert encode(event) == record.value
        assert model.model_validate_json(event.data.model_dump_json(exclude_none=True)) == event.data
        assert (event.key.encode(), partition_of(event.key, PARTITIONS)) == (record.key, record.partition)


def test_streams_are_gapless_and_in_order_but_for_duplicates() -> None:
    heads: Counter[tuple[str, str]] = Counter()
    duplicates = 0
    for record in records(SIZE):
        event = decode(record.value)
        if event.sequence == heads[event.source, event.key] + 1:
            heads[event.source, event.key] += 1
        else:
            assert event.sequence <= heads[event.source, event.key]
            duplicates += 1
    assert sum(heads.values()) == SIZE
    assert 0.5 * DUPLICATES < duplicates / SIZE < 2 * DUPLICATES


def test_a_shorter_corpus_is_the_beginning_of_a_longer_one() -> None:
    def distinct(size: int) -> list[bytes]:
        return list(dict.fromkeys(record.value for record in records(size)))

    assert distinct(3_000) == distinct(5_000)[:3_000]


def test_the_count_agrees_with_a_hand_count_of_rows_and_decisions() -> None:
    right = Count()
    told = {record.value: decode(record.value) for record in records(SIZE, into=right)}
    outcome = right.outcome()
    decisions = [event.data for event in told.values() if event.type == "gov.approval.decision-made.v1"]
    voided = {event.data.visit_id for event in told.values() if event.type == "gov.intake.visit-voided.v1"}
    visits = [event for event in told.values() if event.type == "gov.intake.visit-recorded.v1"]

    assert outcome.rows == len({event.key for event in told.values()})
    assert sum(cases for cases, _, _ in outcome.decided.values()) == len(decisions)
    assert sum(used for _, _, used in outcome.decided.values()) == sum(decision.net_wd_used for decision in decisions)
    assert sum(n for (n,) in outcome.visits.values()) == sum(visit.data.visit_id not in voided for visit in visits)
