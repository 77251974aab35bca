"""An open-loop load of visits through intake's batch door: each opens a journey and is recorded, so it is two events."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from deploy.local.doors import DoorError, Doors
from deploy.local.population import Province, province
from deploy.local.story import SOURCE
from shared.contracts.base import wire_time
from shared.reference.deadlines import local_date
from shared.reference.divisions import CITY_CODES
from shared.telemetry import clock

EVENTS_PER_VISIT = 2
TICK_S = 0.025
CALLER = "bench"


def visit(where: Province, rng: random.Random) -> dict[str, Any]:
    """A visit of somebody who gave no name."""
    hall = where.hall(rng.choice(CITY_CODES))
    return {
        "visit_id": str(UUID(int=rng.getrandbits(128), version=4)),
        "item_code": rng.choice(hall.items),
        "venue_id": hall.venue_id,
        "local_date": local_date(clock.now()).isoformat(),
        "by": "applicant",
        "purpose": "consult",
        "outcome": "done",
        "cause": "normal",
        "source": "window",
    }


def document(data: dict[str, Any]) -> dict[str, Any]:
    """The visit as an importer's document."""
    return {
        "specversion": "1.0",
        "id": data["visit_id"],
        "source": SOURCE,
        "type": "gov.command.record-visit.v1",
        "subject": data["visit_id"],
        "time": wire_time(clock.now()),
        "data": data,
    }


@dataclass
class OpenLoop:
    """Sends what is due at each tick, whether or not earlier requests were answered."""

    doors: Doors
    events_per_s: float
    sent: int = 0
    took: list[float] = field(default_factory=list)
    late_s: float = 0.0
    """How far the sender itself fell behind its schedule at worst."""

    async def run(self, seconds: float) -> None:
        """Keep the rate up for so long, then wait for every answer. Raises `DoorError` for any that has no effect."""
        rng, where = random.Random(time.time_ns()), province(local_date(clock.now()))
        per_tick, owed = self.events_per_s / EVENTS_PER_VISIT * TICK_S, 0.0
        loop = asyncio.get_running_loop()
        begun, tasks = loop.time(), []
        for tick in range(round(seconds / TICK_S)):
            due = begun + tick * TICK_S
            await asyncio.sleep(max(0.0, due - loop.time()))
            self.late_s = max(self.late_s, loop.time() - due)
            owed += per_tick
            documents = [document(visit(where, rng)) for _ in range(int(owed))]
            owed -= len(documents)
            self.sent += len(documents)
            if documents:
                tasks.append(asyncio.create_task(self._post(documents, due)))
        await asyncio.gather(*tasks)

    async def _post(self, documents: list[dict[str, Any]], due: float) -> None:
        answers = await self.doors.batch("intake", CALLER, documents)
        self.took.append(asyncio.get_running_loop().time() - due)
        # A batch whose answer was lost in a kill is asked again, and is in effect by then.
        if any(answer["status"] not in ("applied", "duplicate") for answer in answers):
            raise DoorError(f"a visit has no effect: {answers[0]}")
