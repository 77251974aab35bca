"""What each number is meant to reach. A report puts it beside what was measured; no test asserts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Goal:
    """`comparison` between the value and `number`; `size` says for which size alone it is meant."""

    comparison: Literal["<=", ">="]
    number: float
    size: int | None = None

    def is_met(self, value: float) -> bool:
        """Whether a value reaches the goal."""
        return value <= self.number if self.comparison == "<=" else value >= self.number


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
    ("doors", "submissions/s by batch HTTP"): Goal(">=", 1_000),
    ("doors", "submissions/s by Kafka"): Goal(">=", 1_000),
    ("doors", "ms p95 status"): Goal("<=", 100),
    ("doors", "ms p95 dashboard"): Goal("<=", 100),
    ("board", "ms first figure"): Goal("<=", 1_000),
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
