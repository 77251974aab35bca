"""More time is approved by the head who is signed in, or by whom a program names, and is ten working days at most."""

from __future__ import annotations

import pytest

from services.approval.commands import Extend
from services.approval.extension import approver_of
from shared.contracts import commands as wire
from shared.contracts.envelope import Role
from shared.eventsourcing.errors import RefusedError
from shared.runtime.auth import Caller
from tests.unit.approval.story import BODY, CASE, STAFF, Story, at, days_on, take

HEAD = Caller("officer", "head-1", BODY, head=True)
OFFICER = Caller("officer", "officer-7", BODY)
PROGRAM = Caller("department", "land", BODY)
REF = "b" * 32


def refused(caller: Caller, **approver: str) -> tuple[str, str | None]:
    with pytest.raises(RefusedError) as raised:
        approver_of(asked(**approver), caller, STAFF)
    assert raised.value.rule.zh.endswith("。")
    assert raised.value.rule.en.endswith(".")
    return raised.value.rule.code, raised.value.field


def asked(**approver: str) -> wire.Extend:
    return wire.Extend(case_no=CASE, days=5, reason_code="complex", **approver)


@pytest.mark.parametrize("named", [{}, {"approver_no": "head-1"}, {"approver_no": "HEAD-1"}, {"approver": STAFF.ref("head-1")}])
def test_the_head_approves_in_their_own_name(named: dict[str, str]) -> None:
    assert approver_of(asked(**named), HEAD, STAFF) == STAFF.ref("head-1")


def test_the_head_approves_in_nobody_elses_name() -> None:
    assert refused(HEAD, approver_no="head-2") == ("approved-by-another", "approver_no")
    assert refused(HEAD, approver=REF) == ("approved-by-another", "approver")
    assert refused(HEAD, approver_no="head-1", approver=REF) == ("approved-by-another", "approver")


@pytest.mark.parametrize("named", [{}, {"approver_no": "head-1"}, {"approver": REF}])
def test_an_officer_who_is_no_head_approves_nothing_whomever_they_name(named: dict[str, str]) -> None:
    assert refused(OFFICER, **named) == ("only-the-head", None)


def test_a_departments_program_vouches_for_whom_it_names_and_names_somebody() -> None:
    assert approver_of(asked(approver=REF), PROGRAM, STAFF) == REF
    assert approver_of(asked(approver_no="head-1"), PROGRAM, STAFF) == STAFF.ref("head-1")
    assert refused(PROGRAM) == ("approver-missing", "approver_no")
    assert refused(PROGRAM, approver_no="LAND") == ("approved-by-self", "approver_no")


@pytest.mark.parametrize("role", ["department", "importer"])
def test_a_claim_for_heads_is_for_officers(role: Role) -> None:
    assert approver_of(asked(approver=REF), Caller(role, "land", BODY, head=True), STAFF) == REF


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
