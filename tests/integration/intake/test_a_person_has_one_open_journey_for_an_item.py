"""Visits and applications of one person about one item meet in one journey, whoever comes first and however many race."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from shared.contracts import commands as wire
from shared.contracts.intake import (
    ApplicationReceived,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    JourneyCompleted,
    JourneyOpened,
    VisitRecorded,
    VisitVoided,
)
from tests.integration.intake.city import HANGZHOU_BODY, NOW, City, applicant, case_of, receive, submit, visit, visit_id


async def test_a_visit_and_an_application_share_a_journey(city: City) -> None:
    first = await city.done(visit("a", applicant()))
    second = await city.done(submit(), now=NOW + timedelta(days=3))

    assert first.journey == second.journey
    assert await city.told(first.journey) == [JourneyOpened, VisitRecorded, ApplicationSubmitted]


async def test_another_person_has_another_journey(city: City) -> None:
    first = await city.done(visit("a", applicant(1)))
    second = await city.done(visit("b", applicant(2)))

    assert first.journey != second.journey


async def test_racing_first_contacts_open_one_journey(city: City) -> None:
    replies = await asyncio.gather(*(city.done(visit(f"v{n}", applicant())) for n in range(8)))

    assert len({reply.journey for reply in replies}) == 1
    assert (await city.told(replies[0].journey)).count(JourneyOpened) == 1
    assert (await city.told(replies[0].journey)).count(VisitRecorded) == 8


async def test_a_contact_after_the_journey_is_over_opens_another(city: City) -> None:
    submitted = await city.done(submit())
    assert submitted.case_no is not None
    await city.done(wire.Withdraw(case_no=submitted.case_no, reason_code="changed-mind"))

    again = await city.done(submit())

    assert again.journey != submitted.journey
    assert (await city.told(submitted.journey))[-2:] == [ApplicationWithdrawn, JourneyCompleted]


async def test_one_batch_can_end_a_journey_and_begin_the_next(city: City) -> None:
    asked = city.request(submit())
    case_no = case_of(asked)
    back = city.request(wire.Withdraw(case_no=case_no, reason_code="changed-mind"))

    first, withdrawn, later = await city.batch(asked, back, city.request(visit("after", applicant())))

    assert (first.status, withdrawn.status, later.status) == ("applied", "applied", "applied")
    assert first.journey == withdrawn.journey != later.journey


async def test_ninety_days_later_it_is_another_matter(city: City) -> None:
    first = await city.done(submit())
    later = NOW + timedelta(days=90)

    second = await city.done(visit("b", applicant(), local_date=later.date()), now=later)

    assert first.journey != second.journey


async def test_one_batch_can_outlast_a_journey_that_was_there_before(city: City) -> None:
    known = await city.done(visit("first", applicant()))
    inside, beyond = NOW + timedelta(days=89), NOW + timedelta(days=91)

    joins, late, other, more = await city.batch(
        city.request(visit("second", applicant(), local_date=inside.date()), now=inside),
        city.request(submit(), now=beyond),
        city.request(submit(applicant(2)), now=beyond),
        city.request(visit("third", applicant(), local_date=beyond.date()), now=beyond),
    )

    assert [reply.status for reply in (joins, late, other, more)] == ["applied"] * 4
    assert joins.journey == known.journey != late.journey == more.journey != other.journey
    assert await city.log.pool.fetchval("SELECT count(*) FROM journey_index") == 3


async def test_a_visit_on_a_case_joins_its_journey_without_naming_anybody(city: City) -> None:
    case_no, journey = await city.case()

    reply = await city.done(visit("collect", None, case_no=case_no, purpose="collect"))

    assert reply.journey == journey
    refused = (await city.ask(visit("other", applicant(7), case_no=case_no)))[0]
    assert refused.rule == "applicant-differs"


async def test_the_same_visit_is_recorded_once_however_it_arrives(city: City) -> None:
    replies = await asyncio.gather(*(city.ask(visit("same", None)) for _ in range(6)))

    journeys = {reply.journey for (reply,) in replies}
    assert len(journeys) == 1
    assert (await city.told(journeys.pop())).count(VisitRecorded) == 1
    assert await city.log.pool.fetchval("SELECT count(*) FROM journey_index") == 1


async def test_a_refused_first_contact_leaves_no_trace(city: City) -> None:
    (reply,) = await city.ask(visit("x", applicant(), item_code="NOWHERE"))
    assert reply.rule == "unknown-item"

    assert await city.log.pool.fetchval("SELECT count(*) FROM journey_index") == 0
    assert await city.log.pool.fetchval("SELECT count(*) FROM person") == 0


async def test_an_anonymous_visit_moves_to_its_person_with_all_its_facts(city: City) -> None:
    anonymous = await city.done(visit("late", None, cause="wrong_place", outcome="wrong_place"))
    known = await city.done(submit())

    moved = await city.done(wire.AttributeVisit(visit_id=visit_id("late"), applicant=applicant()))

    assert moved.journey == known.journey
    assert await city.told(anonymous.journey) == [JourneyOpened, VisitRecorded, VisitVoided]
    recorded = (await city.events(known.journey))[-1].data
    assert (recorded.visit_id, recorded.cause) == (visit_id("late"), "wrong_place")
    assert str(recorded.attributed_from) == anonymous.journey
    again = await city.ask(wire.AttributeVisit(visit_id=visit_id("late"), applicant=applicant()))
    assert again[0].status == "duplicate"
    other = await city.ask(wire.AttributeVisit(visit_id=visit_id("late"), applicant=applicant(2)))
    assert other[0].rule == "visit-has-owner"


async def test_an_attributed_visit_can_begin_its_persons_journey(city: City) -> None:
    await city.done(visit("first", None))

    moved = await city.done(wire.AttributeVisit(visit_id=visit_id("first"), applicant=applicant()), now=NOW + timedelta(days=2))

    opened = (await city.events(moved.journey))[0]
    assert opened.data.first_contact == NOW
    joined = await city.done(submit(), now=NOW + timedelta(days=3))
    assert joined.journey == moved.journey


async def test_a_refused_attribution_leaves_nothing_of_itself_behind(city: City) -> None:
    standing, _ = await city.ask(visit("standing", None), visit("mistaken", None))
    await city.done(wire.VoidVisit(visit_id=visit_id("mistaken"), reason_code="mistake"))

    beside, *refused = await city.ask(
        submit(applicant(2)),
        wire.AttributeVisit(visit_id=visit_id("standing"), applicant=applicant(1, region="999999")),
        wire.AttributeVisit(visit_id=visit_id("mistaken"), applicant=applicant(1)),
    )

    assert beside.status == "applied"
    assert [reply.rule for reply in refused] == ["unknown-region", "visit-voided"]
    assert await city.log.pool.fetchval("SELECT count(*) FROM event WHERE type = 'gov.intake.visit-voided.v1'") == 1
    assert await city.log.pool.fetchval("SELECT count(*) FROM journey_index WHERE subject_ref IS NOT NULL") == 1
    assert (await city.ask(wire.AttributeVisit(visit_id=visit_id("standing"), applicant=applicant(1))))[0].status == "applied"
    assert await city.told(standing.journey) == [JourneyOpened, VisitRecorded, VisitVoided]


async def test_a_batch_refers_to_what_it_has_just_made(city: City) -> None:
    asked = city.request(submit())
    case_no = case_of(asked)
    rest = (
        receive(case_no),
        wire.OfferCustody(case_no=case_no, to_body=HANGZHOU_BODY, medium="paper"),
        wire.AcceptCustody(case_no=case_no),
        wire.Accept(case_no=case_no),
        visit("with", None, case_no=case_no),
        wire.VoidVisit(visit_id=visit_id("with"), reason_code="mistake"),
    )

    replies = await city.batch(asked, *(city.request(command) for command in rest))

    assert [reply.status for reply in replies] == ["applied"] * 7
    assert ApplicationReceived in await city.told(replies[0].journey)
