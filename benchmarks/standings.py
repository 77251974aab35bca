"""From single rounds to results: medians, ratios to ours, and what a time is worth that was taken over a part only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from benchmarks.contenders import OURS
from benchmarks.results import Result

BENCH = "projection"
RATE = "events/s"
CPU = "CPU s per million events"
CPU_ALL = "CPU s per million events, servers included"
CALIBRATED = "calibration"
CALIBRATION = "s for 5 million squares"
UNEVEN = 1.1
"""A calibration that takes so many times the quickest one tells of a machine with something else to do."""


@dataclass(frozen=True, slots=True)
class Round:
    """One run of one contestant that came to its end with the right outcome, or over a part of the records."""

    events: int
    seconds: float
    cpu_s: float
    servers_s: float
    is_compared: bool = True
    calibration_s: float = 0.0
    """The longer of the calibrations before and after it."""


@dataclass(slots=True)
class Standing:
    """All that is known of one contestant at one size."""

    contestant: str
    size: int
    rounds: list[Round] = field(default_factory=list)
    wrong: str = ""
    """Why its time does not count."""
    note: str = ""

    def rates(self) -> list[float]:
        """Events a second, round by round."""
        return [round(one.events / one.seconds, 1) for one in self.rounds]

    def costs(self, *, with_servers: bool) -> list[float]:
        """Processor seconds per million events, round by round."""
        spent = [(one.cpu_s + (one.servers_s if with_servers else 0.0), one.events) for one in self.rounds]
        return [round(seconds / events * 1e6, 2) for seconds, events in spent]


def results(standings: Sequence[Standing], calibrations: Sequence[float]) -> list[Result]:
    """One result for each contestant, size and unit. A contestant that was wrong once has no number."""
    found = [result for standing in standings for result in _results(standing, min(calibrations) * UNEVEN)]
    ours = {(result.size, result.unit): result.value for result in found if result.contestant == OURS}
    compared = [_compared(result, ours.get((result.size, result.unit))) for result in found]
    rounds = [round(seconds, 3) for seconds in calibrations]
    return [*compared, Result(BENCH, CALIBRATED, 0, median(rounds), CALIBRATION, rounds=rounds)]


def _results(standing: Standing, slow_s: float) -> list[Result]:
    if standing.wrong:
        return [Result(BENCH, standing.contestant, standing.size, None, RATE, correct=False, note=standing.wrong)]
    if not standing.rounds:
        return [Result(BENCH, standing.contestant, standing.size, None, RATE, correct=None, note=standing.note)]
    correct = True if all(one.is_compared for one in standing.rounds) else None
    slow = sum(one.calibration_s > slow_s for one in standing.rounds)
    told = f"the machine was slower than at its best in {slow} of {len(standing.rounds)} rounds" if slow else ""
    note = "; ".join(filter(None, (standing.note, told)))
    values = {RATE: standing.rates()}
    if correct:
        # Over a part, what was read beyond the records that count was paid for too.
        values |= {CPU: standing.costs(with_servers=False), CPU_ALL: standing.costs(with_servers=True)}
    return [
        Result(BENCH, standing.contestant, standing.size, median(rounds), unit, correct=correct, rounds=rounds, note=note)
        for unit, rounds in values.items()
    ]


def _compared(result: Result, ours: float | None) -> Result:
    if not ours or result.value is None:
        return result
    return replace(result, ratio_to_ours=round(result.value / ours, 4))
