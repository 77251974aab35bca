"""Promise: while one command compares everything, the live load of another sends nothing, whatever part of a story comes next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from deploy.local import stage as stage_module
from deploy.local.casting import Desk, Outside
from deploy.local.doors import Answer, Doors
from deploy.local.ledger import Journal
from deploy.local.partners import Partners
from deploy.local.population import Province
from deploy.local.rest import resting, turn
from deploy.local.settling import witnessed
from deploy.local.stage import Deed, Stage
from deploy.local.story import Story
from shared.runtime.auth import Caller

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
CLERK = Desk("intake", Caller("clerk", "c-1", "11330302DEM0000061", "330302"))
PROGRAM = Outside("approval", "decision-made", "j-1")
DECIDED = {"type": "gov.approval.decision-made.v1", "id": "e-1", "time": NOW.isoformat(), "data": {"case_no": "C1"}}
DELIVERY = Deed("deliver", "after", {}, CLERK, "s-0", "C1")
DECISION = Deed("decide", "decision", {}, PROGRAM, "s-7", "C1")
LIMIT_S = 5


class OneDoor:
    """A door that notes what is sent, and a record in which the department has decided."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def command(self, _service: str, command: str, *_: Any) -> Answer:
        self.sent.append(command)
        return Answer(200, {"journey": "j-1"})

    async def lines(self, *_: Any) -> list[bytes]:
        return [orjson.dumps(DECIDED)]


@dataclass
class Play:
    """One stage before one door; `refused_thrice` is set when a turn was asked for in vain three times."""

    directory: Path
    door: OneDoor = field(default_factory=OneDoor)
    refused_thrice: asyncio.Event = field(default_factory=asyncio.Event)
    refused: int = 0

    @contextmanager
    def turn(self) -> Iterator[bool]:
        with turn(self.directory) as mine:
            self.refused += not mine
            if self.refused == 3:
                self.refused_thrice.set()
            yield mine

    def stage(self, journal: Journal) -> Stage:
        return Stage(cast(Doors, self.door), cast(Partners, None), cast(Province, None), journal, lambda: NOW, self.turn)


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    monkeypatch.setattr(stage_module, "LOOK_EVERY_S", 0.001)
    made = Journal(tmp_path / "live-1.jsonl")
    made.begin(Story("s", "caller"))
    yield made
    made.close()


async def test_an_act_waits_for_the_end_of_the_rest(tmp_path: Path, journal: Journal) -> None:
    play = Play(tmp_path)
    with resting(tmp_path):
        acting = asyncio.create_task(play.stage(journal).do("s", 0, DELIVERY))
        await asyncio.wait_for(play.refused_thrice.wait(), LIMIT_S)
        assert not play.door.sent
        assert not witnessed(journal.path).pending

    await asyncio.wait_for(acting, LIMIT_S)

    assert play.door.sent == ["deliver"]


async def test_what_somebody_elses_program_does_is_waited_for_all_the_same(tmp_path: Path, journal: Journal) -> None:
    with resting(tmp_path):
        told = await asyncio.wait_for(Play(tmp_path).stage(journal).do("s", 7, DECISION), LIMIT_S)

    assert told.at == NOW
    assert not witnessed(journal.path).pending
