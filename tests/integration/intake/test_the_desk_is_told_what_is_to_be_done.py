"""The desk's queue and search agree with the record: who was here today, what is to be done by whom, and how one is found."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import UUID

import pytest

from services.intake import desk, guide, names, presence
from services.intake.cases import Desk
from services.intake.people import Pseudonyms
from shared.contracts import commands as wire
from shared.contracts.intake import MissingMaterial
from shared.postgres.event_log import Tx
from shared.reference.calendar import Calendars
from shared.reference.deadlines import local_date
from tests.integration.intake.city import (
    CLERK,
    HANGZHOU_BODY,
    ITEM,
    KEY,
    MIGRATIONS,
    NOW,
    PORTAL,
    WENZHOU,
    WENZHOU_BODY,
    City,
    applicant,
    submit,
    visit,
    visit_id,
)
from tests.integration.intake.conftest import Door

TODAY = local_date(NOW)
IN_VAIN = {"outcome": "missing_material", "cause": "missing_material"}


async def tasks(city: City, body: str) -> dict[str, list[str]]:
    """The case numbers of each task of a body's desk."""
    async with city.log.transaction() as tx:
        found = await desk.to_do(tx, Desk(body=body))
    return {task: [case["case_no"] for case in told["cases"]] for task, told in found.items()}


async def here(city: City) -> list[tuple[str, str]]:
    async with city.log.transaction() as tx:
        return [(row["purpose"], row["outcome"]) for row in (await presence.here(tx, "hall-wz", TODAY))[1]]


async def found(city: City, text: str) -> list[UUID]:
    async with city.log.transaction() as tx:
        return list(await desk.find(tx, text, Pseudonyms(KEY).subject_ref))


async def test_a_case_is_one_desks_to_do_at_every_step(city: City) -> None:
    submitted = await city.done(submit())
    number = str(submitted.case_no)
    assert await tasks(city, WENZHOU_BODY) == {"receive": [number]}

    await city.done(wire.Receive(case_no=number, window_id="hall-wz", form_check="passed", identity_check="passed"))
    assert await tasks(city, WENZHOU_BODY) == {"check": [number]}
    await city.done(wire.OfferCustody(case_no=number, to_body=HANGZHOU_BODY, medium="electronic"))
    assert await tasks(city, WENZHOU_BODY) == {"waiting": [number]}
    assert await tasks(city, HANGZHOU_BODY) == {"offered": [number]}
    await city.done(wire.AcceptCustody(case_no=number))
    assert await tasks(city, WENZHOU_BODY) == {}
    assert await tasks(city, HANGZHOU_BODY) == {"check": [number]}
    await city.done(wire.Accept(case_no=number))
    assert await tasks(city, HANGZHOU_BODY) == {}


async def days(city: City, body: str) -> dict[str, list[date]]:
    """By when each case of each task of a body's desk is to be answered."""
    async with city.log.transaction() as tx:
        found = await desk.to_do(tx, Desk(body=body))
    return {task: [case["due"] for case in told["cases"]] for task, told in found.items()}


async def test_an_offer_has_a_day_of_its_own_also_while_its_applicant_has_one(city: City, door: Door) -> None:
    number, _ = await city.case()
    await city.done(wire.IssueCorrection(case_no=number, missing=(MissingMaterial(code="deed", reason_code="absent"),)))
    assert await days(city, WENZHOU_BODY) == {"correction": [date(2026, 6, 22)]}

    await city.done(wire.OfferCustody(case_no=number, to_body=HANGZHOU_BODY, medium="paper"))
    assert await days(city, WENZHOU_BODY) == {"waiting": [date(2026, 6, 10)]}
    assert await days(city, HANGZHOU_BODY) == {"offered": [date(2026, 6, 10)]}
    told = (await door.get("/v1/desk", CLERK)).json()
    left = Calendars().working_days_left(date.fromisoformat(told["today"]), date(2026, 6, 10))
    assert [row["working_days_left"] for row in told["to_do"]["waiting"]["cases"]] == [left]

    await city.done(wire.ReturnCustody(case_no=number, reason_code="incomplete-file"))
    assert await days(city, WENZHOU_BODY) == {"correction": [date(2026, 6, 22)]}
    assert await city.log.pool.fetchval("SELECT offered_due FROM case_index") is None


