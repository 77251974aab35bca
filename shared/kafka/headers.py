"""The name of a record's header may be any bytes; the library takes it for UTF-8, and a reader fails where it is none.

A broker looks at no header, and a partner's client may call one what it likes. Every reader of the partition would end, again
and again, for as long as that record lives. So an answer in which such a name is met is read once more, with question marks for
what is no text; nobody here looks for a header of any other name than his own.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack_from
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c, decode_varint

# Where the fields of a batch stand (Kafka's record batch, magic 2).
_LENGTH_AT, _MAGIC_AT, _CRC_AT, _ATTRIBUTES_AT, _LAST_AT, _COUNT_AT, _RECORDS_AT = 8, 16, 17, 21, 23, 57, 61
_BEFORE_LENGTH, _MAGIC, _CODEC = 12, 2, 0x07


class Answer:
    """The records of one partition in a broker's answer, and the bytes that they were read from."""

    __slots__ = ("data", "has_next", "next_batch", "size_in_bytes")

    def __init__(self, data: bytes) -> None:
        records = MemoryRecords(data)
        self.data = data
        self.has_next, self.next_batch, self.size_in_bytes = records.has_next, records.next_batch, records.size_in_bytes


class AnyNames(fetcher.PartitionRecords):
    """The records of an answer, whatever their headers are called."""

    _records: Any

    def _unpack_records(self) -> Iterator[Any]:
        try:
            yield from super()._unpack_records()
        except UnicodeDecodeError:
            # What was handed on already is not handed on again: the library goes by the offset.
            self._records = Answer(with_names(self._records.data, self.next_fetch_offset))
            yield from super()._unpack_records()


def read_any_names() -> None:
    """Let the library's consumers read records whatever their headers are called."""
    fetcher.MemoryRecords, fetcher.PartitionRecords = Answer, AnyNames


def with_names(data: bytes, offset: int) -> bytes:
    """The batches of an answer from the one that holds `offset` on, with every name of a header that is no UTF-8 replaced."""
    made, start = bytearray(), 0
    while start + _RECORDS_AT <= len(data):
        end = start + _BEFORE_LENGTH + unpack_from(">i", data, start + _LENGTH_AT)[0]
        batch = bytearray(data[start:end])
        if unpack_from(">q", batch)[0] + unpack_from(">i", batch, _LAST_AT)[0] >= offset:
            made += _named(batch)
        start = end
    return bytes(made)


def _named(batch: bytearray) -> bytearray:
    is_plain = batch[_MAGIC_AT] == _MAGIC and not unpack_from(">h", batch, _ATTRIBUTES_AT)[0] & _CODEC
    if not is_plain or calc_crc32c(bytes(batch[_ATTRIBUTES_AT:])) != unpack_from(">I", batch, _CRC_AT)[0]:
        return batch
    for start, end in _names(batch):
        batch[start:end] = _spelled(batch[start:end])
    batch[_CRC_AT:_ATTRIBUTES_AT] = calc_crc32c(bytes(batch[_ATTRIBUTES_AT:])).to_bytes(4, "big")
    return batch


def _spelled(name: bytes | bytearray) -> bytes:
    try:
        name.decode()
    except UnicodeDecodeError:
        return bytes(byte if byte < 0x80 else ord("?") for byte in name)
    return bytes(name)


def _names(batch: bytearray) -> Iterator[tuple[int, int]]:
    """Where the names of headers stand."""
    place = _RECORDS_AT
    for _ in range(unpack_from(">i", batch, _COUNT_AT)[0]):
        _, place = decode_varint(batch, place)
        place += 1  # Its attributes.
        for _ in ("timestamp", "offset"):
            _, place = decode_varint(batch, place)
        for _ in ("key", "value"):
            place = _behind(batch, place)
        headers, place = decode_varint(batch, place)
        for _ in range(headers):
            size, place = decode_varint(batch, place)
            yield place, place + size
            place = _behind(batch, place + size)


def _behind(batch: bytearray, place: int) -> int:
    """Behind bytes that say their length first; one that is negative stands for none."""
    size, place = decode_varint(batch, place)
    return int(place + max(size, 0))
