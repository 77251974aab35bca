"""The mutation check: `python -m tests.faults.mutants [--only NAME] [--list] [--jobs N] [--all-tests]`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import NoReturn

from tests.faults.mutants.catalogue import MUTANTS
from tests.faults.mutants.mutant import Ask, Mutant, Schedules, Suite, UnfitError, broken
from tests.faults.mutants.trial import ROOT, Copy, Result, copies, put, try_out

_ORDINARY = Suite(("tests/unit", "tests/contract", "tests/simulation", "tests/integration"))


def main(words: Sequence[str]) -> int:
    """Exit codes: 0 every mutant was caught, 1 one survived, 2 something is wrong with a mutant or with the tests themselves."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mutants", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="this mutant; may be given again")
    parser.add_argument("--list", action="store_true", help="only tell which mutants there are")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 4), help="how many copies to try in at a time")
    parser.add_argument(
        "--all-tests", action="store_true", help="ask the ordinary suite when the tests of a mutant do not notice it"
    )
    asked = parser.parse_args(words)
    signal.signal(signal.SIGTERM, _end)
    # What a shell starts in the background is deaf to it, and so would be its children: the tests, which are stopped by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    names = [mutant.name for mutant in MUTANTS]
    unknown = sorted(set(asked.only or ()) - set(names))
    if unknown:
        parser.error(f"no such mutant: {', '.join(unknown)}")
    chosen = [mutant for mutant in MUTANTS if asked.only is None or mutant.name in asked.only]
    if asked.list:
        for mutant in chosen:
            _say(f"{mutant.name:<50} {mutant.breaks} ({mutant.rule})")
        return 0
    try:
        for mutant in chosen:
            broken(mutant, ROOT)
    except UnfitError as unfit:
        _say(str(unfit))
        return 2
    return _check(chosen, max(asked.jobs, 1), (_ORDINARY,) if asked.all_tests else ())


def _check(chosen: Sequence[Mutant], jobs: int, more: tuple[Ask, ...]) -> int:
    started = time.monotonic()
    with copies(jobs) as made:
        red = _without_any(made[0], chosen)
        if red is not None:
            _say(f"the tests fail without any mutant, so they can show nothing: {red}")
            return 2
        results = _all_tried(made, chosen, more)
    verdicts = [result.told.verdict for result in results]
    _say(f"\n{len(results)} mutants in {time.monotonic() - started:.0f} s: {verdicts.count('caught')} caught, ", end="")
    _say(f"{verdicts.count('survived')} survived, {verdicts.count('broken')} broken themselves")
    return 2 if "broken" in verdicts else int("survived" in verdicts)


def _without_any(copy: Copy, chosen: Sequence[Mutant]) -> str | None:
    """What fails already before anything is broken."""
    paths: dict[str, None] = {}
    counts: dict[str, int] = {}
    for ask in (ask for mutant in chosen for ask in mutant.asks):
        match ask:
            case Suite():
                paths |= dict.fromkeys(ask.paths)
            case Schedules():
                counts[ask.scenario] = max(counts.get(ask.scenario, 0), ask.count)
    asks: list[Ask] = [Schedules(scenario, count) for scenario, count in counts.items()]
    for ask in [*asks, *([Suite(tuple(sorted(paths)))] if paths else [])]:
        told = put(copy, ask)
        if told.verdict != "survived":
            return told.by
    return None


def _all_tried(made: Sequence[Copy], chosen: Sequence[Mutant], more: tuple[Ask, ...]) -> list[Result]:
    free: SimpleQueue[Copy] = SimpleQueue()
    for copy in made:
        free.put(copy)

    def trial(mutant: Mutant) -> Result:
        copy = free.get()
        try:
            result = try_out(copy, mutant, (*mutant.asks, *more))
        finally:
            free.put(copy)
        _say(_line(result))
        return result

    with ThreadPoolExecutor(len(made)) as pool:
        try:
            return list(pool.map(trial, chosen))
        except BaseException:
            # The pool waits for what is under way, and the copies must stay until then.
            for copy in made:
                copy.give_up()
            raise


def _end(number: int, _: object) -> NoReturn:
    """End in an orderly way, which takes a moment that nobody shall cut short by asking again."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def _line(result: Result) -> str:
    mutant, told = result.mutant, result.told
    end = {"caught": f"caught by {told.by}", "survived": "SURVIVED", "broken": f"BROKEN ITSELF: {told.by}"}[told.verdict]
    return f"{mutant.name:<50} {result.seconds:6.1f} s  {end}\n{'':<50} {mutant.breaks} ({mutant.rule})"


def _say(words: str, end: str = "\n") -> None:
    print(words, end=end, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
