"""What each number is meant to reach. A report puts it beside what was measured; no test asserts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Literal

from benchmarks.contenders import OURS
from benchmarks.intervals import ratios
from benchmarks.results import Result
from benchmarks.standings import BENCH, CPU, RATE

SIGNS = {"<=": "≤", ">=": "≥"}


@dataclass(frozen=True, slots=True)
class Goal:
    """`comparison` between the value and `number`; `size` says for which size alone it is meant."""

    comparison: Literal["<=", ">="]
    number: float
    size: int | None = None

    def is_met(self, value: float) -> bool:
        """Whether a value reaches the goal."""
        return value <= self.number if self.comparison == "<=" else value >= self.number

    def told(self, value: float) -> str:
        """The goal, and whether a value reaches it."""
        number = f"{self.number:,.0f}" if self.number >= 1_000 else f"{self.number:.4g}"
        return f"{SIGNS[self.comparison]} {number}: {'met' if self.is_met(value) else 'missed'}"


GOALS: dict[tuple[str, str], Goal] = {
    ("pipeline", "events/s sustained"): Goal(">=", 3_000),
    ("pipeline", "s until lag is 0 after the burst"): Goal("<=", 60),
    ("pipeline", "ms p95 dashboard"): Goal("<=", 100),
    ("pipeline", "s warm start"): Goal("<=", 15),
    ("pipeline", "MB resident in all"): Goal("<=", 1_500),
    ("freshness", "ms p50 HTTP"): Goal("<=", 30, 1_000),
    ("freshness", "ms p99 HTTP"): Goal("<=", 150, 1_000),
    ("doors", "single POST/s"): Goal(">=", 400),
    ("doors", "ms p99 single POST under half load"): Goal("<=", 50),
    ("doors", "times p99 of single POST beside intruders"): Goal("<=", 2),
    ("doors", "submissions/s by batch HTTP"): Goal(">=", 1_000),
    ("doors", "submissions/s by Kafka"): Goal(">=", 1_000),
    ("doors", "ms p95 status"): Goal("<=", 100),
    ("doors", "ms p95 dashboard"): Goal("<=", 100),
    ("board", "ms first figure"): Goal("<=", 1_000),
    ("board", "ms first figure, nothing arriving"): Goal("<=", 1_000),
    ("board", "kB page weight"): Goal("<=", 200),
    ("board", "frames/s"): Goal(">=", 60),
    ("rebuild", "events/s"): Goal(">=", 60_000),
    ("soak", "events/s"): Goal(">=", 200),
    ("soak", "resources that grow"): Goal("<=", 0),
    ("soak", "differences in the end"): Goal("<=", 0),
    ("recovery", "s kill -9 to first commit, intake"): Goal("<=", 10),
    ("recovery", "s kill -9 to first commit, approval"): Goal("<=", 10),
    ("recovery", "s kill -9 to first commit, notify"): Goal("<=", 10),
    ("recovery", "s kill -9 to first commit, metrics"): Goal("<=", 10),
    ("recovery", "s kill -9 to first commit, kafka"): Goal("<=", 10),
    ("recovery", "s kill -9 to first commit, postgres"): Goal("<=", 10),
}
"""By bench and unit."""
LEADS: dict[str, Goal] = {
    "kafka_streams": Goal(">=", 2, 2_000_000),
    "faust_tables": Goal(">=", 15),
    "quix": Goal(">=", 3),
}
"""How many times its events/s ours are to be in the projection contest, by contestant."""
FLAT, SMALL, LARGE = 1.15, 1_000_000, 10_000_000
"""What an event of the large size may cost, in processor time of ours, compared with one of the small size."""
Ours = Mapping[tuple[int, str], Result]


def told(result: Result, ours: Ours) -> str:
    """What a result was meant to reach, and whether it did; nothing if there is no goal. `ours` are those of its bench."""
    if result.value is None:
        return ""
    if result.contestant != OURS:
        return _lead(result, ours)
    goal = GOALS.get((result.bench, result.unit)) or _flat(result, ours)
    return "" if goal is None or goal.size not in (None, result.size) else goal.told(result.value)


def _lead(result: Result, ours: Ours) -> str:
    goal, beside = LEADS.get(result.contestant), ours.get((result.size, result.unit))
    if goal is None or beside is None or (result.bench, result.unit) != (BENCH, RATE) or goal.size not in (None, result.size):
        return ""
    found = ratios(beside.rounds, result.rounds)
    if result.correct is None or not found:
        return f"ours ÷ it {SIGNS[goal.comparison]} {goal.number:.4g}: not shown"
    return f"ours ÷ it {goal.told(median(found))}"


def _flat(result: Result, ours: Ours) -> Goal | None:
    small = ours.get((SMALL, CPU))
    if (result.bench, result.unit) != (BENCH, CPU) or small is None or small.value is None:
        return None
    return Goal("<=", FLAT * small.value, LARGE)
