"""The scenarios by name, how many schedules of each the ordinary suite runs, and how one that fails is told."""

from __future__ import annotations

import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial, reduce
from multiprocessing import get_context

from tests.simulation import deliveries, notices, projections, requests
from tests.simulation.house import BrokenPromiseError, Ran, Scenario, run_schedule, simulated

SCENARIOS: dict[str, Scenario] = {
    "deliveries": deliveries.scenario,
    "projections": projections.scenario,
    "requests": requests.scenario,
    "notices": notices.scenario,
}
PART = 250
COUNTS = {"deliveries": 3_000, "projections": 2_500, "requests": 2_000, "notices": 2_500}


ALWAYS = frozenset({"dies at", "fails at", "freezes", "is killed", "restarts", "is away", "commits after all", "hears that"})
"""What happens in every scenario, as the steps of a schedule call it."""
HAPPENINGS: dict[str, frozenset[str]] = {
    "deliveries": ALWAYS | {"takes the lease", "redrives", "lets an event"},
    "projections": ALWAYS | {"redrives", "lets an event"},
    "requests": ALWAYS | {"takes the lease"},
    "notices": ALWAYS,
}
"""What must have happened often when many schedules were played, or they show less than they seem to."""


@dataclass(frozen=True, slots=True)
class Explored:
    """How many schedules held, how many faults struck, in how many what happened, and the cost in processor seconds."""

    schedules: int
    faults: int
    happened: Counter[str]
    cpu_s: float

    def __add__(self, other: Explored) -> Explored:
        happened, cpu_s = self.happened + other.happened, self.cpu_s + other.cpu_s
        return Explored(self.schedules + other.schedules, self.faults + other.faults, happened, cpu_s)


class ScheduleFailedError(AssertionError):
    """A schedule broke a promise; the message says how to play it again."""


def explore(name: str, first: int, count: int) -> Explored:
    """Run schedules `first` to `first + count - 1` of a scenario. Raises `ScheduleFailedError` for the first that breaks."""
    started, faults, happened = time.process_time(), 0, Counter[str]()
    with simulated():
        for seed in range(first, first + count):
            try:
                ran = run_schedule(SCENARIOS[name], seed)
            except Exception as error:
                how = f"schedule {seed} of {name} failed: {why(error)}\nplay it again: python -m tests.simulation {name} {seed}"
                raise ScheduleFailedError(how) from error
            faults += ran.faults
            happened.update({what for what in HAPPENINGS[name] if any(step.what.startswith(what) for step in ran.steps)})
    return Explored(count, faults, happened, time.process_time() - started)


def explore_on_all_cores(name: str, count: int) -> Explored:
    """Run schedules 0 to `count - 1` like `explore`, in as many processes as there are cores."""
    firsts = range(0, count, PART)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        parts = pool.map(partial(explore, name), firsts, [min(PART, count - first) for first in firsts])
        return reduce(Explored.__add__, parts)


def why(error: BaseException | None) -> str:
    """What broke, with everything that led to it, in one line."""
    told: list[str] = []
    while error is not None:
        told.append(str(error) if isinstance(error, BrokenPromiseError) else f"{type(error).__name__}({error})")
        error = error.__cause__
    return ", of ".join(told)


def replay(name: str, seed: int) -> Ran:
    """Run one schedule and note every effect. Raises what broke, with its steps in the error's notes."""
    with simulated():
        return run_schedule(SCENARIOS[name], seed, tells=True)
