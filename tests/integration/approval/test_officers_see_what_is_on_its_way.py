"""The officers' page rests on what intake and the catalogue told: offers until they end, names, and every decision whole."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from services.approval import incoming, names, worklist
from services.approval.service import react
from services.intake.next_steps import steps_for
from services.intake.state import Journey, evolve
from shared.contracts.base import Fact
from shared.contracts.catalogue import BodyRegistered
from shared.contracts.commands import Decide
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.intake import (
    ApplicationReceived,
    ApplicationSubmitted,
    CorrectionNoticeIssued,
    CorrectionSubmitted,
    CustodyAccepted,
    CustodyOffered,
    CustodyOfferWithdrawn,
    CustodyReturned,
    IntakeEvent,
    MissingMaterial,
)
from shared.postgres.event_log import EventLog, Tx
from shared.reference.calendar import Calendars
from shared.runtime.auth import Caller
from shared.runtime.requests import Asked
from tests.conftest import MakeLog
from tests.integration.approval.test_racing_officers_decide_once import MIGRATIONS, ask, with_case
from tests.unit.approval.story import BODY, CALENDARS, CASE, MONDAY, STAFF, accepted, at, days_on

NUMBER = "TRANSFER20260309ABCDEFGHIJ"
OFFERED = CustodyOffered(
    case_no=NUMBER,
    handover_no="H1",
    from_body="2" * 18,
    from_region="330300",
    to_body=BODY,
    to_region="330100",
    medium="electronic",
    due=date(2026, 3, 10),
)
TAKEN = CustodyAccepted(case_no=NUMBER, handover_no="H1")
ONWARD = OFFERED.model_copy(update={"handover_no": "H2", "from_body": BODY, "to_body": "3" * 18})
TAKEN_BACK = CustodyOfferWithdrawn(case_no=NUMBER, handover_no="H2")
RETURNED = CustodyReturned(case_no=NUMBER, handover_no="H1", reason_code="not-ours")
ASKED = CorrectionNoticeIssued(
    case_no=NUMBER, notice_no="N1", ordinal=1, missing=(MissingMaterial(code="deed", reason_code="absent"),), due=date(2026, 3, 16)
)
ASKED_AGAIN = ASKED.model_copy(update={"notice_no": "N2", "ordinal": 2, "due": date(2026, 3, 17)})
PARTLY, ANSWERED = (CorrectionSubmitted(case_no=NUMBER, notice_no="N1", complete=complete) for complete in (False, True))


def submitted(receiving: str = "330300", handler: str = BODY, case_no: str = NUMBER) -> ApplicationSubmitted:
    """An application that a city hands in, and that a body of Hangzhou handles."""
    return ApplicationSubmitted(
        case_no=case_no,
        item_code="TRANSFER",
        basic_code="TRANSFER",
        item_version=1,
        declared_visits=1,
        promised_wd=5,
        statutory_wd=30,
        channel="window",
        virtual=False,
        subject_ref="0" * 32,
        applicant_region=receiving,
        receiving_body="2" * 18,
        receiving_region=receiving,
        handling_body=handler,
        handling_region="330100",
        handling_level=3,
        materials=(),
    )


RECEIVED = ApplicationReceived(
    case_no=NUMBER, receipt_no="S1", window_id="hall", received_at=at(MONDAY), form_check="passed", identity_check="passed"
)


def heard(*facts: Fact, day: date = MONDAY) -> list[Envelope[Any]]:
    journey, cause, now = str(uuid4()), uuid4(), at(day)
    actor = Actor("clerk", "c")
    return [
        Envelope(uuid4(), "intake", str(f.type), f"journey-{journey}", n, now, now, now, journey, cause, cause, actor, f)  # type: ignore[attr-defined]
        for n, f in enumerate(facts, 1)
    ]


async def after(log: EventLog, *slices: list[Envelope[Any]]) -> list[tuple[str, str, bool]]:
    """Item, sender and whether it is taken, of what is on its way to the body after these slices."""
    for events in slices:

        async def work(tx: Tx, events: list[Envelope[Any]] = events) -> None:
            await react(tx, events)

        await log.transact(work)
    async with log.transaction() as tx:
        listed = await incoming.for_body(tx, BODY, MONDAY, CALENDARS)
    return [(row["item_code"], row["from_body"], row["taken_at"] is not None) for row in listed]


async def test_an_offer_is_listed_until_it_ends_however_its_facts_are_cut_into_slices(make_log: MakeLog) -> None:
    log = await make_log("approval", MIGRATIONS)
    offer, take, back = heard(OFFERED), heard(TAKEN), heard(RETURNED)
    listed = ("TRANSFER", "2" * 18)

    assert await after(log, offer) == [(*listed, False)]
    assert await after(log, take) == [(*listed, True)]
    assert await after(log, offer, back) == []
    assert await after(log, [*heard(OFFERED, TAKEN)]) == [(*listed, True)]
    assert await after(log, [*heard(RETURNED, OFFERED)]) == [(*listed, False)]
    assert await after(log, [*heard(TAKEN, accepted().model_copy(update={"case_no": NUMBER}))]) == []


@pytest.mark.parametrize("end", [CustodyReturned(case_no=NUMBER, handover_no="H2", reason_code="not-ours"), TAKEN_BACK])
@pytest.mark.parametrize("in_one_slice", [True, False])
async def test_a_case_that_was_offered_on_in_vain_is_its_holders_again(make_log: MakeLog, end: Fact, in_one_slice: bool) -> None:
    log = await make_log("approval", MIGRATIONS)
    listed = ("TRANSFER", "2" * 18)
    facts = [OFFERED, TAKEN, ONWARD, end]

    assert await after(log, *([heard(*facts)] if in_one_slice else [heard(fact) for fact in facts])) == [(*listed, True)]
    assert await after(log, heard(ONWARD.model_copy(update={"handover_no": "H3"}))) == []
    assert await after(log, heard(TAKEN.model_copy(update={"handover_no": "H3"}), OFFERED)) == [(*listed, False)]


@pytest.mark.parametrize("in_one_slice", [True, False])
@pytest.mark.parametrize(
    ("facts", "due"),
    [
        ([OFFERED, TAKEN, ASKED], ASKED.due),
        ([ASKED, OFFERED, TAKEN], ASKED.due),
        ([OFFERED, TAKEN, ASKED, PARTLY], ASKED.due),
        ([OFFERED, TAKEN, ASKED, ASKED_AGAIN], ASKED_AGAIN.due),
        ([OFFERED, TAKEN, ASKED, ANSWERED], None),
        ([OFFERED, TAKEN, ASKED, ANSWERED, ASKED_AGAIN], ASKED_AGAIN.due),
    ],
)
async def test_whoever_holds_a_case_sees_until_when_it_waits_for_its_applicant(
    make_log: MakeLog, facts: list[Fact], due: date | None, in_one_slice: bool
) -> None:
    log = await make_log("approval", MIGRATIONS)
    await after(log, *([heard(*facts)] if in_one_slice else [heard(fact) for fact in facts]))

    async with log.transaction() as tx:
        listed = await incoming.for_body(tx, BODY, MONDAY, CALENDARS)
    assert [row["correction_due"] for row in listed] == [due]


async def test_what_waits_for_its_applicant_comes_last_and_is_forgotten_with_its_case(make_log: MakeLog) -> None:
    log = await make_log("approval", MIGRATIONS)
    other = NUMBER.replace("A", "Z")
    later = {"case_no": other, "due": date(2026, 3, 11)}
    await after(
        log, heard(OFFERED, TAKEN, ASKED), heard(OFFERED.model_copy(update=later), TAKEN.model_copy(update={"case_no": other}))
    )

    async with log.transaction() as tx:
        assert [row["case_no"] for row in await incoming.for_body(tx, BODY, MONDAY, CALENDARS)] == [other, NUMBER]
    await after(log, heard(accepted().model_copy(update={"case_no": NUMBER})))
    async with log.transaction() as tx:
        assert await tx.fetchval("SELECT count(*) FROM correction") == 0


TUESDAY, WEDNESDAY = days_on(1), days_on(2)
AFAR, NEAR = submitted(), submitted("330104")


@pytest.mark.parametrize(
    ("facts", "clock", "answer_by"),
    [
        ([(AFAR, MONDAY), (RECEIVED, MONDAY), (OFFERED, MONDAY)], "offer", OFFERED.due),
        ([(AFAR, MONDAY), (RECEIVED, MONDAY), (ASKED, MONDAY), (OFFERED, MONDAY)], "offer", OFFERED.due),
        ([(AFAR, MONDAY), (RECEIVED, MONDAY), (OFFERED, MONDAY), (TAKEN, TUESDAY)], "acceptance", date(2026, 3, 17)),
        ([(NEAR, MONDAY), (RECEIVED, MONDAY), (OFFERED, MONDAY), (TAKEN, TUESDAY)], "acceptance", date(2026, 3, 16)),
        ([(AFAR, MONDAY), (RECEIVED, MONDAY), (OFFERED, MONDAY), (TAKEN, MONDAY), (ASKED, TUESDAY)], "correction", ASKED.due),
        (
            [(AFAR, MONDAY), (RECEIVED, MONDAY), (ASKED, MONDAY), (OFFERED, MONDAY), (TAKEN, TUESDAY), (ANSWERED, WEDNESDAY)],
            "acceptance",
            date(2026, 3, 18),
        ),
        ([(AFAR, MONDAY), (OFFERED, MONDAY), (TAKEN, TUESDAY)], "unreceived", None),
        ([(submitted(handler="3" * 18), MONDAY), (RECEIVED, MONDAY), (OFFERED, MONDAY), (TAKEN, TUESDAY)], "elsewhere", None),
        ([(RECEIVED, MONDAY), (OFFERED, MONDAY), (TAKEN, TUESDAY)], "unknown", None),
    ],
)
async def test_whoever_has_to_answer_sees_until_when_or_that_no_clock_runs(
    make_log: MakeLog, facts: list[tuple[Fact, date]], clock: str, answer_by: date | None
) -> None:
    log = await make_log("approval", MIGRATIONS)
    await after(log, *(heard(fact, day=day) for fact, day in facts))

    async with log.transaction() as tx:
        (told,) = await incoming.for_body(tx, BODY, WEDNESDAY, CALENDARS)
        (unpublished,) = await incoming.for_body(tx, BODY, WEDNESDAY, Calendars())
    left = None if answer_by is None else CALENDARS.working_days_left(WEDNESDAY, answer_by)
    assert (told["clock"], told["answer_by"], told["working_days_left"]) == (clock, answer_by, left)
    assert told["provisional"] is None
    assert unpublished["provisional"] == (2026 if clock == "acceptance" else None), "what was told stays"


def lets_accept(facts: list[tuple[IntakeEvent, date]]) -> bool:
    """Whether intake's own rule lets an officer of the body accept after these facts."""
    journey = Journey()
    for fact, day in facts:
        journey = evolve(journey, fact, at(day))
    return "accept" in steps_for(Actor("officer", "o-1", BODY, "330100"), journey.cases[NUMBER], None)


