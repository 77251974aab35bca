"""The tables and drawings of benchmarks/README.md, made from the kept results. All outside the two markers is written by hand."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from statistics import median

from benchmarks.contenders import OURS
from benchmarks.drawing import Bar, chart
from benchmarks.goals import told
from benchmarks.intervals import interval, ratios
from benchmarks.machine import machine
from benchmarks.results import Result, kept

WORD = "report"
HELP = "make the tables and drawings of benchmarks/README.md again, from the results that were kept"
PAGE = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- results: made by ./runonce bench report -->", "<!-- end of results -->"


def add_options(_parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def run(options: argparse.Namespace) -> list[Result]:
    """Rewrite the page between its markers; measures nothing, and a smoke leaves the page alone."""
    if not options.smoke:
        write(kept(), PAGE)
    return []


def write(results: Sequence[Result], page: Path) -> None:
    """Put the results into `page`, and the drawings beside them. Raises `ValueError` if the page has no markers."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page.name} has no place for results")
    parts = [_machine(), *(_bench(bench, list(rows), page.parent) for bench, rows in groupby(results, lambda r: r.bench))]
    page.write_text(f"{before}{BEGIN}\n\n" + "\n".join(parts) + f"\n{END}{after}")


def _machine() -> str:
    return _table(("machine", ""), machine())


def _bench(bench: str, results: Sequence[Result], directory: Path) -> str:
    ours = {(r.size, r.unit): r for r in results if r.contestant == OURS}
    rows = [_row(result, ours) for result in results]
    heads = ("size", "contestant", "unit", "median", "least to most", "rounds", "ratio to ours, round by round", "goal", "right")
    parts = [f"### `./runonce bench {bench}`\n", _table(heads, rows)]
    parts += dict.fromkeys(f"* {r.contestant}, {r.size:,}: {r.note}." for r in results if r.note)
    parts += list(_drawings(bench, results, directory))
    return "\n".join(parts) + "\n"


def _row(result: Result, ours: Mapping[tuple[int, str], Result]) -> tuple[str, ...]:
    size = f"{result.size:,}" if result.size else ""
    rounds = result.rounds
    spread = f"{_number(min(rounds))} to {_number(max(rounds))}" if len(rounds) > 1 else ""
    value = "" if result.value is None else _number(result.value)
    beside = ours.get((result.size, result.unit))
    compared = "" if result.contestant == OURS or beside is None else _ratio(ratios(rounds, beside.rounds))
    right = "not compared" if result.correct is None else "yes" if result.correct else "no"
    return size, result.contestant, result.unit, value, spread, str(len(rounds) or ""), compared, told(result, ours), right


def _ratio(found: Sequence[float]) -> str:
    if not found:
        return ""
    if len(found) == 1:
        return f"{found[0]:.3g}"
    least, most = interval(found)
    each = ", ".join(f"{ratio:.3g}" for ratio in found)
    return f"{median(found):.3g} [{least:.3g}, {most:.3g}] ({each})"


def _drawings(bench: str, results: Sequence[Result], directory: Path) -> Iterable[str]:
    """A drawing for each unit in which somebody stands beside us."""
    for unit in dict.fromkeys(result.unit for result in results):
        bars = [_bar(result) for result in results if result.unit == unit and result.value and result.correct]
        if len({bar.name for bar in bars}) < 2:
            continue
        name = "-".join(f"{bench} {unit}".replace("/", " per ").replace(",", "").split()) + ".svg"
        (directory / "results").mkdir(exist_ok=True)
        (directory / "results" / name).write_text(chart(f"{bench}: {unit}", bars))
        yield f"\n![{bench}: {unit}](results/{name})"


def _bar(result: Result) -> Bar:
    assert result.value is not None
    rounds = result.rounds or [result.value]
    group = f"{result.size:,}" if result.size else "all"
    return Bar(group, result.contestant, result.value, min(rounds), max(rounds))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"
