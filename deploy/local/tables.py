"""Figures by slice and reading as three sources tell them, in one shape, so that they can be laid side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deploy.local.truth import ALL, Truth

Reading = tuple[int | None, int | None]
"""Numerator and denominator; no denominator for a count, no numerator where nothing is known."""
Readings = dict[str, Reading]
DIMENSIONS = ("city", "county", "item", "basic", "channel", "day", "cause", "pair", "scope")
KNOWN = "known"
"""The day on which government knew: the second axis of time, which the record tells and the truth does not."""
WAITS = {"wait_p50": 0.5, "wait_p90": 0.9}
_ROUNDED_S = 1
"""Waits are told in whole seconds."""


class Table:
    """Readings by figure and slice; a slice that nobody counted anything in has the readings of `empty`."""

    def __init__(self, empty: Callable[[str, str], Readings]) -> None:
        self._empty = empty
        self._told: dict[tuple[str, str], Readings] = {}

    def put(self, figure: str, name: str, readings: Readings) -> None:
        """Remember the readings of a slice."""
        self._told[figure, name] = readings

    def get(self, figure: str, name: str) -> Readings:
        """The readings of a slice."""
        known = self._told.get((figure, name))
        return self._empty(figure, name) if known is None else known

    def names(self, figure: str) -> set[str]:
        """The slices in which something was counted."""
        return {name for told, name in self._told if told == figure}


@dataclass(frozen=True, slots=True)
class Difference:
    """Two sources disagree about one reading."""

    figure: str
    slice: str
    reading: str
    left: str
    right: str
    between: str


@dataclass
class Compared:
    """How many readings were laid side by side, and where they differ."""

    readings: int
    differences: list[Difference]


def compare(figure: str, left: Table, right: Table, between: str) -> Compared:
    """Every reading of a figure in every slice that either table knows, which must be the same."""
    done = Compared(0, [])
    for name in sorted(left.names(figure) | right.names(figure)):
        one, other = left.get(figure, name), right.get(figure, name)
        for code in sorted(set(one) | set(other)):
            done.readings += 1
            if one.get(code) != other.get(code):
                done.differences.append(Difference(figure, name, code, str(one.get(code)), str(other.get(code)), between))
    return done


def compare_with_truth(figure: str, counted: Table, truth: Truth, between: str) -> Compared:
    """Every reading that the truth knows; waits may lie anywhere between the least and the most that the truth allows."""
    done = Compared(0, [])
    names = {name for name in counted.names(figure) if name.partition("=")[0] in {ALL, *DIMENSIONS}}
    for name in sorted(names | truth.slices(figure)):
        found = counted.get(figure, name)
        for code, expected in truth_readings(truth, figure, name).items():
            done.readings += 1
            if found.get(code) != expected:
                done.differences.append(Difference(figure, name, code, str(found.get(code)), str(expected), between))
        if figure == "F8" and name.partition("=")[0] in {ALL, "pair"}:
            for code, share in WAITS.items():
                done.readings += 1
                done.differences += _wait_differs(truth, name, code, share, found.get(code, (None, None)), between)
    return done


def truth_readings(truth: Truth, figure: str, name: str) -> Readings:
    """What the truth says of a slice. By cause it counts extra runs alone: what they are divided by has no cause."""
    told: Readings = dict(truth.readings(figure, name))
    return {"extra": told["extra"]} if figure == "F5" and name.startswith("cause=") else told


def _wait_differs(truth: Truth, name: str, code: str, share: float, found: Reading, between: str) -> Iterator[Difference]:
    bounds = truth.wait_quantile(share, name)
    told, taken = found
    if bounds is None:
        if taken:
            yield Difference("F8", name, code, str(found), "no hand-over was taken", between)
        return
    least, most = bounds
    if told is None or not least - _ROUNDED_S <= told <= most + _ROUNDED_S or taken != len(truth.waits[name]):
        yield Difference("F8", name, code, str(found), f"{least:.0f} to {most:.0f} s of {len(truth.waits[name])}", between)
