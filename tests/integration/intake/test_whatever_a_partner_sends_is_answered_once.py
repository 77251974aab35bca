"""Promise: whatever stands on a partner's topic, under whatever key, is answered once and costs the service nothing."""

from __future__ import annotations

import resource

import orjson
import pytest

from services.intake import consumer
from shared.contracts.topics import submissions
from shared.eventsourcing.records import Place, Record
from shared.postgres import ingress_inbound
from tests.integration.intake.city import OPERATOR, City
from tests.integration.intake.test_partners_are_answered_on_their_own_topics import PORTAL, SUBMISSION, answers, record

TOPIC = submissions("zheliban")
GROWTH_MAX_KIB = 50_000
ROUNDS = 20
SOUND = orjson.dumps(
    {
        "specversion": "1.0",
        "id": "m",
        "source": "partner",
        "subject": "case",
        "type": "gov.command.submit-application.v1",
        "data": SUBMISSION,
    }
)


def with_data(data: bytes) -> bytes:
    return SOUND.replace(orjson.dumps(SUBMISSION), data)


POISON: dict[str, tuple[bytes | None, bytes | None]] = {
    "truncated": (b"case", SOUND[:-5]),
    "not UTF-8": (b"case", b"\xff\xff"),
    "a byte order mark": (b"case", b"\xef\xbb\xbf" + SOUND),
    "a lone surrogate, escaped": (b"case", with_data(b'{"item_code":"\\ud800"}')),
    "a lone surrogate, raw": (b"case", with_data(b'{"item_code":"\xed\xa0\x80"}')),
    "NUL, escaped": (b"case", SOUND.replace(b'"TRANSFER"', b'"\\u0000"')),
    "NUL, raw": (b"case", SOUND.replace(b'"TRANSFER"', b'"\x00"')),
    "an id with NUL": (b"case", SOUND.replace(b'"id":"m"', b'"id":"\\u0000"')),
    "an id that is too long": (b"case", SOUND.replace(b'"id":"m"', b'"id":"' + b"x" * 200_000 + b'"')),
    "not a number": (b"case", with_data(b'{"x":NaN}')),
    "infinity": (b"case", with_data(b'{"x":-Infinity}')),
    "1e400": (b"case", with_data(b'{"x":1e400}')),
    "4,000 digits": (b"case", with_data(b'{"x":' + b"9" * 4_000 + b"}")),
    "5,000 digits": (b"case", with_data(b'{"x":-' + b"9" * 5_000 + b"}")),
    "a long exponent": (b"case", with_data(b'{"x":1e' + b"9" * 5_000 + b"}")),
    "900 deep": (b"case", with_data(b'{"x":' * 900 + b"1" + b"}" * 900)),
    "10,000 deep": (b"case", with_data(b"[" * 10_000 + b"]" * 10_000)),
    "a key twice": (b"case", with_data(b'{"x":1,"x":2}')),
    "nothing": (b"case", b""),
    "no value": (b"case", None),
    "no key": (None, SOUND),
    "a key with NUL": (b"ca\x00se", b"{"),
    "a key with control letters": (b"\x01\x02\n\r\x7f", b"{"),
    "a key that is not UTF-8": (b"\xff\xfe", b"{"),
    "a key of 100 kB": (b"k" * 100_000, b"{"),
    "an empty key": (b"", b"{"),
    "another key": (b"other", SOUND),
    "an unknown type": (b"case", SOUND.replace(b".v1", b".v99")),
    "a type with control letters": (b"case", SOUND.replace(b"gov.command", b"gov\\u0000\\ncommand")),
    "a list": (b"case", b"[]"),
    "a large text": (b"case", b'"' + b"x" * 300_000 + b'"'),
}


@pytest.mark.parametrize("name", POISON)
async def test_poison_is_refused_and_the_next_message_done(city: City, name: str) -> None:
    await city.done(PORTAL, by=OPERATOR)
    key, value = POISON[name]
    inbound = consumer.submissions(city.log, city.intake)
    place = Place(TOPIC, 0)
    held = (await inbound.claim([place]))[place]
    poison = Record(TOPIC, 0, 0, key, value, 0)

    await inbound.apply({place: (held, [poison, record(TOPIC, 1, "m-1", "submit-application", SUBMISSION)])})

    told = await answers(city, "gov.portal.zheliban.receipts.v1")
    assert sorted(receipt["status"] for receipt in told) == ["applied", "refused"]
    assert await city.log.pool.fetchval("SELECT count(*) FROM message WHERE topic = 'gov.intake.dlq.v1'") == 1
    assert await city.log.pool.fetchval("SELECT count(*) FROM case_index") == 1


async def test_poison_by_the_thousand_leaves_no_trace_in_memory(city: City) -> None:
    await city.done(PORTAL, by=OPERATOR)
    inbound = consumer.submissions(city.log, city.intake)
    place, count = Place(TOPIC, 0), len(POISON)
    held = (await inbound.claim([place]))[place]
    before = 0
    for turn in range(ROUNDS):
        records = [Record(TOPIC, 0, turn * count + n, key, value, 0) for n, (key, value) in enumerate(POISON.values())]
        held = (await inbound.apply({place: (held, records)}))[place]
        if turn == ROUNDS // 2:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH_MAX_KIB
    assert await city.log.pool.fetchval("SELECT dead_lettered FROM checkpoint WHERE topic = $1", TOPIC) == ROUNDS * count


async def test_what_cannot_even_be_refused_by_name_is_answered_and_passed_by(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    await city.done(PORTAL, by=OPERATOR)
    inbound, place = consumer.submissions(city.log, city.intake), Place(TOPIC, 0)
    held = (await inbound.claim([place]))[place]
    monkeypatch.setattr(ingress_inbound, "_keyed", lambda record, identity: 1 / 0)

    await inbound.apply({place: (held, [record(TOPIC, 0, "m-1", "submit-application", SUBMISSION)])})

    (told,) = await answers(city, "gov.portal.zheliban.receipts.v1")
    assert (told["status"], told["rule"]) == ("refused", "unstorable")
