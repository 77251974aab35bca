"""What the database did is nobody's fault: a slice that it interrupted is left as it was, parks no journey, and comes again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.contracts.envelope import Actor, Envelope
from shared.contracts.intake import VisitVoided
from shared.contracts.topics import INTAKE_EVENTS
from shared.contracts.wire import encode
from shared.eventsourcing.errors import UnavailableError, VersionConflictError
from shared.eventsourcing.records import Place, Record
from shared.postgres.event_log import Tx
from shared.postgres.inbound import Inbound
from tests.conftest import MakeLog

NOW = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
PLACE = Place(INTAKE_EVENTS, 0)


def record(offset: int) -> Record:
    """The first event of a journey of its own."""
    fact, key, cause = VisitVoided(visit_id=uuid4(), reason_code="mistake"), str(uuid4()), UUID(int=offset)
    actor = Actor("clerk", "c")
    told = Envelope(uuid4(), "intake", str(fact.type), f"journey-{key}", 1, NOW, NOW, NOW, key, cause, cause, actor, fact)
    return Record(INTAKE_EVENTS, 0, offset, key.encode(), encode(told), 0)


class Reaction:
    """Fails by `trouble` for as long as there is any, and then hears what it is told."""

    def __init__(self, trouble: Exception) -> None:
        self.trouble: Exception | None = trouble
        self.heard: list[str] = []

    async def __call__(self, _: Tx, events: Sequence[Envelope[Any]]) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.heard += [event.key for event in events]


@pytest.mark.parametrize("trouble", [UnavailableError("away"), VersionConflictError()], ids=lambda error: type(error).__name__)
async def test_an_interrupted_slice_is_left_as_it_was_and_applied_when_it_comes_again(
    make_log: MakeLog, trouble: Exception
) -> None:
    log, reaction, slice_ = await make_log("approval"), Reaction(trouble), [record(0), record(1)]
    inbound = Inbound(log, "g", frozenset({str(VisitVoided.type)}), reaction)
    held = (await inbound.claim([PLACE]))[PLACE]

    with pytest.raises(type(trouble)):
        await inbound.apply({PLACE: (held, slice_)})

    assert await log.pool.fetchval("SELECT count(*) FROM parked") == 0
    assert await log.pool.fetchval("SELECT next_offset FROM checkpoint") == held.next_offset

    reaction.trouble = None
    await inbound.apply({PLACE: (held, slice_)})

    assert reaction.heard == [(one.key or b"").decode() for one in slice_]
