"""How sure a ratio is: rounds compared pair by pair, and an interval by the bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from statistics import median

RESAMPLES = 2_000
_SEED = 7


def ratios(rounds: Sequence[float], ours: Sequence[float]) -> list[float]:
    """The ratio of each round to ours in the same round; rounds without a partner are left out."""
    return [one / other for one, other in zip(rounds, ours, strict=False) if other]


def interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """Bounds of the median of `values` by the percentile bootstrap; the same values give the same bounds. `values` is not empty."""
    rng = Random(_SEED)
    medians = sorted(median(rng.choices(values, k=len(values))) for _ in range(RESAMPLES))
    tail = int(RESAMPLES * (1 - confidence) / 2)
    return medians[tail], medians[-1 - tail]
