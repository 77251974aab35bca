"""`./runonce bench`: every bench in turn and then the report, or the one that is named.

Each is one module with a word, options and a run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from statistics import median
from typing import Protocol

from benchmarks import board, doors, freshness, pipeline, projection, rebuild, recovery, report, soak
from benchmarks.ground import calibration_s
from benchmarks.results import Result, keep
from benchmarks.smoke import smoke
from benchmarks.standings import CALIBRATED, CALIBRATION


class Bench(Protocol):
    """A module that measures one thing."""

    WORD: str
    HELP: str

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the bench's own options; their defaults are those of the full run."""

    def run(self, options: argparse.Namespace) -> list[Result]:
        """Measure. `options.smoke` asks for the smallest run that still proves the results right; no time is judged."""


BENCHES: tuple[Bench, ...] = (projection, pipeline, freshness, doors, rebuild, recovery, board)
ON_DEMAND: tuple[Bench, ...] = (soak, report)
"""What only runs when it is named; the report also runs after all benches."""


def parser() -> argparse.ArgumentParser:
    """Every word and option."""
    top = argparse.ArgumentParser(prog="./runonce bench", description=__doc__)
    top.add_argument("--smoke", action="store_true", help="smallest sizes, every result checked, nothing kept")
    words = top.add_subparsers(dest="word")
    for bench in (*BENCHES, *ON_DEMAND):
        bench.add_options(words.add_parser(bench.WORD, help=bench.HELP))
    return top


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for; exit code 1 if any result was wrong."""
    asked = parser().parse_args(arguments)
    if asked.smoke and asked.word is None:
        return smoke([bench.WORD for bench in BENCHES])
    named = [bench for bench in (*BENCHES, *ON_DEMAND) if asked.word == bench.WORD]
    wrong = 0
    for bench in named or (*BENCHES, report):
        own = argparse.ArgumentParser()
        bench.add_options(own)
        results = _calibrated(bench, asked if asked.word else own.parse_args([], argparse.Namespace(smoke=asked.smoke)))
        wrong += sum(result.correct is False for result in results)
        if not asked.smoke:
            keep(results)
    return 1 if wrong else 0


def _calibrated(bench: Bench, options: argparse.Namespace) -> list[Result]:
    """What a bench measured, with how fast the machine was before and after, unless it says so itself."""
    before = calibration_s()
    results = bench.run(options)
    if not results or any(result.contestant == CALIBRATED for result in results):
        return results
    rounds = [round(before, 3), round(calibration_s(), 3)]
    return [*results, Result(bench.WORD, CALIBRATED, 0, median(rounds), CALIBRATION, rounds=rounds)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
