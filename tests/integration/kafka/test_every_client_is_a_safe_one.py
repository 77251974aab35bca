"""Every client of the broker has the settings that lose nothing, and speaks unencrypted to this machine alone."""

from __future__ import annotations

import pytest

from shared.kafka.clients import CONSUMER, PRODUCER, InsecureBrokerError, consumer, producer


def test_the_settings_of_every_client_are_the_safe_ones() -> None:
    assert PRODUCER["acks"] == "all"
    assert PRODUCER["enable_idempotence"] is True
    assert CONSUMER["enable_auto_commit"] is False
    assert CONSUMER["auto_offset_reset"] == "none"
    assert CONSUMER["isolation_level"] == "read_committed"
    assert [assignor.name for assignor in CONSUMER["partition_assignment_strategy"]] == ["range"]


async def test_an_unencrypted_broker_elsewhere_is_refused() -> None:
    with pytest.raises(InsecureBrokerError):
        consumer("broker.example:9092", None, "test")
    with pytest.raises(InsecureBrokerError):
        producer("127.0.0.1:9092,10.0.0.1:9092", "test")
