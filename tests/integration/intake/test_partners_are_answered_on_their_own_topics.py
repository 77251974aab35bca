"""What a portal or a department puts on its topic is done once and answered once, and a new partner gets its topics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from services.intake import consumer
from services.intake.partners import make_missing_topics
from shared.contracts import commands as wire
from shared.contracts.commands import DEPARTMENT_INTAKE_COMMANDS
from shared.contracts.topics import Topic, decisions, submissions
from shared.eventsourcing.records import Place, Record
from shared.postgres import idempotency
from shared.postgres.event_log import Tx
from shared.postgres.idempotency import FirstAnswer, Keyed
from shared.postgres.idempotency import recall as idempotency_recall
from shared.postgres.ingress_inbound import IngressInbound
from tests.integration.intake.city import HANGZHOU, HANGZHOU_BODY, ITEM, OPERATOR, WENZHOU, City

SUBMISSION = {"applicant": {"id_no": "330300199001010011", "region": WENZHOU}, "item_code": ITEM, "channel": "web"}
PORTAL = wire.RegisterPartner(partner="zheliban", kind="portal", region="330000")
DEPARTMENT = wire.RegisterPartner(partner="land", kind="department", body_uscc=HANGZHOU_BODY, region=HANGZHOU)


def record(topic: str, offset: int, name: str, command: str, data: Any, subject: str = "case", at_ms: int = 0) -> Record:
    head = {"specversion": "1.0", "id": name, "source": "partner", "subject": subject, "time": "2020-01-01T00:00:00Z"}
    body = orjson.dumps(head | {"type": f"gov.command.{command}.v1", "data": data})
    return Record(topic, 0, offset, subject.encode(), body, at_ms)


async def deliver(inbound: IngressInbound, *records: Record) -> None:
    place = records[0].place
    held = (await inbound.claim([place]))[Place(place.topic, place.partition)]
    await inbound.apply({place: (held, records)})


async def answers(city: City, topic: str) -> list[dict[str, Any]]:
    rows = await city.log.pool.fetch("SELECT body FROM message WHERE topic = $1 ORDER BY recorded, body", topic)
    return [orjson.loads(row["body"]) for row in rows]


async def test_a_portal_is_answered_with_numbers_then_with_the_first_answer(city: City) -> None:
    await city.done(PORTAL, by=OPERATOR)
    inbound = consumer.submissions(city.log, city.intake)
    topic = submissions("zheliban")

    await deliver(inbound, record(topic, 0, "m-1", "submit-application", SUBMISSION))
    await deliver(inbound, record(topic, 1, "m-1", "submit-application", SUBMISSION))

    first, again = await answers(city, "gov.portal.zheliban.receipts.v1")
    assert (first["status"], len(first["code"])) == ("applied", 10)
    assert (again["status"], again["first_status"], again["case_no"]) == ("duplicate", "applied", first["case_no"])
    assert await city.log.pool.fetchval("SELECT count(*) FROM case_index") == 1
    assert (await city.events(first["journey"]))[0].time.year > 2020


async def test_a_message_that_comes_twice_at_once_is_answered_as_if_it_had_come_later(city: City) -> None:
    await city.done(PORTAL, by=OPERATOR)
    topic = submissions("zheliban")
    twice = [record(topic, offset, "m-1", "submit-application", SUBMISSION) for offset in (0, 1)]

    await deliver(consumer.submissions(city.log, city.intake), *twice)

    by_status = {receipt["status"]: receipt for receipt in await answers(city, "gov.portal.zheliban.receipts.v1")}
    assert by_status["duplicate"]["first_status"] == "applied"
    assert by_status["duplicate"]["case_no"] == by_status["applied"]["case_no"]
    assert await city.log.pool.fetchval("SELECT count(*) FROM case_index") == 1


async def test_however_many_come_again_their_first_answers_are_looked_up_at_once(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    await city.done(PORTAL, by=OPERATOR)
    inbound, topic, asked = consumer.submissions(city.log, city.intake), submissions("zheliban"), list[int]()
    firsts = [record(topic, offset, f"m-{offset}", "submit-application", SUBMISSION, f"case-{offset}") for offset in range(3)]
    again = [replace(one, offset=one.offset + 3) for one in firsts]
    other = record(topic, 6, "m-0", "submit-application", {**SUBMISSION, "channel": "app"}, "case-0")
    await deliver(inbound, *firsts)

    async def recall(tx: Tx, requests: Sequence[Keyed]) -> dict[Keyed, FirstAnswer]:
        asked.append(len(requests))
        return await idempotency_recall(tx, requests)

    monkeypatch.setattr(idempotency, "recall", recall)
    await deliver(inbound, *again, other)

    assert asked == [4]
    told = [(receipt["id"], receipt["status"]) for receipt in await answers(city, "gov.portal.zheliban.receipts.v1")]
    once_and_again = [(f"m-{n}", status) for n in range(3) for status in ("applied", "duplicate")]
    assert sorted(told) == sorted([*once_and_again, ("m-0", "refused")])


async def test_two_partners_may_use_the_same_id_for_different_requests(city: City) -> None:
    await city.done(PORTAL, wire.RegisterPartner(partner="zhejiang", kind="portal", region="330000"), by=OPERATOR)
    inbound = consumer.submissions(city.log, city.intake)

    await deliver(inbound, record(submissions("zheliban"), 0, "m-1", "submit-application", SUBMISSION))
    await deliver(inbound, record(submissions("zhejiang"), 0, "m-1", "submit-application", SUBMISSION))

    (mine,), (theirs,) = [await answers(city, f"gov.portal.{name}.receipts.v1") for name in ("zheliban", "zhejiang")]
    assert (mine["status"], theirs["status"]) == ("applied", "applied")
    assert mine["case_no"] != theirs["case_no"]


async def test_another_request_under_a_used_id_is_refused_and_does_nothing(city: City) -> None:
    await city.done(PORTAL, by=OPERATOR)
    inbound = consumer.submissions(city.log, city.intake)
    topic = submissions("zheliban")
    await deliver(inbound, record(topic, 0, "m-1", "submit-application", SUBMISSION))

    await deliver(inbound, record(topic, 1, "m-1", "submit-application", {**SUBMISSION, "channel": "app"}))

    by_status = {receipt["status"]: receipt for receipt in await answers(city, "gov.portal.zheliban.receipts.v1")}
    assert (by_status["refused"]["rule"], by_status["refused"]["field"]) == ("id-reused", "id")
    assert await city.log.pool.fetchval("SELECT count(*) FROM case_index") == 1


async def test_a_topic_that_was_made_anew_is_answered_from_its_beginning(city: City) -> None:
    await city.done(PORTAL, by=OPERATOR)
    inbound = consumer.submissions(city.log, city.intake)
    topic = submissions("zheliban")
    await deliver(inbound, record(topic, 0, "m-1", "submit-application", SUBMISSION))

    await inbound.begin_again([Place(topic, 0)])
    await deliver(inbound, record(topic, 0, "m-2", "submit-application", SUBMISSION, at_ms=1))

    assert [told["status"] for told in await answers(city, "gov.portal.zheliban.receipts.v1")] == ["applied", "applied"]


async def test_a_topic_that_is_read_again_is_not_answered_again(city: City) -> None:
    await city.done(PORTAL, by=OPERATOR)
    inbound = consumer.submissions(city.log, city.intake)
    topic = submissions("zheliban")
    submission = record(topic, 0, "m-1", "submit-application", SUBMISSION)
    await deliver(inbound, submission)

    await inbound.begin_again([Place(topic, 0)])
    await deliver(inbound, submission)

    assert [told["status"] for told in await answers(city, "gov.portal.zheliban.receipts.v1")] == ["applied"]


async def test_a_request_that_we_fail_at_is_refused_once_and_for_all(city: City) -> None:
    async def fails(*_: Any) -> Any:
        raise ZeroDivisionError

    topic = decisions("land")
    asked = [record(topic, offset, "m-1", "accept", {"case_no": "case"}) for offset in (0, 1)]
    inbound = IngressInbound(city.log, "intake.decisions.v1", DEPARTMENT_INTAKE_COMMANDS, (), fails, answers_unknown=False)

    await deliver(inbound, *asked)

    told = [(receipt["status"], receipt["rule"]) for receipt in await answers(city, "gov.department.land.receipts.v1")]
    assert sorted(told) == [("duplicate", "internal-error"), ("refused", "internal-error")]


async def test_a_portal_withdraws_its_own_cases_and_no_others(city: City) -> None:
    await city.done(PORTAL, by=OPERATOR)
    inbound = consumer.submissions(city.log, city.intake)
    topic = submissions("zheliban")
    foreign, _ = await city.case()

    withdrawal = {"case_no": foreign, "reason_code": "changed-mind"}
    await deliver(inbound, record(topic, 0, "m-1", "withdraw", withdrawal))
    await deliver(inbound, record(topic, 1, "m-2", "accept", {"case_no": foreign}))

    told = {answer["id"]: answer for answer in await answers(city, "gov.portal.zheliban.receipts.v1")}
    assert (told["m-1"]["status"], told["m-1"]["rule"]) == ("refused", "not-your-submission")
    assert told["m-1"]["sentence_zh"]
    assert told["m-2"]["rule"] == "not-for-this-topic"


async def test_a_department_speaks_for_its_body_and_intake_leaves_the_rest_to_approval(city: City) -> None:
    await city.done(DEPARTMENT, by=OPERATOR)
    case_no, _ = await city.case()
    await city.done(wire.OfferCustody(case_no=case_no, to_body=HANGZHOU_BODY, medium="paper"))
    inbound = consumer.decisions(city.log, city.intake)
    topic = decisions("land")

    await deliver(
        inbound,
        record(topic, 0, "d-1", "accept-custody", {"case_no": case_no}),
        record(topic, 1, "d-2", "accept", {"case_no": case_no}),
        record(topic, 2, "d-3", "extend", {"case_no": case_no, "days": 5, "approver": "0" * 32, "reason_code": "x"}),
        record(topic, 3, "d-4", "no-such-thing", {}),
    )

    told = {answer["id"]: answer["status"] for answer in await answers(city, "gov.department.land.receipts.v1")}
    assert told == {"d-1": "applied", "d-2": "applied"}
    assert await city.log.pool.fetchval("SELECT situation FROM case_index") == "accepted"


async def test_a_topic_that_nobody_registered_speaks_for_no_body(city: City) -> None:
    case_no, _ = await city.case()
    await city.done(wire.OfferCustody(case_no=case_no, to_body=HANGZHOU_BODY, medium="paper"))
    inbound = consumer.decisions(city.log, city.intake)

    await deliver(inbound, record(decisions("ghost"), 0, "d-1", "accept-custody", {"case_no": case_no}))

    (told,) = await answers(city, "gov.department.ghost.receipts.v1")
    assert (told["status"], told["rule"]) == ("refused", "not-yours")


async def test_a_partner_gets_its_topics_even_if_the_broker_was_away(city: City) -> None:
    await city.done(PORTAL, DEPARTMENT, by=OPERATOR)
    made: list[str] = []

    async def away(topics: Sequence[Topic]) -> None:
        raise OSError

    async def make(topics: Sequence[Topic]) -> None:
        made.extend(topic.name for topic in topics)

    try:
        await make_missing_topics(city.log, away)
    except OSError:
        made.append("away")
    assert await make_missing_topics(city.log, make) == 2
    assert await make_missing_topics(city.log, make) == 0

    assert made == [
        "away",
        "gov.department.land.decisions.v1",
        "gov.department.land.receipts.v1",
        "gov.portal.zheliban.submissions.v1",
        "gov.portal.zheliban.receipts.v1",
    ]