async def test_an_upgrade_finds_the_days_of_open_offers_in_the_record(city: City) -> None:
    number, _ = await city.case()
    await city.done(wire.OfferCustody(case_no=number, to_body=HANGZHOU_BODY, medium="electronic"))
    await city.done(wire.ReturnCustody(case_no=number, reason_code="incomplete-file"))
    await city.done(wire.OfferCustody(case_no=number, to_body=HANGZHOU_BODY, medium="paper"))
    await city.log.pool.execute("UPDATE case_index SET offered_due = NULL")
    filled = re.search(r"UPDATE case_index.*?;", (MIGRATIONS / "20261127000174_offers_last_day.sql").read_text("utf-8"), re.DOTALL)
    assert filled is not None

    await city.log.pool.execute(filled.group())

    assert await days(city, HANGZHOU_BODY) == {"offered": [date(2026, 6, 10)]}


async def test_a_region_without_a_body_has_a_desk_too(city: City) -> None:
    await city.done(submit())
    async with city.log.transaction() as tx:
        assert (await desk.to_do(tx, Desk(region_prefix=WENZHOU[:4])))["receive"]["count"] == 1
        assert await desk.to_do(tx, Desk(region_prefix="3301")) == {}


async def test_whoever_came_today_is_in_the_hall_until_taken_off(city: City) -> None:
    await city.done(visit("yesterday", applicant(1), local_date=TODAY - timedelta(days=1)))
    await city.done(visit("first", applicant(2)), visit("again", applicant(2), purpose="correct", **IN_VAIN))
    await city.done(visit("other", applicant(3)))
    assert sorted(await here(city)) == [("apply", "done"), ("correct", "missing_material")]

    await city.done(wire.VoidVisit(visit_id=visit_id("other"), reason_code="mistake"))
    assert await here(city) == [("correct", "missing_material")]


async def test_whoever_came_twice_is_there_until_both_are_taken_off(city: City) -> None:
    await city.done(visit("older", applicant(1), local_date=TODAY - timedelta(days=3)))
    await city.done(visit("first", applicant(1)), visit("again", applicant(1), purpose="correct", **IN_VAIN))

    await city.done(wire.VoidVisit(visit_id=visit_id("again"), reason_code="mistake"))
    assert await here(city) == [("apply", "done")]
    await city.done(wire.VoidVisit(visit_id=visit_id("first"), reason_code="mistake"))
    assert await here(city) == []
    await city.done(visit("third", applicant(1), purpose="consult"))
    assert await here(city) == [("consult", "done")]


async def test_an_older_day_that_is_recorded_later_moves_nobody(city: City) -> None:
    await city.done(visit("today", applicant(1)))
    await city.done(visit("older", applicant(1), local_date=TODAY - timedelta(days=3), venue_id="hall-hz"))

    assert await here(city) == [("apply", "done")]


async def test_one_is_found_by_receipt_case_pseudonym_and_id_number(city: City) -> None:
    submitted = await city.done(submit(applicant(7)))
    journey = UUID(str(submitted.journey))
    id_no = applicant(7).id_no

    for text in (submitted.receipt_no, submitted.case_no, id_no, Pseudonyms(KEY).subject_ref(id_no)):
        assert await found(city, str(text)) == [journey]
    assert await found(city, "330100199001019999") == []


async def test_capitals_are_nobodys_concern(city: City) -> None:
    submitted = await city.done(submit(wire.Applicant(id_no="33010019900101001X", region=WENZHOU)))
    subject = Pseudonyms(KEY).subject_ref("33010019900101001X")

    for text in ("33010019900101001x", str(submitted.receipt_no).lower(), subject.upper()):
        assert await found(city, text) == [UUID(str(submitted.journey))]


async def test_a_desk_applies_for_whoever_its_journey_is_of(city: City) -> None:
    ours, theirs = (Pseudonyms(KEY).subject_ref(applicant(number).id_no) for number in (5, 6))
    (stranger,) = await city.ask(submit(applicant(5)).model_copy(update={"subject_ref": theirs}), by=CLERK)
    (portal,) = await city.ask(submit(applicant(5), channel="web").model_copy(update={"subject_ref": ours}), by=PORTAL)
    (own,) = await city.ask(submit(applicant(5)).model_copy(update={"subject_ref": ours}), by=CLERK)

    assert [stranger.rule, portal.rule, own.rule] == ["applicant-differs", "pseudonym-is-the-desks", None]


