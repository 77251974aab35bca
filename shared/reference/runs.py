"""The run rule: which visits count as a run, and whose. Three counters that are never mixed.

Zhejiang's Provisions of 2018 (Art. 2) promise one visit or none from submitting the application to receiving the result,
for one thing whose materials are complete. `statutory` counts what that text counts, `experienced` every trip people
made, `proxy` the trips that agents or staff made for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

RUN_RULE = "run-rule/2019.1"
RESPONSIBLE_BY_CAUSE = {
    "normal": "unknown",
    "not_informed": "government",
    "system_failure": "government",
    "staff_error": "government",
    "hall_closed": "government",
    "collect_failed": "government",
    "missing_material": "applicant",
    "wrong_place": "applicant",
    "gap_fill": "applicant",
    "unknown": "unknown",
}
"""Who answers for a cause unless the desk says otherwise."""
NEARBY_KINDS = frozenset({"township_point", "village_point", "terminal"})
_COUNTED_PURPOSES = frozenset({"apply", "presence", "collect"})

RunKind = Literal["experienced", "proxy"]


class Visit(NamedTuple):
    """What the rule needs to know of one visit. `order` is its place in the record, `person` a pseudonym or the visit's id."""

    visit_id: str
    person: str
    venue_id: str
    venue_kind: str
    local_date: date
    by: str
    purpose: str
    outcome: str
    cause: str
    responsible: str
    order: int


class Run(NamedTuple):
    """One or more visits of one person to one venue on one day."""

    local_date: date
    venue_id: str
    kind: RunKind
    statutory: bool
    nearby: bool
    cause: str
    responsible: str
    visit_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunCount:
    """The runs of one journey, by counter."""

    runs: tuple[Run, ...]

    @property
    def statutory(self) -> int:
        return sum(run.statutory for run in self.runs)

    @property
    def experienced(self) -> int:
        return sum(run.kind == "experienced" for run in self.runs)

    @property
    def proxy(self) -> int:
        return sum(run.kind == "proxy" for run in self.runs)


def count_runs(visits: Iterable[Visit], *, submitted_on: date | None, delivered_on: date | None) -> RunCount:
    """The runs among `visits`; a visit after the day of delivery counts nowhere. The order of the input does not matter."""
    counted = [v for v in visits if delivered_on is None or v.local_date <= delivered_on]
    counted.sort(key=lambda v: v.order)
    begin = _promise_begins(counted, submitted_on)

    groups: dict[tuple[date, str, str, bool], list[Visit]] = {}
    for visit in counted:
        member = (visit.local_date, visit.venue_id, visit.person, visit.by == "applicant")
        groups.setdefault(member, []).append(visit)
    return RunCount(tuple([_run(groups[member], begin) for member in sorted(groups)]))


def _promise_begins(visits: list[Visit], submitted_on: date | None) -> date | None:
    applied = [v.local_date for v in visits if v.purpose == "apply"]
    days = [*applied, *([submitted_on] if submitted_on is not None else [])]
    return min(days) if days else None


def _run(members: list[Visit], promise_begins: date | None) -> Run:
    first = members[0]
    reason = first
    if first.cause == "normal" and len(members) > 1:
        reason = next((v for v in members if v.cause != "normal"), first)
    by_applicant = first.by == "applicant"
    return Run(
        local_date=first.local_date,
        venue_id=first.venue_id,
        kind="experienced" if by_applicant else "proxy",
        statutory=by_applicant and any(_is_statutory(v, promise_begins) for v in members),
        nearby=first.venue_kind in NEARBY_KINDS,
        cause=reason.cause,
        responsible=reason.responsible,
        visit_ids=tuple([v.visit_id for v in members]),
    )


def _is_statutory(visit: Visit, promise_begins: date | None) -> bool:
    if visit.outcome == "done" and visit.purpose in _COUNTED_PURPOSES:
        return True
    return visit.responsible == "government" and promise_begins is not None and visit.local_date >= promise_begins
