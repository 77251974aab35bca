"""A partition that is silent or refuses holds up its own rows alone, in their order; where all of them fail it is the broker."""

from __future__ import annotations

import asyncio

import pytest

from shared.contracts.topics import WATERMARKS
from shared.eventsourcing.claims import Outgoing
from shared.eventsourcing.records import Place
from shared.kafka.relay import Relay
from tests.unit.kafka.test_a_relay_forgets_only_what_was_acknowledged import TOPIC, Broken, Owed, relay_over

ODD, EVEN = Place(TOPIC, 1), Place(TOPIC, 0)
DEADLINE_S = 0.05
SOON_S = 5.0


def row(number: int) -> Outgoing:
    return Outgoing(number, TOPIC, number % 2, "k", b"%d" % number, None)


async def turns(relay: Relay, count: int) -> None:
    for _ in range(count):
        await relay.run_once()


@pytest.mark.parametrize("how", ["fails", "silent"])
async def test_the_others_go_on(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, producer = Owed(), Broken(1, **{how: frozenset({b"1"})})
    relay = relay_over(outbox, producer, monkeypatch)

    await relay.run_once()
    outbox.rows += [row(6), row(7), row(8)]
    await relay.run_once()

    assert outbox.places_left_out == [[], [ODD]]
    assert sorted(outbox.forgotten) == [2, 4, 6, 8]
    assert sorted(producer.sent) == [b"1", b"2", b"4", b"6", b"8"]


async def test_nobody_waits_for_a_place_as_long_as_for_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, producer = Owed(), Broken(1, silent=frozenset({b"1"}))
    relay = relay_over(outbox, producer, monkeypatch)
    monkeypatch.setattr("shared.kafka.relay.SEND_DEADLINE_S", 1_000.0)
    monkeypatch.setattr("shared.kafka.relay.LATE_S", DEADLINE_S)

    async with asyncio.timeout(SOON_S):
        await relay.run_once()

    assert sorted(outbox.forgotten) == [2, 4]


async def test_a_place_is_asked_again_by_its_oldest_row_for_which_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, producer = Owed(), Broken(1, silent=frozenset({b"3"}))
    relay = relay_over(outbox, producer, monkeypatch)
    monkeypatch.setattr("shared.kafka.aside.AGAIN_S", 0.0)
    await relay.run_once()
    producer.sent.clear()
    monkeypatch.setattr("shared.kafka.relay.SEND_DEADLINE_S", 1_000.0)
    outbox.rows += [row(6)]

    async with asyncio.timeout(SOON_S):
        await turns(relay, 3)

    assert sorted(producer.sent) == [b"3", b"6"]
    assert outbox.places_left_out[-1] == [ODD]
    assert sorted(outbox.forgotten) == [1, 2, 4, 6]


async def test_a_place_that_answers_again_goes_on_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, producer = Owed(), Broken(1, silent=frozenset({b"3"}))
    relay = relay_over(outbox, producer, monkeypatch)
    monkeypatch.setattr("shared.kafka.aside.AGAIN_S", 0.0)
    await turns(relay, 2)
    await asyncio.sleep(2 * DEADLINE_S)
    await relay.run_once()
    producer.silent = frozenset()
    producer.sent.clear()
    await asyncio.sleep(2 * DEADLINE_S)

    await turns(relay, 4)

    assert producer.sent == [b"3", b"5"]
    assert sorted(outbox.forgotten) == [1, 2, 3, 4, 5]


async def test_where_every_place_fails_everything_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, producer = Owed(), Broken(5, fails=frozenset({b"1", b"2"}))
    relay = relay_over(outbox, producer, monkeypatch)

    for _ in range(2):
        with pytest.raises(Exception, match=r"^$"):
            await relay.run_once()

    assert outbox.places_left_out == [[], []]
    assert outbox.forgotten == []


async def test_a_place_that_fills_the_window_hides_the_others_once(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, producer = Owed(), Broken(5, fails=frozenset({b"1"}))
    outbox.rows = [row(1), row(3), row(5), row(2), row(4)]
    monkeypatch.setattr("shared.kafka.relay.SLICE_MAX", 3)
    relay = relay_over(outbox, producer, monkeypatch)

    await turns(relay, 2)

    assert sorted(outbox.forgotten) == [2, 4]


async def test_a_watermark_that_is_refused_holds_up_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    outbox, producer = Owed(), Broken(5)
    producer.takes_marks = False
    monkeypatch.setattr("shared.kafka.relay.WATERMARK_S", 0.0)
    monkeypatch.setattr("shared.kafka.aside.AGAIN_S", DEADLINE_S)
    relay = relay_over(outbox, producer, monkeypatch)

    await relay.run_once()
    outbox.rows = [row(6)]
    await relay.run_once()

    assert sorted(outbox.forgotten) == [1, 2, 3, 4, 5, 6]
    producer.takes_marks = True
    await asyncio.sleep(2 * DEADLINE_S)
    await relay.run_once()
    assert producer.promised == [WATERMARKS]
