"""Whatever is the matter with one journey, the timers of all others fire, and its own as soon as it is well again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from services.intake.commands import JourneyCommand
from services.intake.service import CLOCKWORK, decider_now
from services.intake.state import Journey
from shared.eventsourcing.decider import Decider
from shared.postgres.event_log import Tx
from shared.runtime.timekeeper import keep_time
from tests.conftest import within
from tests.integration.intake.city import HANGZHOU_BODY, NOW, City, applicant, receive, submit, visit
from tests.integration.intake.test_time_and_approval_move_a_case import until_quiet

ILL = NOW + timedelta(minutes=4)
"""When the journey that fails began: in the midst of the others."""
OVERDUE = "SELECT stream FROM due WHERE due_at <= clock_timestamp()"


class Release:
    """A release of intake that cannot do with the journey of `ILL`, until it is mended."""

    mended = False

    async def decider(self, tx: Tx) -> Decider[JourneyCommand, Journey]:
        """Intake's own, but for that journey."""
        real = await decider_now(tx)

        def decide(command: JourneyCommand, state: Journey) -> list[Any]:
            if not self.mended and state.opened is not None and state.opened.first_contact == ILL:
                raise KeyError(ILL)
            return real.decide(command, state)

        return replace(real, decide=decide)


async def left(city: City, streams: list[str]) -> None:
    """Wait until only these have overdue timers."""
    async with within(20):
        while [row["stream"] for row in await city.log.pool.fetch(OVERDUE)] != streams:
            await asyncio.sleep(0.02)


async def test_a_person_with_many_cases_for_one_thing_is_served_like_anybody(city: City) -> None:
    handed_in = [await city.done(submit(receiving_body=HANGZHOU_BODY)) for _ in range(70)]
    await city.done(*(receive(str(one.case_no), "hall-hz") for one in handed_in))

    await until_quiet(city)

    accepted = await city.log.pool.fetchval("SELECT count(*) FROM case_index WHERE situation = 'accepted'")
    assert len({one.journey for one in handed_in}) == 1
    assert accepted == 70


async def test_others_go_on_and_the_one_that_fails_is_tried_again(city: City) -> None:
    replies = [await city.done(visit(f"v-{n}", applicant(n)), now=NOW + timedelta(minutes=n)) for n in range(9)]
    release, stop = Release(), asyncio.Event()
    keeping = asyncio.create_task(keep_time(city.log, replace(CLOCKWORK, decider=release.decider), stop))

    await left(city, [f"journey-{replies[4].journey}"])
    assert await city.log.pool.fetchval("SELECT count(*) FROM journey_index WHERE outcome = 'lapsed'") == 8

    release.mended = True
    await left(city, [])
    stop.set()
    await keeping
