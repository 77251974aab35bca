"""What fails or misses something waits with its journey, what cannot be read becomes a dead letter, and the rest flows."""

from __future__ import annotations

from uuid import uuid4

from shared.contracts.topics import INTAKE_EVENTS
from shared.eventsourcing.records import Place, Record
from shared.postgres import conservation
from shared.postgres.inbound import KEPT_MAX, Inbound
from tests.conftest import MakeLog
from tests.integration.kafka.telling import OPENED, VOIDED, Seen, opened, records_of, tell, voided, with_memory


async def test_a_failing_journey_parks_and_the_others_flow(make_log: MakeLog, postgres: str) -> None:
    source, target = await make_log("intake"), await with_memory(await make_log("approval"), postgres)
    sick, well = uuid4(), uuid4()
    await tell(source, sick, opened(), voided(), voided())
    await tell(source, well, opened(), voided())
    seen = Seen()
    seen.failing.add(str(sick))
    inbound = Inbound(target, "g", frozenset({OPENED, VOIDED}), seen)
    place = Place(INTAKE_EVENTS, 0)
    held = (await inbound.claim([place]))[place]
    sick_bodies = await source.read_stream(f"journey-{sick}")
    well_bodies = await source.read_stream(f"journey-{well}")
    both = [
        Record(INTAKE_EVENTS, 0, n, b"", body, 0)
        for n, body in enumerate([sick_bodies[0], well_bodies[0], sick_bodies[1], well_bodies[1], sick_bodies[2]])
    ]

    await inbound.apply({place: (held, both)})

    assert await seen.read(target) == {str(well): [1, 2]}
    assert [r["sequence"] for r in await target.pool.fetch("SELECT sequence FROM parked ORDER BY n")] == [1, 2, 3]
    seen.failing.clear()
    assert await inbound.redrive() == 3
    assert (await seen.read(target))[str(sick)] == [1, 2, 3]
    (row,) = await conservation.consumed(target)
    assert (row["applied"], row["parked"]) == (5, 0)


async def test_a_gap_parks_its_journey_and_rubbish_becomes_a_dead_letter(make_log: MakeLog, postgres: str) -> None:
    source, target = await make_log("intake"), await with_memory(await make_log("approval"), postgres)
    journey = uuid4()
    await tell(source, journey, opened(), voided())
    _, second = await source.read_stream(f"journey-{journey}")
    inbound = Inbound(target, "g", frozenset({OPENED, VOIDED}), Seen())
    place = Place(INTAKE_EVENTS, 0)
    held = (await inbound.claim([place]))[place]

    rubbish = [b"\xff\xfe", b"{", b"[]", b"null", b'{"type": 3}', b""]
    records = [*records_of([second], str(journey)), *records_of(rubbish, "x", 1)]
    await inbound.apply({place: (held, records)})

    (row,) = await conservation.consumed(target)
    assert (row["parked"], row["dead_lettered"], row["applied"]) == (1, 6, 0)
    assert await target.pool.fetchval("SELECT count(*) FROM outbox WHERE topic = 'gov.approval.dlq.v1'") == 6


async def test_rubbish_that_no_notice_has_room_for_is_told_without_its_bytes(make_log: MakeLog) -> None:
    target = await make_log("approval")
    inbound, place = Inbound(target, "g", frozenset({OPENED}), Seen()), Place(INTAKE_EVENTS, 0)
    held = (await inbound.claim([place]))[place]

    await inbound.apply({place: (held, records_of([b"[" * KEPT_MAX, b"[" * (KEPT_MAX + 1)], "x"))})

    small, large = [row["body"] for row in await target.pool.fetch("SELECT body FROM message ORDER BY length(body) DESC")]
    assert b'"bytes"' in small
    assert b'"bytes"' not in large


async def test_what_cannot_even_be_parked_becomes_a_dead_letter(make_log: MakeLog, postgres: str) -> None:
    source, target = await make_log("intake"), await with_memory(await make_log("approval"), postgres)
    journey = uuid4()
    await tell(source, journey, opened())
    (body,) = await source.read_stream(f"journey-{journey}")
    monstrous = [
        body.replace(b'"sequence":1', b'"sequence":4611686018427387904'),
        body.replace(str(journey).encode(), b"\\u0000").replace(b'"sequence":1', b'"sequence":2'),
        body.replace(b'"sequence":1', b'"sequence":18446744073709551615'),
    ]
    inbound = Inbound(target, "g", frozenset({OPENED}), Seen())
    place = Place(INTAKE_EVENTS, 0)
    held = (await inbound.claim([place]))[place]

    await inbound.apply({place: (held, records_of([*monstrous, body], str(journey)))})

    (row,) = await conservation.consumed(target)
    assert (row["consumed"], row["applied"], row["dead_lettered"]) == (4, 1, 3)
