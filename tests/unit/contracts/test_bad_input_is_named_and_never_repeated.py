"""Whatever a partner sends, the answer names rule and field; no value of the input is part of it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from aiokafka.partitioner import murmur2 as kafkas_murmur2
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.ingress import Ingress, IngressRefusedError, parse_json, read_ingress
from shared.contracts.partitioning import murmur2

KEY = "case-1"
GOOD: dict[str, Any] = {
    "specversion": "1.0",
    "id": "p-1",
    "source": "portal",
    "type": "gov.command.withdraw.v1",
    "subject": KEY,
    "data": {"case_no": KEY, "reason_code": "changed-mind"},
}


def refusal(body: Any, key: bytes | None = KEY.encode()) -> tuple[str, str | None]:
    raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    with pytest.raises(IngressRefusedError) as refused:
        read_ingress(raw, key)
    return refused.value.rule, refused.value.field


def with_data(**changes: Any) -> dict[str, Any]:
    return {**GOOD, "data": {**GOOD["data"], **changes}}


def test_a_good_message_reads() -> None:
    read = read_ingress(json.dumps(GOOD).encode(), KEY.encode())

    assert isinstance(read, Ingress)
    assert read.id == "p-1"


@pytest.mark.parametrize(
    ("body", "rule", "field"),
    [
        (b"\xff\xfe", "not-json", None),
        (b"", "not-json", None),
        (b'{"id": "p-1", "a": ', "not-json", None),
        (b'\xef\xbb\xbf{"id": "p-1"}', "not-json", None),
        (b'{"a": NaN}', "not-json", None),
        (b'{"a": "\\ud800"}', "not-json", None),
        (b'{"a": 1, "a": 2}', "duplicate-key", None),
        (b"[" * 100_000, "not-json", None),
        (b"[]", "not-a-cloudevent", None),
        (b"null", "not-a-cloudevent", None),
        (b"1" * 5_000, "not-json", None),
        ({**GOOD, "type": "gov.command.nonsense.v1"}, "unknown-type", "type"),
        ({**GOOD, "specversion": "0.3"}, "literal-error", "specversion"),
        ({k: v for k, v in GOOD.items() if k != "id"}, "missing", "id"),
        ({**GOOD, "subject": "case-2"}, "key-disagrees-with-subject", "subject"),
        ({**GOOD, "data": None}, "model-type", "data"),
        (with_data(case_no=7), "string-type", "data.case_no"),
        (with_data(case_no="a\0b"), "string-pattern-mismatch", "data.case_no"),
        (with_data(surprise=1), "extra-forbidden", "data.surprise"),
        (with_data(reason_code=10**30), "number-too-large", "data"),
        (with_data(reason_code="x" * 65), "string-too-long", "data.reason_code"),
    ],
)
def test_the_answer_names_rule_and_field(body: Any, rule: str, field: str | None) -> None:
    assert refusal(body) == (rule, field)


def test_a_missing_key_a_missing_body_and_too_much_are_said() -> None:
    assert refusal(GOOD, None)[0] == "missing-key"
    assert refusal(None)[0] == "missing-body"
    assert refusal(b" " * 300_000)[0] == "too-large"


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_in_another_way(body: bytes) -> None:
    with suppress(IngressRefusedError):
        parse_json(body)


@given(st.binary(max_size=60))
def test_keys_go_to_the_partition_that_every_kafka_client_computes(key: bytes) -> None:
    assert murmur2(key) == kafkas_murmur2(key) & 0xFFFFFFFF
