"""Play a schedule again, or look for new ones: `python -m tests.simulation SCENARIO SEED [--count N]`."""

from __future__ import annotations

import argparse
import sys
import traceback

from tests.simulation.schedules import SCENARIOS, ScheduleFailedError, explore, replay


def main(words: list[str]) -> int:
    """Exit codes: 0 every promise held, 1 one was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("scenario", choices=sorted(SCENARIOS))
    parser.add_argument("seed", type=int, help="the schedule to play, or the first of many")
    parser.add_argument("--count", type=int, help="run this many schedules and tell only how it went")
    asked = parser.parse_args(words)
    if asked.count is not None:
        return _explore(asked.scenario, asked.seed, asked.count)
    try:
        ran = replay(asked.scenario, asked.seed)
    except Exception as error:
        traceback.print_exception(error)
        return 1
    for step in ran.steps:
        print(step.told())  # noqa: T201
    print(f"held: {ran.faults} faults in {ran.seconds:.3f} virtual seconds")  # noqa: T201
    return 0


def _explore(scenario: str, first: int, count: int) -> int:
    try:
        done = explore(scenario, first, count)
    except ScheduleFailedError as error:
        print(error)  # noqa: T201
        return 1
    print(f"held: {done.schedules} schedules, {done.faults} faults, {done.cpu_s:.1f} processor seconds")  # noqa: T201
    for what, schedules in done.happened.most_common():
        print(f"{schedules:>6} schedules in which somebody {what}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