@pytest.mark.parametrize(
    ("submission", "later", "may_accept"),
    [
        (AFAR, [(RECEIVED, MONDAY), (OFFERED, MONDAY)], False),
        (AFAR, [(RECEIVED, MONDAY), (OFFERED, MONDAY), (TAKEN, TUESDAY)], True),
        (NEAR, [(RECEIVED, MONDAY), (OFFERED, MONDAY), (TAKEN, TUESDAY)], True),
        (AFAR, [(RECEIVED, MONDAY), (OFFERED, MONDAY), (TAKEN, MONDAY), (ASKED, TUESDAY)], False),
        (AFAR, [(RECEIVED, MONDAY), (OFFERED, MONDAY), (TAKEN, MONDAY), (ASKED, TUESDAY), (ANSWERED, WEDNESDAY)], True),
        (AFAR, [(OFFERED, MONDAY), (TAKEN, TUESDAY)], False),
        (submitted(handler="3" * 18), [(RECEIVED, MONDAY), (OFFERED, MONDAY), (TAKEN, TUESDAY)], False),
        (submitted("330104", handler="3" * 18), [(RECEIVED, MONDAY), (OFFERED, MONDAY), (TAKEN, TUESDAY)], False),
    ],
)
async def test_whoever_holds_a_case_is_told_whether_intake_lets_them_accept_it(
    make_log: MakeLog, submission: ApplicationSubmitted, later: list[tuple[IntakeEvent, date]], may_accept: bool
) -> None:
    log = await make_log("approval", MIGRATIONS)
    facts: list[tuple[IntakeEvent, date]] = [(submission, MONDAY), *later]
    await after(log, *(heard(fact, day=day) for fact, day in facts))

    async with log.transaction() as tx:
        (told,) = await incoming.for_body(tx, BODY, WEDNESDAY, CALENDARS)
    assert told["may_accept"] is may_accept
    assert lets_accept(facts) is may_accept


