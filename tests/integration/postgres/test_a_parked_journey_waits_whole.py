"""A journey that waits takes nothing from any service, and then everything in the order in which it came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared.contracts.approval import CaseWithdrawn
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.intake import VisitVoided
from shared.contracts.topics import APPROVAL_EVENTS, INTAKE_EVENTS
from shared.contracts.wire import encode
from shared.eventsourcing.claims import Claim
from shared.eventsourcing.records import Place, Record
from shared.postgres import conservation
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.inbound import Inbound
from shared.runtime.auth import Keys
from shared.runtime.http import make_app
from shared.runtime.operator_doors import operator_doors
from tests.conftest import MakeLog

NOW = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
TOPIC = {"intake": INTAKE_EVENTS, "approval": APPROVAL_EVENTS}
INTERESTED = frozenset({str(VisitVoided.type), str(CaseWithdrawn.type)})
SICK, WELL = str(uuid4()), str(uuid4())


class Reaction:
    """What was reacted to, as (source, key, sequence). It fails for what it is told to fail for."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, int]] = []
        self.failing: set[tuple[str, str, int]] = set()

    async def __call__(self, tx: Tx, events: Sequence[Envelope[Any]]) -> None:
        told = [(event.source, event.key, event.sequence) for event in events]
        if self.failing & set(told):
            raise LookupError
        self.heard += told


class Desk:
    """A reader of two services' topics, one partition of each."""

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.reaction = Reaction()
        self.inbound = Inbound(log, "g", INTERESTED, self.reaction)
        self.claims: dict[Place, Claim] = {}

    async def deliver(self, source: str, *told: tuple[str, int]) -> None:
        """Apply events of `source`, each (key, sequence), as the next records of its topic."""
        place = Place(TOPIC[source], 0)
        if place not in self.claims:
            self.claims |= await self.inbound.claim([place])
        held = self.claims[place]
        self.claims |= await self.inbound.apply({place: (held, records(source, *told, start=held.next_offset))})

    async def parked(self) -> list[tuple[str, str, int, str]]:
        rows = await self.log.pool.fetch("SELECT source, key, sequence, error_code FROM parked ORDER BY n")
        return [tuple(row) for row in rows]


def records(source: str, *told: tuple[str, int], start: int = 0) -> list[Record]:
    bodies = [encode(_event(source, key, sequence)) for key, sequence in told]
    return [Record(TOPIC[source], 0, start + n, told[n][0].encode(), body, 0) for n, body in enumerate(bodies)]


def _event(source: str, key: str, sequence: int) -> Envelope[Any]:
    cause = UUID(int=sequence)
    fact: Any = CaseWithdrawn(case_no="c", reason_code="asked")
    if source == "intake":
        fact = VisitVoided(visit_id=cause, reason_code="mistake")
    identity, stream, actor = UUID(key[:-2] + f"{sequence:02d}"), f"journey-{key}", Actor("clerk", "c")
    return Envelope(identity, source, str(fact.type), stream, sequence, NOW, NOW, NOW, key, cause, cause, actor, fact)


@pytest.fixture
async def desk(make_log: MakeLog) -> Desk:
    return Desk(await make_log("notify"))


async def test_a_journey_that_waits_takes_nothing_from_another_service_either(desk: Desk) -> None:
    desk.reaction.failing.add(("intake", SICK, 1))
    await desk.deliver("intake", (SICK, 1), (WELL, 1))

    await desk.deliver("approval", (SICK, 1), (WELL, 1))

    assert await desk.parked() == [("intake", SICK, 1, "LookupError"), ("approval", SICK, 1, "behind")]
    assert desk.reaction.heard == [("intake", WELL, 1), ("approval", WELL, 1)]


async def test_what_waits_is_redriven_in_the_order_in_which_it_came(desk: Desk) -> None:
    desk.reaction.failing.add(("intake", SICK, 1))
    await desk.deliver("intake", (SICK, 1), (SICK, 2))
    await desk.deliver("approval", (SICK, 1))
    await desk.deliver("intake", (SICK, 3))
    desk.reaction.failing.clear()

    assert await desk.inbound.redrive() == 4

    assert desk.reaction.heard == [("intake", SICK, 1), ("intake", SICK, 2), ("approval", SICK, 1), ("intake", SICK, 3)]
    assert await desk.parked() == []


