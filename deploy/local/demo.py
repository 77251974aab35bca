"""`./runonce demo`: everything up, ninety days of history brought in, then life, until somebody says stop or the time is over."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from deploy.local.doors import DoorError, Doors
from deploy.local.history import Loader
from deploy.local.ledger import History, Journal, Ledger
from deploy.local.live import LiveLoad
from deploy.local.partners import Partners
from deploy.local.population import Province, province
from deploy.local.progress import tracking
from deploy.local.quiet import until_heard, until_quiet
from deploy.local.report import told
from deploy.local.rest import LOOK_EVERY_S, turn
from deploy.local.scenario import LiveScenario, Scenario
from deploy.local.scripted import Scripted
from deploy.local.session import addresses, as_long_as_it_runs, say, started
from deploy.local.stack import Stack
from deploy.local.stage import Stage
from deploy.local.verify import verify
from deploy.local.witness import on
from deploy.local.yours import Yours, begin, invitation
from shared.contracts.topics import CATALOGUE_EVENTS
from shared.telemetry import clock

HEARD_S = 60.0
CAUGHT_UP_S = 600.0
TELL_EVERY_S = 15.0
LAST_ANSWERS_S = 30.0


class Demo:
    """One demonstration. Options: `journeys`, `seed` and `seconds` (None: until it is stopped)."""

    def __init__(self, options: argparse.Namespace, data: Path) -> None:
        self._options = options
        self._data = data

    async def run(self) -> int:
        """Bring everything up and keep it alive; with a time limit the exit code is that of the verification."""
        async with started(self._options, self._data) as (stack, doors):
            print(addresses(stack.urls), flush=True)
            return await as_long_as_it_runs(stack, self._run(stack, doors))

    async def _run(self, stack: Stack, doors: Doors) -> int:
        ledger = Ledger(self._data)
        await self._history(stack, doors, ledger)
        await self._live(stack, doors, ledger)
        if self._options.seconds is None:
            return 0
        say("verifying")
        verdict = await verify(doors, stack.kafka, ledger, clock.now)
        print("\n".join(told(verdict)), flush=True)
        return 0 if verdict.is_whole else 1

    async def _history(self, stack: Stack, doors: Doors, ledger: Ledger) -> None:
        history = await self._scripted_history(ledger)
        if history is None:
            return
        # Deadlines are counted by the published calendars, so approval has to know them before the first case.
        await until_heard(doors, stack.kafka, "approval", CATALOGUE_EVENTS, HEARD_S)
        scenario = history.scenario
        with tracking(f"history of {scenario.journeys:,} journeys", scenario.journeys) as tracker:
            await Loader(doors, history, tracker).load()
        say("figures catch up")
        await until_quiet(doors, stack.kafka, CAUGHT_UP_S)
        print("the history is in", file=sys.stderr, flush=True)

    async def _scripted_history(self, ledger: Ledger) -> History | None:
        """The history that is to be brought in: an interrupted one first, else the one asked for if it is not in yet."""
        known = ledger.histories()
        for history in known:
            if not history.is_in:
                return history
        asked = Scenario(self._options.seed, self._options.journeys, clock.now())
        if not asked.journeys or any(history.scenario.seed == asked.seed for history in known):
            return None
        say(f"writing down {asked.journeys:,} journeys before any of them is sent")
        return await asyncio.to_thread(ledger.script, asked)

    async def _live(self, stack: Stack, doors: Doors, ledger: Ledger) -> None:
        now = clock.now()
        run = f"{now:%y%m%d%H%M%S}"
        where = province(on(now))
        journal = Journal(ledger.directory / f"live-{run}.jsonl")
        async with Partners(stack.kafka, where) as partners:
            stage = Stage(doors, partners, where, journal, clock.now, lambda: turn(ledger.directory))
            load = LiveLoad(stage, LiveScenario(self._options.seed, run, on(now)), clock.now)
            stop = asyncio.Event()
            playing = asyncio.create_task(load.run(stop))
            following = asyncio.create_task(self._follow(Scripted(doors, stage, where, stack.kafka, _tell), f"s{run}"))
            waiting = asyncio.create_task(self._yours(doors, where, ledger, f"{run}y"))
            telling = asyncio.create_task(_tell_now_and_then(stage))
            try:
                await asyncio.wait([playing], timeout=self._options.seconds)
            finally:
                telling.cancel()
                stop.set()
                await _ended(playing, following, waiting)
                journal.close()
            _sum_up(stage)

    async def _follow(self, scripted: Scripted, name: str) -> None:
        try:
            await scripted.tell(name)
        except DoorError as error:
            _tell(f"the journey to follow came to nothing: {error}")

    async def _yours(self, doors: Doors, where: Province, ledger: Ledger, name: str) -> None:
        if self._options.seconds is not None:
            # Whoever set a time wants the verdict, and nobody is there to go on with it.
            return
        try:
            while (waits := await self._begun(doors, where, ledger, name)) is None:
                await asyncio.sleep(LOOK_EVERY_S)
        except DoorError as error:
            _tell(f"no journey waits for you: {error}")
        else:
            print(invitation(doors.urls, waits), flush=True)

    async def _begun(self, doors: Doors, where: Province, ledger: Ledger, name: str) -> Yours | None:
        with turn(ledger.directory) as mine:
            return await begin(doors, where, name, clock.now()) if mine else None


async def _ended(*tasks: asyncio.Task[None]) -> None:
    """Let what was sent be answered, but not for ever: who is gone for good answers nothing, and the journal knows what is open."""
    done, late = await asyncio.wait(tasks, timeout=LAST_ANSWERS_S)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    for task in done:
        task.result()


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


async def _tell_now_and_then(stage: Stage) -> None:
    while True:
        await asyncio.sleep(TELL_EVERY_S)
        _tell(f"live: {stage.played.stories:,} journeys begun, {stage.played.deeds:,} acts answered")


def _sum_up(stage: Stage) -> None:
    played = stage.played
    _tell(f"live: {played.stories:,} journeys, {played.deeds:,} acts, {played.repeated:,} of them sent twice")
    for what, count in played.surprises.most_common(10):
        _tell(f"  unexpected {count} x {what}")
