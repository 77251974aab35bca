"""What approval knows of a journey: each accepted case in exactly one situation, with all that its clock needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import TypeAlias, assert_never

from shared.contracts import approval as facts
from shared.contracts.approval import ApprovalEvent
from shared.contracts.intake import DecisionOutcome
from shared.reference.clock import RULE_NO, CardKind
from shared.reference.deadlines import Pause, local_date

_CARD_OF_RULE: dict[str, CardKind] = {rule: kind for kind, rule in RULE_NO.items()}


@dataclass(frozen=True, slots=True)
class Terms:
    """What the acceptance fixed."""

    case_no: str
    body: str
    accepted_on: date
    promised_wd: int
    statutory_wd: int


@dataclass(frozen=True, slots=True)
class Running:
    """Undecided. The clock runs unless the last pause is open."""

    terms: Terms
    promised_due: date
    statutory_due: date
    pauses: tuple[Pause, ...] = ()
    extended_wd: int = 0
    raised: frozenset[CardKind] = frozenset()

    @property
    def suspended(self) -> bool:
        """Whether a special procedure stops the clock."""
        return bool(self.pauses) and self.pauses[-1].ended_on is None


@dataclass(frozen=True, slots=True)
class Decided:
    """Granted or refused, for good."""

    terms: Terms
    outcome: DecisionOutcome
    document_no: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Taken back by the applicant before a decision."""

    terms: Terms


Case: TypeAlias = Running | Decided | Withdrawn
Journey: TypeAlias = Mapping[str, Case]
NOTHING: Journey = MappingProxyType({})


def evolve(journey: Journey, event: ApprovalEvent, at: datetime) -> Journey:
    """The journey after one more fact; one that does not fit its case changes nothing."""
    if isinstance(event, facts.CaseTaken):
        return MappingProxyType({**journey, event.case_no: _taken(event)})
    case = journey.get(event.case_no)
    if not isinstance(case, Running):
        return journey
    return MappingProxyType({**journey, event.case_no: _after(case, event, at)})


def _taken(event: facts.CaseTaken) -> Running:
    terms = Terms(event.case_no, event.body, local_date(event.accepted_at), event.promised_wd, event.statutory_wd)
    return Running(terms, event.promised_due, event.statutory_due)


def _after(case: Running, event: ApprovalEvent, at: datetime) -> Case:
    match event:
        case facts.SpecialProcedureStarted():
            return replace(case, pauses=(*case.pauses, Pause(local_date(at))))
        case facts.SpecialProcedureEnded():
            ended = replace(case.pauses[-1], ended_on=local_date(at))
            pauses = (*case.pauses[:-1], ended)
            return replace(case, pauses=pauses, promised_due=event.promised_due, statutory_due=event.statutory_due)
        case facts.TimeLimitExtended():
            extended = case.extended_wd + event.days
            return replace(case, extended_wd=extended, promised_due=event.promised_due, statutory_due=event.statutory_due)
        case facts.DeadlineRecomputed():
            return replace(case, promised_due=event.promised_due, statutory_due=event.statutory_due)
        case facts.DeadlineReminderRaised() | facts.YellowCardIssued() | facts.RedCardIssued():
            return replace(case, raised=case.raised | {_CARD_OF_RULE[event.rule_no]})
        case facts.DecisionMade():
            return Decided(case.terms, event.outcome, event.document_no)
        case facts.CaseWithdrawn():
            return Withdrawn(case.terms)
        case facts.CaseTaken():
            return case
        case _:
            assert_never(event)