async def test_a_journey_that_missed_an_event_goes_on_by_itself_when_it_comes(desk: Desk) -> None:
    await desk.deliver("intake", (SICK, 1), (SICK, 4), (SICK, 5))
    await desk.deliver("approval", (SICK, 1))
    assert desk.reaction.heard == [("intake", SICK, 1)]

    await desk.deliver("intake", (SICK, 2))
    await desk.deliver("intake", (SICK, 3))

    assert [heard for heard in desk.reaction.heard if heard[0] == "intake"] == [("intake", SICK, n) for n in range(1, 6)]
    assert ("approval", SICK, 1) in desk.reaction.heard
    assert await desk.parked() == []
    tallies = await conservation.consumed(desk.log)
    assert [(row["applied"], row["parked"]) for row in tallies] == [(1, 0), (5, 0)]


async def test_what_failed_is_not_tried_again_for_an_event_that_was_missed(desk: Desk) -> None:
    desk.reaction.failing.add(("approval", SICK, 1))
    await desk.deliver("intake", (SICK, 2))
    await desk.deliver("approval", (SICK, 1))
    await desk.inbound.redrive()

    await desk.deliver("intake", (SICK, 1))

    assert desk.reaction.heard == []
    rows = await desk.log.pool.fetch("SELECT error_code, attempts FROM parked ORDER BY n")
    assert [tuple(row) for row in rows] == [("gap", 1), ("LookupError", 2), ("behind", 1)]


async def test_whoever_takes_over_lets_what_was_missed_go_on_first(desk: Desk) -> None:
    await desk.deliver("intake", (SICK, 2))
    await desk.log.pool.execute(
        "INSERT INTO parked (grp, key, source, sequence, topic, partition, kafka_offset, type, body, error_code) "
        "SELECT grp, key, source, 1, topic, partition, 1, type, $1, 'behind' FROM parked",
        records("intake", (SICK, 1))[0].value,
    )
    await desk.log.pool.execute("UPDATE checkpoint SET next_offset = 2, consumed = 2, parked = 2")

    held = await desk.inbound.claim([Place(INTAKE_EVENTS, 0)])

    assert desk.reaction.heard == [("intake", SICK, 1), ("intake", SICK, 2)]
    assert held[Place(INTAKE_EVENTS, 0)].next_offset == 2


async def test_whoever_takes_over_goes_on_where_a_redrive_died(desk: Desk) -> None:
    await desk.deliver("intake", (SICK, 2), (SICK, 3), (SICK, 4))
    await desk.log.pool.execute("DELETE FROM parked WHERE sequence = 2")
    await desk.log.pool.execute("INSERT INTO seen_head (grp, source, key, version) VALUES ('g', 'intake', $1, 2)", SICK)

    await desk.inbound.claim([Place(INTAKE_EVENTS, 0)])

    assert desk.reaction.heard == [("intake", SICK, 3), ("intake", SICK, 4)]


async def test_a_gap_that_is_redriven_in_vain_is_still_a_gap(desk: Desk) -> None:
    await desk.deliver("intake", (SICK, 2))

    assert await desk.inbound.redrive() == 0

    assert [code for *_, code in await desk.parked()] == ["gap"]


async def test_a_redrive_says_how_much_still_waits(desk: Desk, tmp_path: Path) -> None:
    desk.reaction.failing.add(("intake", SICK, 2))
    await desk.deliver("intake", (SICK, 1), (SICK, 2), (SICK, 3))
    keys = Keys(tmp_path)
    keys.ensure()
    app = make_app("notify", "notify", keys, lambda: True)
    operator_doors(app, desk.log, [desk.inbound])
    headers = {"authorization": f"Bearer {keys.issue('operator', 'o-1')}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notify", headers=headers) as client:
        seen = (await client.get("/v1/parked/seen")).json()
        done = await client.post("/v1/redrive", params={"seen": seen["seen"]})

    assert [(row["journey"], row["events"]) for row in seen["parked"]] == [(SICK, 2)]
    assert done.json() == {"g": 0, "still_parked": 2}


async def test_what_was_redriven_is_a_duplicate_when_it_comes_again(desk: Desk) -> None:
    desk.reaction.failing.add(("intake", SICK, 1))
    await desk.deliver("intake", (SICK, 1), (SICK, 2))
    desk.reaction.failing.clear()
    await desk.inbound.redrive()

    await desk.deliver("intake", (SICK, 1), (SICK, 2), (SICK, 3))

    assert desk.reaction.heard == [("intake", SICK, n) for n in (1, 2, 3)]
    (row,) = await conservation.consumed(desk.log)
    assert (row["consumed"], row["applied"], row["duplicate"], row["parked"]) == (5, 3, 2, 0)