async def test_a_desk_that_found_the_person_need_not_read_the_card_again(city: City) -> None:
    first = await city.done(visit("first", applicant(5)))
    subject = Pseudonyms(KEY).subject_ref(applicant(5).id_no)
    second = await city.done(visit("second", None, subject_ref=subject, local_date=TODAY), by=CLERK)
    (stranger,) = await city.ask(visit("third", None, subject_ref=subject, source="self_report"), by=PORTAL)
    (both,) = await city.ask(visit("fourth", applicant(5), subject_ref=subject))

    assert second.journey == first.journey
    assert [stranger.rule, both.rule] == ["pseudonym-is-the-desks"] * 2


async def test_the_guide_names_the_body_and_the_halls_of_ones_own_city(city: City) -> None:
    async with city.log.transaction() as tx:
        advice = await guide.advice(tx, ITEM, "330102", TODAY)
        nobody = await guide.advice(tx, ITEM, WENZHOU, TODAY)

    assert advice is not None
    assert (advice["declared"], [venue["venue_id"] for venue in advice["venues"]]) == (1, ["hall-hz"])
    assert nobody is None


async def test_the_guide_says_how_many_halls_there_are_where_it_names_some(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    await city.log.pool.execute(
        "INSERT INTO venue SELECT 'second', region, kind, mandates, fact FROM venue WHERE venue_id = 'hall-hz'"
    )
    monkeypatch.setattr(guide, "VENUES_MAX", 1)
    async with city.log.transaction() as tx:
        advice = await guide.advice(tx, ITEM, "330102", TODAY)

    assert advice is not None
    assert (len(advice["venues"]), advice["venues_there"]) == (1, 2)


async def test_names_are_told_for_every_code_of_an_answer(city: City) -> None:
    async def work(tx: Tx) -> names.Names:
        return await names.of_everything(tx, {"rows": [{"item_code": ITEM, "holder_body": WENZHOU_BODY, "venue_id": "hall-wz"}]})

    told = await city.log.transact(work)
    assert told["items"] == {ITEM: ["不动产转移登记", "Real-estate transfer"]}
    assert told["bodies"] == {WENZHOU_BODY: ["局", "Bureau"]}
    assert told["venues"] == {"hall-wz": ["大厅", "Hall"]}


async def test_a_second_case_of_a_journey_costs_the_record_no_further_question(
    city: City, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(name: str) -> None:
        ask = getattr(Tx, name)

        async def counting(tx: Tx, sql: str, *args: object) -> object:
            asked.append(sql)
            return await ask(tx, sql, *args)

        monkeypatch.setattr(Tx, name, counting)

    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        counted(name)

    async def statements(journey: str, cases: int) -> list[str]:
        asked.clear()
        told = (await door.get(f"/v1/desk/journeys/{journey}", CLERK)).json()
        assert [[one["code"] for one in case["materials"]] for case in told["cases"]] == [["deed"]] * cases
        return list(asked)

    _, journey = await city.case()
    alone = await statements(journey, 1)
    second = await city.done(submit())

    assert str(second.journey) == journey
    assert await statements(journey, 2) == alone


async def test_the_first_letters_of_a_pseudonym_find_its_person_and_fewer_find_nobody(city: City) -> None:
    reply = await city.done(visit("a", applicant()))
    ref = Pseudonyms(KEY).subject_ref(applicant().id_no)

    assert await found(city, ref[:8].upper()) == await found(city, ref) == [UUID(str(reply.journey))]
    assert await found(city, ref[:7]) == []
    assert await found(city, ref[:8] + ("0" if ref[8] != "0" else "1")) == []


async def test_an_id_number_that_looks_like_a_pseudonym_is_one(city: City) -> None:
    number = "A1234567"
    reply = await city.done(visit("a", wire.Applicant(id_no=number, region=WENZHOU)))

    assert await found(city, number) == [UUID(str(reply.journey))]
