"""An officer decides under their own pseudonym, whatever the request says; a department's program says who decided."""

from __future__ import annotations

import pytest

from services.approval.decided_by import officer_of
from shared.contracts import commands as wire
from shared.contracts.envelope import Role
from shared.eventsourcing.errors import RefusedError
from shared.runtime.auth import Caller
from tests.unit.approval.story import BODY, CASE, STAFF

OFFICER = Caller("officer", "officer-7", BODY)
REF = "b" * 32


def asked(officer: str | None) -> wire.Decide:
    return wire.Decide(case_no=CASE, officer_ref=officer, outcome="granted", document_no="doc-1")


def refused(officer: str | None, caller: Caller) -> tuple[str, str | None]:
    with pytest.raises(RefusedError) as raised:
        officer_of(asked(officer), caller, STAFF)
    assert raised.value.rule.zh.endswith("。")
    assert raised.value.rule.en.endswith(".")
    return raised.value.rule.code, raised.value.field


def test_an_officer_need_not_say_who_decides() -> None:
    assert officer_of(asked(None), OFFICER, STAFF) == STAFF.ref("officer-7")


def test_an_officer_may_say_their_own_pseudonym() -> None:
    assert officer_of(asked(STAFF.ref("officer-7")), OFFICER, STAFF) == STAFF.ref("officer-7")


@pytest.mark.parametrize("other", [REF, STAFF.ref("officer-8"), STAFF.ref("OFFICER-7")])
def test_an_officer_decides_in_nobody_elses_name(other: str) -> None:
    assert refused(other, OFFICER) == ("decided-by-another", "officer_ref")


@pytest.mark.parametrize("role", ["department", "importer"])
def test_a_program_vouches_for_its_pseudonyms_and_names_somebody(role: Role) -> None:
    program = Caller(role, "land", BODY)

    assert officer_of(asked(REF), program, STAFF) == REF
    assert refused(None, program) == ("officer-missing", "officer_ref")
