"""More time needs a second person, named by a staff number, and is ten working days at most."""

from __future__ import annotations

import pytest

from services.approval.commands import Extend
from services.approval.extension import approver_of
from shared.contracts import commands as wire
from shared.eventsourcing.errors import RefusedError
from shared.runtime.auth import Caller, staff_ref
from tests.unit.approval.story import BODY, CASE, Story, at, days_on, take

OFFICER = Caller("officer", "officer-7", BODY)
PROGRAM = Caller("department", "land", BODY)
REF = "b" * 32


def refused(caller: Caller, **approver: str) -> tuple[str, str | None]:
    with pytest.raises(RefusedError) as raised:
        approver_of(asked(**approver), caller)
    assert raised.value.rule.zh
    assert raised.value.rule.en
    return raised.value.rule.code, raised.value.field


def asked(**approver: str) -> wire.Extend:
    return wire.Extend(case_no=CASE, days=5, reason_code="complex", **approver)


def test_the_approver_is_recorded_under_the_pseudonym_of_the_number() -> None:
    assert approver_of(asked(approver_no="head-1"), OFFICER) == staff_ref("head-1")


@pytest.mark.parametrize("number", ["officer-7", "OFFICER-7"])
def test_nobody_approves_for_themselves(number: str) -> None:
    assert refused(OFFICER, approver_no=number) == ("approved-by-self", "approver_no")


def test_an_officer_names_a_person_and_not_a_pseudonym() -> None:
    assert refused(OFFICER, approver=REF) == ("approver-missing", "approver_no")
    assert refused(OFFICER) == ("approver-missing", "approver_no")


def test_a_departments_program_vouches_for_its_pseudonyms_and_names_somebody() -> None:
    assert approver_of(asked(approver=REF), PROGRAM) == REF
    assert refused(PROGRAM) == ("approver-missing", "approver_no")


@pytest.mark.parametrize("number", ["", "head 1", "-1", "x" * 65])
def test_a_number_has_a_form(number: str) -> None:
    with pytest.raises(ValueError, match="approver_no"):
        asked(approver_no=number)


def test_ten_working_days_are_the_most() -> None:
    _, none = Story(take()).when(Extend(at(days_on(1)), CASE, 10, REF, "complex"))
    _, eleven = Story(take()).when(Extend(at(days_on(1)), CASE, 11, REF, "complex"))

    assert none is None
    assert eleven is not None
    assert (eleven.rule.code, eleven.field) == ("extension-too-long", "days")
