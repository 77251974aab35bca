"""The same projection by us and by our peers: interleaved rounds on one machine, each outcome checked before its time counts.

Broker and PostgreSQL run on one core, contestants one after the other on the other one. Whoever needs more than a minute
for a round gets no second one at that size; whoever would need minutes is timed over its first records only, or left out.
Only ours is always timed to the end: what an event costs in ten million is one of the questions. A round during which the
machine was slower than at its best is held again, a bounded number of times.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from benchmarks.contenders import CONTENDERS, OURS, Command, Contender
from benchmarks.environments import ROOT, NoEnvironmentError, cache_directory
from benchmarks.ground import FailedError, Ground, TooSlowError, calibration_s, contest, ground
from benchmarks.projection_task import read_outcome
from benchmarks.results import Result
from benchmarks.standings import UNEVEN, Round, Standing, results

WORD = "projection"
HELP = "ours, Kafka Streams, Quix, Bytewax and Faust at the same work, held to the same outcome"
SMOKE_SIZE = 5_000
SLOW_ROUND_S = 60.0
TOO_LONG_S = 150.0
WINDOW_S = 45.0
AGAIN_MAX = 2
LIMIT_S, LIMIT_OF_OURS_S = 400.0, 1_800.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Sizes, rounds and who takes part."""
    names = [contender.name for contender in CONTENDERS]
    parser.add_argument("--sizes", type=_numbers, default=(100_000, 600_000, 2_000_000), help="distinct events, e.g. 100000,600000")
    parser.add_argument("--ours-sizes", type=_numbers, default=(1_000_000, 10_000_000), help="sizes at which only ours runs")
    parser.add_argument("--rounds", type=int, default=3, help="rounds at each size; ours alone has at most two")
    parser.add_argument("--contestants", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(",") if number)


def run(options: argparse.Namespace) -> list[Result]:
    """Hold the contest; in the smoke only to see that everybody is right."""
    held = Contest(*((1, 0) if options.smoke else (options.rounds, AGAIN_MAX)))
    held.prepare([contender for contender in CONTENDERS if contender.name in options.contestants])
    if options.smoke:
        asyncio.run(held.at(SMOKE_SIZE, list(held.commands)))
    else:
        for size in sorted({*options.sizes, *options.ours_sizes}):
            names = [name for name in held.commands if size in options.sizes or name == OURS]
            if names:
                asyncio.run(held.at(size, names))
    return results(held.standings, held.calibrations)


class WrongError(Exception):
    """A contestant came to its end with a wrong outcome."""


