"""Every mutant there is."""

from __future__ import annotations

from tests.faults.mutants import consuming, notices, projection, record, rules, wire
from tests.faults.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *record.MUTANTS,
    *wire.MUTANTS,
    *consuming.MUTANTS,
    *projection.MUTANTS,
    *rules.MUTANTS,
    *notices.MUTANTS,
)
