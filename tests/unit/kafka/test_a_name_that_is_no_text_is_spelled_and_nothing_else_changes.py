"""Promise: of an answer nothing is changed but names of headers that are no UTF-8, and nothing of what was damaged on its way."""

from __future__ import annotations

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c

from shared.kafka.headers import with_names

NAME, NO_TEXT = b"\xc3\xa9t\xc3\xa9", b"\xc3\xa9t\xff\xfe"


def batch(base: int, value: bytes, name: str = "\u00e9t\u00e9", *, codec: int = 0) -> bytes:
    """Two records of a partition from an offset on, as a broker stores them."""
    made = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1_000_000)
    for number in range(2):
        made.append(number, 1_700_000_000_000, b"k", value, [(name, NAME), ("other", None)])
    return base.to_bytes(8, "big") + bytes(made.build())[8:]


def renamed(data: bytes) -> bytes:
    """The same with the name of each record's first header made no text, under a checksum that is right."""

    head, tail = data[:61], data[61:]
    tail = tail.replace(bytes([len(NAME) * 2]) + NAME, bytes([len(NAME) * 2]) + NO_TEXT, 1)
    crc: int = calc_crc32c(head[21:] + tail)
    return head[:17] + crc.to_bytes(4, "big") + head[21:] + tail


def read(data: bytes) -> list[tuple[int, bytes | None, list[str]]]:
    found, answer = [], MemoryRecords(data)
    while answer.has_next():
        one = answer.next_batch()
        assert one is not None
        assert one.validate_crc()
        found += [(record.offset, record.value, [name for name, _ in record.headers]) for record in one]
    return found


def test_what_is_sound_stays_byte_for_byte() -> None:
    data = batch(7, b"x" * 300) + batch(9, NO_TEXT)

    assert with_names(data, 0) == data


def test_a_name_that_is_no_text_is_spelled_and_the_value_stays() -> None:
    data = renamed(batch(7, b"v"))
    with pytest.raises(UnicodeDecodeError):
        read(data)

    assert read(with_names(data, 7)) == [(7, b"v", ["??t??", "other"]), (8, b"v", ["\u00e9t\u00e9", "other"])]


def test_batches_that_were_read_are_left_out_and_a_half_one_at_the_end_too() -> None:
    data = batch(7, b"a") + batch(9, b"b") + batch(11, b"c")[:40]

    assert [offset for offset, _, _ in read(with_names(data, 9))] == [9, 10]


def test_what_was_damaged_on_its_way_stays_so() -> None:
    data = bytearray(renamed(batch(7, b"value")))
    data[-3] ^= 1

    assert with_names(bytes(data), 7) == bytes(data)


def test_what_is_compressed_is_left_alone() -> None:
    data = batch(7, b"x" * 300, codec=1)

    assert with_names(data, 7) == data