async def test_of_a_case_that_came_before_an_upgrade_intake_is_asked(make_log: MakeLog) -> None:
    log = await make_log("approval", MIGRATIONS)
    await after(log, heard(OFFERED, TAKEN))

    async with log.transaction() as tx:
        (told,) = await incoming.for_body(tx, BODY, WEDNESDAY, CALENDARS)
    assert (told["clock"], told["may_accept"]) == ("unknown", True)


async def test_what_is_to_be_accepted_first_stands_first_and_is_forgotten_with_its_case(make_log: MakeLog) -> None:
    log = await make_log("approval", MIGRATIONS)
    other = NUMBER.replace("A", "Z")
    of_the_other = {"case_no": other}
    await after(
        log,
        heard(AFAR, RECEIVED, OFFERED, TAKEN, day=TUESDAY),
        heard(
            submitted("330104", case_no=other),
            *(fact.model_copy(update=of_the_other) for fact in (RECEIVED, OFFERED, TAKEN)),
            day=WEDNESDAY,
        ),
    )

    async with log.transaction() as tx:
        assert [row["case_no"] for row in await incoming.for_body(tx, BODY, WEDNESDAY, CALENDARS)] == [other, NUMBER]
    await after(log, heard(accepted().model_copy(update={"case_no": NUMBER})))
    async with log.transaction() as tx:
        assert [row["case_no"] for row in await tx.fetch("SELECT case_no FROM arrival")] == [other]


