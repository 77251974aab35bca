"""Promise: a mutant counts as caught only if a promise broke, however the error that it died of is named."""

from __future__ import annotations

import pytest

from tests.faults.mutants.trial import is_finding


@pytest.mark.parametrize(
    "why",
    [
        "TypeError: relay() takes 1 positional argument but 2 were given",
        'asyncpg.exceptions.PostgresSyntaxError: syntax error at or near "FORM"',
        'asyncpg.exceptions.UndefinedColumnError: column "epcoh" does not exist',
        "tests.simulation.sql.UnknownStatementError: SELECT 1",
        "tests.simulation.schedules.ScheduleFailedError: schedule 7 of notices failed: UnknownStatementError(SELECT 1)",
        "schedule 7 of notices failed: RelayEndedError(), of AttributeError('NoneType' object has no attribute 'ref')",
    ],
)
def test_an_error_of_the_program_is_no_finding(why: str) -> None:
    assert not is_finding(why)


@pytest.mark.parametrize(
    "why",
    [
        "assert 2 == 1",
        "AssertionError: a TypeError was swallowed",
        "asyncpg.exceptions.UniqueViolationError: duplicate key value violates unique constraint",
        "tests.simulation.schedules.ScheduleFailedError: schedule 7 of notices failed: a letter was sent twice",
        "schedule 7 of notices failed: a letter was sent twice",
        "",
    ],
)
def test_a_broken_promise_is_a_finding(why: str) -> None:
    assert is_finding(why)
