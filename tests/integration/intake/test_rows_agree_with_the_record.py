"""Whatever mix of commands arrives, in batches of any size: rows and timers say what the stored events say."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from uuid import UUID

from services.intake.custody import situation
from services.intake.decider import journey_decider
from services.intake.state import Journey
from shared.contracts import commands as wire
from shared.contracts.base import Command
from shared.contracts.intake import MissingMaterial
from shared.contracts.wire import decode
from shared.eventsourcing.decider import Timer
from shared.reference.calendar import Calendars
from shared.runtime.requests import Asked
from tests.integration.intake.city import (
    HANGZHOU_BODY,
    NOW,
    WENZHOU_BODY,
    City,
    applicant,
    case_of,
    receive,
    submit,
    visit,
    visit_id,
)

PEOPLE = 12
STEPS = 300


def follow_up(chance: Random, case_no: str) -> Command:
    deed = (MissingMaterial(code="deed", reason_code="absent"), MissingMaterial(code="photo", reason_code="absent"))
    return chance.choice(
        [
            receive(case_no),
            receive(case_no),
            wire.OfferCustody(case_no=case_no, to_body=HANGZHOU_BODY, medium="paper"),
            wire.AcceptCustody(case_no=case_no),
            wire.ReturnCustody(case_no=case_no, reason_code="incomplete-file"),
            wire.WithdrawCustodyOffer(case_no=case_no),
            wire.IssueCorrection(case_no=case_no, missing=deed),
            wire.SubmitCorrection(case_no=case_no, notice_no="N1", complete=True),
            wire.Accept(case_no=case_no),
            wire.Accept(case_no=case_no, window_id="hall-wz-2"),
            wire.NotAccept(case_no=case_no, reason_code="x", remedies=("y",)),
            wire.Withdraw(case_no=case_no, reason_code="x"),
        ]
    )


def asked_by_chance(city: City, chance: Random) -> list[Asked]:
    requests: list[Asked] = []
    known: list[str] = []
    for step in range(STEPS):
        now = NOW + timedelta(hours=step * 3)
        who = applicant(chance.randrange(PEOPLE))
        kind = chance.random()
        if kind < 0.15 or not known:
            requests.append(city.request(submit(who, receiving_body=chance.choice([HANGZHOU_BODY, WENZHOU_BODY])), now=now))
            known.append(case_of(requests[-1]))
        elif kind < 0.3:
            named = who if chance.random() < 0.7 else None
            requests.append(city.request(visit(f"v{step}", named), now=now))
        elif kind < 0.35:
            requests.append(city.request(wire.AttributeVisit(visit_id=visit_id(f"v{step - 9}"), applicant=who), now=now))
        else:
            requests.append(city.request(follow_up(chance, chance.choice(known[-8:])), now=now))
    return requests


async def test_rows_and_timers_are_those_of_the_record(city: City) -> None:
    chance = Random(20261123)
    requests = asked_by_chance(city, chance)
    statuses: list[str] = []
    while requests:
        size = chance.choice([1, 2, 7, 40, 100])
        statuses += [reply.status for reply in await city.batch(*requests[:size])]
        requests = requests[size:]
    assert statuses.count("applied") > STEPS / 4
    assert "refused" in statuses

    folded = await states(city)
    await _cases_agree(city, folded)
    await _journeys_agree(city, folded)
    await _timers_agree(city, folded)


async def states(city: City) -> dict[str, Journey]:
    decider = journey_decider(Calendars())
    streams = await city.log.pool.fetch("SELECT DISTINCT stream FROM event WHERE stream LIKE 'journey-%'")
    return {row["stream"]: decider.fold([decode(body) for body in await city.log.read_stream(row["stream"])]) for row in streams}


async def _cases_agree(city: City, folded: dict[str, Journey]) -> None:
    rows = {row["case_no"]: row for row in await city.log.pool.fetch("SELECT * FROM case_index")}
    cases = {no: (stream, case) for stream, state in folded.items() for no, case in state.cases.items()}
    assert rows.keys() == cases.keys()
    for case_no, (stream, case) in cases.items():
        row, held = rows[case_no], case.file.custody
        assert (f"journey-{row['journey']}", row["situation"]) == (stream, situation(case))
        assert (row["holder_body"], row["holder_region"]) == (held.body, held.region)
        offered = (None, None) if held.offer is None else (held.offer.to_body, held.offer.due)
        assert (row["offered_body"], row["offered_due"]) == offered


async def _journeys_agree(city: City, folded: dict[str, Journey]) -> None:
    rows = {f"journey-{row['journey']}": row for row in await city.log.pool.fetch("SELECT * FROM journey_index")}
    assert rows.keys() == folded.keys()
    for stream, state in folded.items():
        assert rows[stream]["outcome"] == state.outcome
        assert not (rows[stream]["attachable"] and state.outcome is not None)
    counted = {row["visit_id"]: row["journey"] for row in await city.log.pool.fetch("SELECT * FROM visit_index")}
    standing = {
        visit: UUID(stream.removeprefix("journey-"))
        for stream, state in folded.items()
        for visit in state.visits
        if state.voided.get(visit) != "attributed"
    }
    assert counted == standing


async def _timers_agree(city: City, folded: dict[str, Journey]) -> None:
    decider = journey_decider(Calendars())
    rows = {
        (row["stream"], Timer(row["due_at"], row["kind"], row["case_no"] or None))
        for row in await city.log.pool.fetch("SELECT * FROM due")
    }
    assert rows == {(stream, timer) for stream, state in folded.items() for timer in decider.timers(state)}


async def test_what_took_effect_takes_no_effect_again(city: City) -> None:
    requests = asked_by_chance(city, Random(7))
    first = await city.batch(*requests)
    applied = [asked for asked, reply in zip(requests, first, strict=True) if reply.status == "applied"]
    before = await city.log.pool.fetchval("SELECT count(*) FROM event")

    again = await city.batch(*applied)

    assert await city.log.pool.fetchval("SELECT count(*) FROM event") == before
    assert {reply.status for reply in again} == {"duplicate"}
    journeys = {reply.case_no: reply.journey for reply in first if reply.case_no is not None}
    assert {reply.case_no: reply.journey for reply in again if reply.case_no is not None} == journeys