async def test_a_decision_is_told_whole_to_whoever_comes_second(make_log: MakeLog) -> None:
    log = await with_case(make_log)
    refusal = Decide(
        case_no=CASE,
        outcome="refused",
        document_no="doc-1",
        reason_codes=("conditions-not-met",),
        remedies=("lawsuit",),
    )
    await ask(log, Asked(Caller("officer", "o-1", BODY), "k", CASE, uuid4(), refusal, at(days_on(1))))

    async with log.transaction() as tx:
        told = await worklist.one(tx, CASE)
        last = await worklist.ended_last(tx, BODY)
    assert told is not None
    assert (told["situation"], told["document_no"], told["officer_ref"]) == ("refused", "doc-1", STAFF.ref("o-1"))
    assert (told["reason_codes"], told["remedies"]) == (["conditions-not-met"], ["lawsuit"])
    assert [row["case_no"] for row in last] == [CASE]


async def test_names_are_those_that_the_catalogue_said_last(make_log: MakeLog) -> None:
    log = await make_log("approval", MIGRATIONS)
    old, new = (BodyRegistered(body_uscc=BODY, name_zh=zh, name_en="B", region="330100", level=3) for zh in ("旧", "新"))
    await after(log, heard(old), heard(new))

    async with log.transaction() as tx:
        told = await names.of_codes(tx, [], [BODY], ["330100"])
    assert told["bodies"] == {BODY: ["新", "B"]}
    assert told["regions"] == {"330100": ["杭州市", "Hangzhou"]}