@dataclass(slots=True)
class Contest:
    """What was measured so far, and who can take part."""

    rounds: int
    again_max: int = AGAIN_MAX
    commands: dict[str, tuple[Contender, Command]] = field(default_factory=dict)
    standings: list[Standing] = field(default_factory=list)
    calibrations: list[float] = field(default_factory=list)

    def prepare(self, contenders: Sequence[Contender]) -> None:
        """Make everybody's environment. One that cannot be made is wrong, not forgotten."""
        for contender in contenders:
            try:
                self.commands[contender.name] = (contender, contender.prepare())
            except NoEnvironmentError as error:
                self.standings.append(Standing(contender.name, 0, wrong=str(error)))
                print(f"{contender.name}: {error}", flush=True)

    async def at(self, size: int, names: Sequence[str]) -> None:
        """All rounds at one size, in an order that rotates."""
        rounds = min(self.rounds, 2) if names == [OURS] else self.rounds
        standings = {name: Standing(name, size) for name in names}
        with tempfile.TemporaryDirectory(prefix="runonce-bench-") as directory:
            async with ground(Path(directory), cache_directory().parent, size) as held:
                print(f"projection: {held.corpus.records} records of {size} events", flush=True)
                for number in range(rounds):
                    turn = number % len(names)
                    await self.round(held, [standings[name] for name in (*names[turn:], *names[:turn])])
        self.standings += standings.values()

    async def round(self, held: Ground, standings: Sequence[Standing]) -> None:
        """Everybody once, one after the other; again if the machine was slower meanwhile than at its best."""
        known = [list(standing.rounds) for standing in standings]
        for _ in range(1 + self.again_max):
            for standing, rounds in zip(standings, known, strict=True):
                standing.rounds[:] = rounds
            before = self._calibrated()
            for standing in standings:
                self._run_once(held, standing)
                await held.tidy()
            slower = max(before, self._calibrated())
            for standing, rounds in zip(standings, known, strict=True):
                standing.rounds[len(rounds) :] = [replace(one, calibration_s=slower) for one in standing.rounds[len(rounds) :]]
            if slower <= UNEVEN * min(self.calibrations) or [standing.rounds for standing in standings] == known:
                return
            print("  the machine was slower than at its best", flush=True)

    def _calibrated(self) -> float:
        self.calibrations.append(calibration_s())
        return self.calibrations[-1]

    def _run_once(self, held: Ground, standing: Standing) -> None:
        if standing.wrong or any(one.seconds > SLOW_ROUND_S for one in standing.rounds) or (standing.note and standing.rounds):
            return
        records = self._records(held, standing)
        if not records:
            return
        try:
            one = self._run(held, standing.contestant, records)
        except TooSlowError:
            standing.wrong = f"not done after {_limit_s(standing.contestant):.0f} s"
        except (FailedError, WrongError) as error:
            standing.wrong = str(error)
        else:
            standing.rounds.append(one)
            if records < held.corpus.records:
                standing.note = _part(held, one)
            print(f"  {standing.contestant}: {one.events} in {one.seconds:.1f} s, {standing.rates()[-1]:.0f}/s", flush=True)
        if standing.wrong:
            print(f"  {standing.contestant}: {standing.wrong}", flush=True)

    def _records(self, held: Ground, standing: Standing) -> int:
        """How many records the contestant is to take: all, or fewer, or none if it would take too long."""
        rate = self._rate(standing.contestant)
        if rate is None or standing.contestant == OURS or held.corpus.records / rate <= TOO_LONG_S:
            return held.corpus.records
        seconds = held.corpus.records / rate
        if not self.commands[standing.contestant][0].can_stop_early:
            standing.note = f"left out: it would take about {seconds:.0f} s, and cannot be stopped early"
            return 0
        return int(rate * WINDOW_S)

    def _rate(self, contestant: str) -> float | None:
        """What it did at the last size at which it was right."""
        known = [standing for standing in self.standings if standing.contestant == contestant and standing.rounds]
        return median(known[-1].rates()) if known else None

    def _run(self, held: Ground, name: str, records: int) -> Round:
        """One fresh run. Raises `WrongError`."""
        contender, command = self.commands[name]
        place = Path(tempfile.mkdtemp(dir=held.directory, prefix=f"{name}-"))
        out = place / "outcome.json"
        asked = ["--kafka", held.kafka, "--records", str(records), "--out", str(out)]
        own = ["--postgres", held.postgres] if contender.uses_postgres else ["--group", place.name, "--state", str(place / "state")]
        before = held.servers_s()
        told = json.loads(contest([*command, *asked, *own], ROOT, place / "errors.log", _limit_s(name)))
        servers_s = held.servers_s() - before
        is_whole = records == held.corpus.records
        if is_whole and read_outcome(out) != held.corpus.outcome:
            raise WrongError("its outcome is not the right one")
        shutil.rmtree(place)
        return Round(told["events"], told["seconds"], told["cpu_s"], servers_s, is_whole)


def _part(held: Ground, one: Round) -> str:
    seconds = held.corpus.records * one.seconds / one.events
    return f"over its first {one.events:,} records, whose outcome was not compared; all would take about {seconds:.0f} s"


def _limit_s(name: str) -> float:
    return LIMIT_OF_OURS_S if name == OURS else LIMIT_S
