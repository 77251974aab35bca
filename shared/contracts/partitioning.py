"""Which partition a key belongs to: murmur2 as every Java and aiokafka client computes it."""

from __future__ import annotations

from functools import lru_cache

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The 32-bit murmur2 hash that Kafka's default partitioner uses, unsigned."""
    length = len(data)
    h = _SEED ^ length
    whole = length & ~3
    for start in range(0, whole, 4):
        k = (int.from_bytes(data[start : start + 4], "little") * _M) & _MASK
        k ^= k >> 24
        h = ((h * _M) & _MASK) ^ ((k * _M) & _MASK)
    if whole < length:
        h = ((h ^ int.from_bytes(data[whole:], "little")) * _M) & _MASK
    h ^= h >> 13
    h = (h * _M) & _MASK
    return h ^ (h >> 15)


@lru_cache(maxsize=10_000)
def partition_of(key: str, partitions: int) -> int:
    """The partition of `key` among `partitions`. A journey's key comes again with each event, then at a fortieth of the cost."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
