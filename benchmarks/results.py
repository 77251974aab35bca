"""What was measured: a result for each bench, contestant and size, in one file; a new run of a bench replaces its old one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

LATEST = Path(__file__).parent / "results" / "latest.json"


@dataclass(frozen=True, slots=True)
class Result:
    """One number. `rounds` are the single measurements that `value` is the median of; a wrong result has no time that counts."""

    bench: str
    contestant: str
    size: int
    value: float | None
    unit: str
    ratio_to_ours: float | None = None
    """`value` ÷ ours of the same bench, size and unit; None where there is nothing of ours to compare with."""
    correct: bool | None = True
    """None where nothing was compared: such a number is told, and is neither right nor wrong."""
    rounds: list[float] = field(default_factory=list)
    note: str = ""
    """What a reader must know to read the value rightly."""


def kept(path: Path = LATEST) -> list[Result]:
    """The results on disk; none if nothing was measured yet."""
    return [Result(**row) for row in json.loads(path.read_text())] if path.exists() else []


def keep(results: Sequence[Result], path: Path = LATEST) -> None:
    """Write `results` in the place of what was kept of the same benches."""
    replaced = {result.bench for result in results}
    remaining = [result for result in kept(path) if result.bench not in replaced]
    path.parent.mkdir(exist_ok=True)
    rows = [asdict(result) for result in sorted([*remaining, *results], key=lambda r: (r.bench, r.size, r.contestant, r.unit))]
    path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
