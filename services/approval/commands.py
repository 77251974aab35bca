"""What approval decides about. Time, the acting body and the facts of the acceptance arrive inside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from shared.contracts.approval import ProcedureKind, ProcedureResult
from shared.contracts.intake import ApplicationAccepted, DecisionOutcome


@dataclass(frozen=True, slots=True)
class TakeCase:
    now: datetime
    acceptance: ApplicationAccepted


@dataclass(frozen=True, slots=True)
class StartSpecialProcedure:
    now: datetime
    case_no: str
    kind: ProcedureKind
    basis: str
    expected_wd: int


@dataclass(frozen=True, slots=True)
class EndSpecialProcedure:
    now: datetime
    case_no: str
    result: ProcedureResult


@dataclass(frozen=True, slots=True)
class Extend:
    now: datetime
    case_no: str
    days: int
    approver: str
    reason_code: str


@dataclass(frozen=True, slots=True)
class Decide:
    now: datetime
    case_no: str
    officer_ref: str
    outcome: DecisionOutcome
    document_no: str
    reason_codes: tuple[str, ...]
    remedies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WithdrawCase:
    now: datetime
    case_no: str
    reason_code: str


@dataclass(frozen=True, slots=True)
class RecomputeDeadlines:
    """A calendar was published: every open case of the journey is computed anew."""

    now: datetime
    cause: str


@dataclass(frozen=True, slots=True)
class TimePassed:
    now: datetime
    kind: str
    case_no: str | None


CaseCommand: TypeAlias = StartSpecialProcedure | EndSpecialProcedure | Extend | Decide | WithdrawCase
Command: TypeAlias = TakeCase | CaseCommand | RecomputeDeadlines | TimePassed
