"""The promise beside what a person lived through, by the rule that the figures use too. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.contracts.envelope import Envelope
from shared.contracts.intake import (
    ApplicationSubmitted,
    JourneyCompleted,
    JourneyOpened,
    ResultDelivered,
    VisitRecorded,
    VisitVoided,
)
from shared.reference.deadlines import local_date
from shared.reference.runs import RunCount, Visit, count_runs

_IN_HAND = frozenset({"granted", "refused"})
TODAY = "today"
"""The name of a visit that is not recorded yet."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What was declared and what happened so far. `this_run` is the number of the run that a visit today is part of."""

    declared: int | None
    runs: RunCount
    this_run: int | None = None

    @property
    def kept(self) -> bool | None:
        """Whether nobody had to come more often than declared; None where nothing was declared."""
        return None if self.declared is None else self.runs.experienced <= self.declared


def promise_of(events: Sequence[Envelope[Any]], venue: tuple[str, str] | None = None, today: date | None = None) -> Promise:
    """The promise of a journey, by its events. With `venue` (its id and kind) and `today`, also the run that begins now."""
    opened = next((e.data for e in events if isinstance(e.data, JourneyOpened)), None)
    declared = declared_of(events)
    visits = list(visits_of(events))
    so_far = _count(visits, events)
    if venue is None or today is None:
        return Promise(declared, so_far)
    subject = None if opened is None else opened.subject_ref
    coming = Visit(TODAY, subject or TODAY, *venue, today, "applicant", "apply", "done", "normal", "unknown", len(events))
    with_today = _count([*visits, coming], events)
    place = {visit.visit_id: visit.order for visit in [*visits, coming]}
    experienced = [run for run in with_today.runs if run.kind == "experienced"]
    experienced.sort(key=lambda run: (run.local_date, min(place[visit_id] for visit_id in run.visit_ids)))
    return Promise(declared, so_far, next((n for n, run in enumerate(experienced, 1) if TODAY in run.visit_ids), None))


def declared_of(events: Sequence[Envelope[Any]]) -> int | None:
    """What was promised for the whole thing, as F4 has it: the most of the cases handed over, else by the first application."""
    promised = {e.data.case_no: e.data.declared_visits for e in events if isinstance(e.data, ApplicationSubmitted)}
    handed = [promised[e.data.case_no] for e in events if isinstance(e.data, ResultDelivered) and e.data.case_no in promised]
    if handed:
        return max(handed)
    opened = (e.data.declared_visits for e in events if isinstance(e.data, JourneyOpened))
    return next(iter(promised.values()), next(opened, None))


def visits_of(events: Iterable[Envelope[Any]]) -> Iterable[Visit]:
    """The visits that stand, as the run rule reads them."""
    recorded: dict[Any, Visit] = {}
    for order, event in enumerate(events):
        match event.data:
            case VisitRecorded():
                recorded[event.data.visit_id] = _visit(order, event.data)
            case VisitVoided():
                recorded.pop(event.data.visit_id, None)
            case _:
                pass
    return recorded.values()


def _visit(order: int, fact: VisitRecorded) -> Visit:
    own = fact.subject_ref if fact.by == "applicant" else fact.person_ref
    return Visit(
        visit_id=str(fact.visit_id),
        person=own or str(fact.visit_id),
        venue_id=fact.venue_id,
        venue_kind=fact.venue_kind,
        local_date=fact.local_date,
        by=fact.by,
        purpose=fact.purpose,
        outcome=fact.outcome,
        cause=fact.cause,
        responsible=fact.responsible,
        order=order,
    )


def _count(visits: Iterable[Visit], events: Sequence[Envelope[Any]]) -> RunCount:
    submitted = next((local_date(e.time) for e in events if isinstance(e.data, ApplicationSubmitted)), None)
    over = any(isinstance(e.data, JourneyCompleted) and e.data.outcome in _IN_HAND for e in events)
    delivered = [local_date(e.data.delivered_at) for e in events if isinstance(e.data, ResultDelivered)] if over else []
    return count_runs(visits, submitted_on=submitted, delivered_on=max(delivered, default=None))
