"""The verdict in words: a line for each reading of the province, how many slices stand behind it, and every difference."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.local.tables import WAITS, Reading
from deploy.local.truth import ALL, figures
from deploy.local.verify import Verdict

DIFFERENCES_MAX = 30
_WIDTHS = (6, 30, 20, 20, 20)


def told(verdict: Verdict) -> Iterator[str]:
    """The lines of the report."""
    yield f"as of {verdict.as_of.isoformat(timespec='seconds')}: {verdict.journeys:,} made-up journeys, {verdict.others:,} others"
    if verdict.others:
        yield "the truth is compared over the made-up journeys alone; the columns below are over everything"
    yield ""
    yield _line("", "reading", "projected", "recounted", "truth")
    for row in verdict.coverage:
        yield _line("F1", f"{row['reading']} level {row['level']}", *(_shown(row[n]) for n in ("projected", "recounted", "truth")))
    for figure in figures():
        projected, recounted = verdict.projected.get(figure, ALL), verdict.recounted.get(figure, ALL)
        truth: dict[str, Reading] = dict(verdict.truth.readings(figure)) | (_waits(verdict) if figure == "F8" else {})
        for code in recounted:
            yield _line(figure, code, *(_shown(side.get(code)) for side in (projected, recounted, truth)))
    yield ""
    for figure, done in sorted(verdict.compared.items(), key=lambda item: int(item[0][1:])):
        yield f"{figure:<5}{done.readings:>9,} readings compared over all slices, {len(done.differences)} different"
    yield ""
    for law in verdict.laws:
        amounts = ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in law.items() if isinstance(n, int) and name != "holds")
        yield f"F11  {'holds' if law['holds'] else 'BROKEN'}  {law['law']}: {amounts}"
        yield from (f"       {line}" for line in law.get("wrong", ()))
    yield from _differences(verdict)
    total = sum(done.readings for done in verdict.compared.values())
    yield ""
    if verdict.is_whole:
        yield f"all {total:,} readings agree and nothing was lost"
    else:
        yield f"{len(verdict.differences)} of {total:,} readings differ, {len(verdict.broken)} laws are broken"


def _differences(verdict: Verdict) -> Iterator[str]:
    for found in verdict.differences[:DIFFERENCES_MAX]:
        yield f"DIFFERENT  {found.figure} {found.slice} {found.reading}: {found.left} and {found.right} ({found.between})"
    if len(verdict.differences) > DIFFERENCES_MAX:
        yield f"... and {len(verdict.differences) - DIFFERENCES_MAX} more; --json tells all"


def _waits(verdict: Verdict) -> dict[str, Reading]:
    found: dict[str, Reading] = {}
    for code, share in WAITS.items():
        bounds = verdict.truth.wait_quantile(share)
        if bounds is not None:
            found[code] = (round(bounds[1]), len(verdict.truth.waits[ALL]))
    return found


def _shown(reading: Reading | None) -> str:
    if reading is None:
        return "-"
    numerator, denominator = reading
    if denominator is None or numerator is None:
        return f"{numerator:,}" if numerator is not None else "unknown"
    return f"{numerator:,} / {denominator:,}"


def _line(*cells: str) -> str:
    return "".join(f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
