"""Messages of notify, moves of approval's clock and its refusals are kept for the applicant's page: once each, nothing personal."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest

from services.intake.heard import HEARD, hear, messages_of, moves_of, refusal_of
from services.intake.people import Pseudonyms
from services.intake.progress import clock_told
from shared.contracts import approval, notify
from shared.contracts.base import Fact
from shared.contracts.commands import NotAccept
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.ids import journey_stream, receipt_no
from shared.contracts.intake import ApplicationReceived
from shared.postgres.event_log import Tx
from tests.integration.intake.city import HANGZHOU_BODY, KEY, NOW, City, applicant
from tests.integration.intake.conftest import Door

OFFICER = "0" * 32


def recorded(journey: str, sequence: int, fact: Any, at: datetime = NOW) -> Envelope[Any]:
    source = fact.type.split(".")[1]
    seed = uuid5(UUID(journey), f"{source}/{sequence}")
    actor = Actor("service", source)
    return Envelope(seed, source, fact.type, journey_stream(UUID(journey)), sequence, at, at, at, journey, seed, seed, actor, fact)


def asked_for(intent: UUID, template: Any = "receipt", *, suppressed: bool = False, cause: UUID | None = None) -> Fact:
    return notify.NotificationRequested(
        intent_id=intent,
        cause_event=cause or intent,
        template=template,
        recipient_role="applicant",
        channel="email",
        suppressed=suppressed,
    )


async def heard(city: City, *events: Envelope[Any]) -> None:
    async def work(tx: Tx) -> None:
        await hear(tx, events)

    await city.log.transact(work)


async def shown(city: City, journey: str) -> list[tuple[str, str, datetime]]:
    async with city.log.transaction() as tx:
        return [(one["template"], one["state"], one["at"]) for one in await messages_of(tx, UUID(journey), "any", alone=True)]


async def test_a_message_is_shown_once_with_what_became_of_it(city: City) -> None:
    _, journey = await city.case()
    first, second = (uuid5(UUID(journey), name) for name in ("first", "second"))
    later = NOW + timedelta(minutes=1)
    told = [
        recorded(journey, 1, asked_for(first)),
        recorded(journey, 2, notify.NotificationFailed(intent_id=first, attempt=1, reason_code="away", final=False)),
        recorded(journey, 3, asked_for(second, "acceptance"), later),
        recorded(journey, 4, notify.NotificationSent(intent_id=first, attempt=2, provider_ref="p", repeated=True), later),
    ]

    await heard(city, *told[:2])
    assert await shown(city, journey) == [("receipt", "waiting", NOW)]
    await heard(city, *told[2:])
    await heard(city, *told)
    await heard(city, recorded(journey, 5, notify.NotificationFailed(intent_id=second, attempt=9, reason_code="no", final=True)))

    assert sorted(await shown(city, journey)) == [("acceptance", "failed", NOW), ("receipt", "sent", later)]


async def test_a_message_is_shown_with_its_own_case_alone(city: City, door: Door) -> None:
    (first, journey), (second, same) = await city.case(), await city.case()
    assert journey == same, "one person and one thing: one journey, here with two cases"
    received = {event.data.case_no: event.id for event in await city.events(journey) if isinstance(event.data, ApplicationReceived)}
    intents = {case_no: uuid5(UUID(journey), case_no) for case_no in received}
    told = [recorded(journey, n, asked_for(intents[case], cause=received[case])) for n, case in enumerate((first, second), 1)]
    sent = notify.NotificationSent(intent_id=intents[second], attempt=1, provider_ref="p", repeated=False)
    await heard(city, *told, recorded(journey, 3, sent))

    async def states(number: str) -> list[str]:
        status = await door.status(receipt_no(number), Pseudonyms(KEY).status_code(number))
        return [one["state"] for one in status.json()["messages"]]

    assert [await states(number) for number in (first, second)] == [["waiting"], ["sent"]]
    await city.log.pool.execute("UPDATE letter SET case_no = NULL")
    assert [await states(number) for number in (first, second)] == [[], []], "an older release did not know whose they were"
    alone, own = await city.case(applicant(2))
    await heard(city, recorded(own, 1, asked_for(UUID(own))))
    assert await states(alone) == ["waiting"], "where there is one case it can be no other"


@pytest.mark.parametrize(
    ("reason", "final", "state"),
    [("unconfirmed", True, "unconfirmed"), ("unconfirmed", False, "waiting"), ("no-contact", True, "failed")],
)
async def test_a_message_that_may_have_arrived_is_not_told_as_lost(city: City, reason: str, final: bool, state: str) -> None:
    _, journey = await city.case()
    failed = notify.NotificationFailed(intent_id=UUID(journey), attempt=2, reason_code=reason, final=final)
    await heard(city, recorded(journey, 1, asked_for(UUID(journey))), recorded(journey, 2, failed))

    assert [told for _, told, _ in await shown(city, journey)] == [state]


async def test_what_history_was_not_sent_is_not_shown(city: City) -> None:
    _, journey = await city.case()
    await heard(city, recorded(journey, 1, asked_for(UUID(journey), suppressed=True)))

    assert await shown(city, journey) == []


async def test_a_halt_and_an_extension_say_how_the_day_moved(city: City) -> None:
    case_no, journey = await city.accepted()
    days = [date(2026, 6, day) for day in (8, 15, 22)]
    started = approval.SpecialProcedureStarted(case_no=case_no, kind="appraisal", basis="licensing-law-45", expected_wd=5)
    ended = approval.SpecialProcedureEnded(case_no=case_no, result="completed", promised_due=days[1], statutory_due=days[1])
    extended = approval.TimeLimitExtended(
        case_no=case_no, days=5, approver=OFFICER, reason_code="complex", promised_due=days[2], statutory_due=days[2]
    )

    async def told() -> dict[str, Any]:
        async with city.log.transaction() as tx:
            return clock_told(days[0], (await moves_of(tx, [case_no]))[case_no])

    await heard(city, recorded(journey, 2, started))
    assert (await told())["halted"] == {"since": NOW, "kind": "appraisal", "expected_wd": 5}
    await heard(city, recorded(journey, 2, started), recorded(journey, 3, ended), recorded(journey, 4, extended))

    found = await told()
    assert (found["halted"], found["due"]) == (None, days[2])
    assert [(move["was"], move["is"], move["reason"]) for move in found["moves"]] == [
        (days[0], days[1], "appraisal"),
        (days[1], days[2], "complex"),
    ]


@pytest.mark.parametrize(
    ("outcome", "told"), [("refused", {"reason_codes": ["untrue-materials"], "remedies": ["lawsuit"]}), ("granted", None)]
)
async def test_a_refusal_says_why_and_what_may_be_done(city: City, outcome: Any, told: dict[str, list[str]] | None) -> None:
    case_no, journey = await city.accepted()
    decision = approval.DecisionMade(
        case_no=case_no,
        body="1" * 18,
        officer_ref=OFFICER,
        outcome=outcome,
        document_no="D-1",
        reason_codes=("untrue-materials",),
        remedies=("lawsuit",),
        decided_at=NOW,
        net_wd_used=1,
        on_time=True,
        statutory_met=True,
    )
    for _ in range(2):
        await heard(city, recorded(journey, 2, decision))

    async with city.log.transaction() as tx:
        assert await refusal_of(tx, case_no) == told


async def test_whoever_was_turned_away_is_told_why_who_is_competent_and_what_may_be_done(city: City, door: Door) -> None:
    number, _ = await city.case()
    receipt, code = receipt_no(number), Pseudonyms(KEY).status_code(number)
    await city.done(NotAccept(case_no=number, reason_code="not-our-power", competent_body=HANGZHOU_BODY, remedies=("lawsuit",)))

    told = (await door.status(receipt, code)).json()

    why = {"reason_code": "not-our-power", "competent_body": HANGZHOU_BODY, "remedies": ["lawsuit"]}
    (entry,) = [one for one in told["timeline"] if one["fact"] == "application-not-accepted"]
    assert told.items() >= why.items()
    assert entry.items() >= why.items()
    assert told["names"]["bodies"][HANGZHOU_BODY] == ["局", "Bureau"]
    assert told["refusal"] is None


@pytest.mark.parametrize("table", ["letter", "clock_move", "refusal"])
async def test_the_tables_have_no_room_for_anything_personal(city: City, table: str) -> None:
    columns = await city.log.pool.fetch("SELECT column_name FROM information_schema.columns WHERE table_name = $1", table)

    assert {row["column_name"] for row in columns} <= {
        "intent_id", "journey", "template", "channel", "state", "at",
        "sequence", "case_no", "fact", "reason", "days", "promised_due", "reason_codes", "remedies",
    }  # fmt: skip


def test_it_listens_to_notify_and_to_approval_alone() -> None:
    assert {name.split(".")[1] for name in HEARD} == {"notify", "approval"}
    assert str(approval.CaseTaken.type) not in HEARD
