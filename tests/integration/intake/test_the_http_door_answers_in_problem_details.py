"""Over HTTP: 201 with numbers, 200 when in effect, the first answer again for a repeated key, and problems that name the rule."""

from __future__ import annotations

from typing import Any

from shared.contracts import commands as wire
from shared.contracts.intake import ApplicationWithdrawn
from shared.reference.deadlines import local_date
from shared.runtime.auth import Caller
from shared.telemetry import clock
from tests.integration.intake.city import (
    CLERK,
    HANGZHOU,
    HANGZHOU_BODY,
    IMPORTER,
    ITEM,
    OFFICER,
    OPERATOR,
    PORTAL,
    WENZHOU,
    City,
)
from tests.integration.intake.conftest import Door

APPLICANT = {"id_no": "330300199001010011", "region": WENZHOU, "phone": "13800000000", "language": "zh"}
SUBMISSION = {"applicant": APPLICANT, "item_code": ITEM, "channel": "web"}


async def test_a_submission_is_answered_with_its_numbers_once_and_for_all(door: Door) -> None:
    first = await door.ask("submit-application", SUBMISSION, PORTAL, "k1")
    again = await door.ask("submit-application", SUBMISSION, PORTAL, "k1")

    assert first.status_code == 201
    answer = first.json()
    assert answer["status"] == "applied"
    assert len(answer["events"]) == 2
    assert len(answer["code"]) == 10
    assert answer["receipt_no"].startswith("S")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_key_belongs_to_one_request(door: Door) -> None:
    await door.ask("submit-application", SUBMISSION, PORTAL, "k1")
    other = await door.ask("submit-application", SUBMISSION | {"channel": "app"}, PORTAL, "k1")

    assert (other.status_code, other.json()["rule"]) == (422, "idempotency-key-reused")


async def test_a_key_of_this_door_is_no_id_on_the_partners_topic(door: Door, city: City) -> None:
    answer = (await door.ask("submit-application", SUBMISSION, PORTAL, "7")).json()

    (withdrawn,) = await city.ask(wire.Withdraw(case_no=answer["case_no"], reason_code="changed-mind"), by=PORTAL, key="7")

    assert withdrawn.status == "applied"
    assert ApplicationWithdrawn in await city.told(answer["journey"])


async def test_a_citizen_sees_the_case_with_receipt_and_code_and_nothing_otherwise(door: Door) -> None:
    answer = (await door.ask("submit-application", SUBMISSION, PORTAL)).json()
    receipt, code = answer["receipt_no"], answer["code"]
    wrong = "0000000000" if code != "0000000000" else "0000000001"

    status = await door.status(receipt, code)
    guessed = await door.status(receipt, wrong)
    unknown = await door.status("S" + "A" * 12, code)

    assert status.status_code == 200
    told = status.json()
    assert (told["situation"], told["handling_body"]) == ("submitted", HANGZHOU_BODY)
    assert (told["receiving_body"], told["receiving_city"], told["online"]) == (HANGZHOU_BODY, HANGZHOU, True)
    assert told["today"] == str(local_date(clock.now())), "the page asks no other clock whether a day is over"
    assert guessed.status_code == unknown.status_code == 404
    assert guessed.content == unknown.content


async def test_what_breaks_the_contract_names_the_field(door: Door) -> None:
    cases = [
        (SUBMISSION | {"surprise": 1}, "surprise"),
        (SUBMISSION | {"channel": "pigeon"}, "channel"),
        (SUBMISSION | {"item_version": True}, "item_version"),
        ({k: v for k, v in SUBMISSION.items() if k != "item_code"}, "item_code"),
    ]
    for body, field in cases:
        refused = await door.ask("submit-application", body, PORTAL)
        assert refused.status_code == 422
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["field"].endswith(field)


async def test_what_does_not_exist_names_rule_and_field(door: Door) -> None:
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"item_code": "NOWHERE"}, "unknown-item", "item_code"),
        ({"item_version": 9}, "unknown-item-version", "item_version"),
        ({"applicant": APPLICANT | {"region": "339999"}}, "unknown-region", "applicant.region"),
        ({"receiving_body": "1" * 18}, "unknown-body", "receiving_body"),
    ]
    for change, rule, field in cases:
        refused = await door.ask("submit-application", SUBMISSION | change, PORTAL)
        assert refused.status_code == 422
        problem = refused.json()
        assert (problem["rule"], problem["field"], problem["type"]) == (rule, field, f"urn:runonce:problem:{rule}")
        assert problem["title_zh"]


async def test_what_is_no_json_is_refused_without_a_trace(door: Door) -> None:
    headers = door.token(PORTAL) | {"idempotency-key": "k"}
    bodies = (b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b'{"a": 1e999}', b"\xff", b'"\\ud800"', b"[" * 100_000, b"")
    for body in bodies:
        refused = await door.client.post("/v1/commands/submit-application", content=body, headers=headers)
        assert refused.status_code in (400, 422), body[:20]
        assert "Traceback" not in refused.text


async def test_what_no_code_can_look_like_is_refused_before_it_is_looked_up(door: Door) -> None:
    for path in ("/v1/items?after=%00", "/v1/items/%00", "/v1/venues?limit=0"):
        assert (await door.client.get(path)).status_code == 422, path
    assert (await door.status("\0", "1")).status_code == 422


async def test_a_date_in_the_future_is_refused(door: Door) -> None:
    body = {
        "visit_id": "8b6a1f9e-5b8e-4f2c-9b8e-0c6a5f6d7e01",
        "item_code": ITEM,
        "venue_id": "hall-wz",
        "local_date": "2099-01-01",
        "by": "applicant",
        "purpose": "apply",
        "outcome": "done",
        "cause": "normal",
        "source": "window",
    }

    refused = await door.ask("record-visit", body, IMPORTER)
    ancient = await door.ask("record-visit", body | {"local_date": "0001-01-01"}, IMPORTER)

    assert (refused.status_code, refused.json()["rule"], refused.json()["field"]) == (422, "date-in-future", "local_date")
    assert (ancient.status_code, ancient.json()["rule"]) == (422, "date-too-early")


async def test_nobody_acts_without_a_token_or_beyond_their_role(door: Door) -> None:
    nobody = await door.client.post("/v1/commands/submit-application", json=SUBMISSION)
    citizen = await door.ask("submit-application", SUBMISSION, Caller("citizen", "c"))
    portal = await door.ask("retire-item", {"item_code": ITEM, "reason_code": "x", "effective_from": "2026-01-01"}, PORTAL)
    batch = await door.client.post("/v1/commands", json=[], headers=door.token(OPERATOR))

    assert (nobody.status_code, citizen.status_code, portal.status_code, batch.status_code) == (401, 403, 403, 403)


async def test_a_foreign_bodys_case_is_nobody_elses_business(door: Door) -> None:
    answer = (await door.ask("submit-application", SUBMISSION, PORTAL)).json()
    receive = {"case_no": answer["case_no"], "window_id": "e-desk", "form_check": "passed", "identity_check": "passed"}

    foreign = await door.ask("receive", receive, CLERK)
    own = await door.ask("receive", receive, OFFICER)
    twice = await door.ask("receive", receive, OFFICER)
    other_portal = await door.ask("withdraw", {"case_no": answer["case_no"], "reason_code": "x"}, Caller("portal", "another"))

    assert (foreign.status_code, foreign.json()["rule"]) == (403, "not-yours")
    assert (own.status_code, own.json()["receipt_no"]) == (201, answer["receipt_no"])
    assert (twice.status_code, twice.json()["events"]) == (200, [])
    assert (other_portal.status_code, other_portal.json()["rule"]) == (403, "not-your-submission")


async def test_the_situation_that_forbids_is_named(door: Door) -> None:
    answer = (await door.ask("submit-application", SUBMISSION, PORTAL)).json()

    refused = await door.ask("accept", {"case_no": answer["case_no"]}, OFFICER)
    unknown = await door.ask("accept", {"case_no": "NOBODY"}, OFFICER)

    assert (refused.status_code, refused.json()["state"]) == (409, "submitted")
    assert (unknown.status_code, unknown.json()["rule"]) == (404, "unknown-case")


async def test_the_batch_door_answers_each_document_in_order(door: Door) -> None:
    documents: list[Any] = [
        document("1", "submit-application", SUBMISSION, time="2026-06-01T01:00:00Z"),
        document("2", "submit-application", SUBMISSION | {"item_code": "NOWHERE"}, time="2026-06-01T01:00:00Z"),
        {"nonsense": True},
        document("3", "submit-application", SUBMISSION, time="2099-01-01T00:00:00Z"),
    ]

    answers = (await door.client.post("/v1/commands", json=documents, headers=door.token(IMPORTER))).json()
    again = (await door.client.post("/v1/commands", json=documents[:1], headers=door.token(IMPORTER))).json()

    assert [answer["status"] for answer in answers] == ["applied", "refused", "refused", "refused"]
    assert answers[1]["rule"] == "unknown-item"
    assert again[0]["status"] == "duplicate"
    assert again[0]["journey"] == answers[0]["journey"]


def document(name: str, command: str, data: Any, **more: Any) -> dict[str, Any]:
    head = {"specversion": "1.0", "id": name, "source": "demo", "subject": name, "type": f"gov.command.{command}.v1"}
    return head | {"data": data} | more


async def test_the_catalogue_is_public_and_partners_are_not(door: Door) -> None:
    items = (await door.get("/v1/items")).json()
    versions = (await door.get(f"/v1/items/{ITEM}")).json()
    venues = (await door.get("/v1/venues", limit=2)).json()
    missing = await door.get("/v1/items/NOWHERE")
    partners = await door.get("/v1/partners")
    page = await door.get("/v1/bodies", limit=100_000)

    assert [item["item_code"] for item in items] == [ITEM]
    assert versions[0]["version"] == 1
    assert [venue["venue_id"] for venue in venues] == ["hall-hz", "hall-wz"]
    assert (missing.status_code, partners.status_code, page.status_code) == (404, 401, 422)
    assert (await door.get("/v1/partners", OPERATOR)).json() == []


async def test_a_desk_sees_its_own_cases(door: Door) -> None:
    answer = (await door.ask("submit-application", SUBMISSION, PORTAL)).json()

    officer = (await door.get("/v1/journeys", OFFICER, situation="submitted")).json()
    clerk = (await door.get("/v1/journeys", CLERK)).json()
    portal = (await door.get("/v1/journeys", PORTAL)).json()
    one = await door.get(f"/v1/journeys/{answer['journey']}", OFFICER)
    foreign = await door.get(f"/v1/journeys/{answer['journey']}", Caller("officer", "x", "1" * 18, "330200"))

    assert [row["case_no"] for row in officer] == [row["case_no"] for row in portal] == [answer["case_no"]]
    assert clerk == []
    assert ["subject_ref" in row for row in (*officer, *portal)] == [True, False]
    assert one.json()["cases"][0]["situation"] == "submitted"
    assert foreign.status_code == 404


async def test_contacts_are_for_the_notifier_and_every_look_is_written_down(door: Door, city: City) -> None:
    answer = (await door.ask("submit-application", SUBMISSION, PORTAL)).json()
    notifier = Caller("service", "notify")

    found = await door.get(f"/v1/contacts/{answer['journey']}", notifier, case_no=answer["case_no"])
    path = f"/v1/contacts/{answer['journey']}"
    denied = [await door.get(path, who) for who in (OFFICER, Caller("service", "metrics"), Caller("importer", "notify"))]

    assert found.json() == {"phone": "13800000000", "email": None, "language": "zh"}
    assert [answer.status_code for answer in denied] == [403] * 3
    assert await city.log.pool.fetchval("SELECT count(*) FROM contact_access WHERE caller = 'notify'") == 1


async def test_a_person_can_be_erased_and_the_record_stays(door: Door, city: City) -> None:
    answer = (await door.ask("submit-application", SUBMISSION, PORTAL)).json()
    notifier = Caller("service", "notify")
    await city.log.pool.execute("DELETE FROM person")

    erased = await door.get(f"/v1/contacts/{answer['journey']}", notifier)
    nobody = await door.get("/v1/contacts/8b6a1f9e-5b8e-4f2c-9b8e-0c6a5f6d7e01", notifier)

    assert erased.json() == {"phone": None, "email": None, "language": "zh"}
    assert nobody.status_code == 404
    assert len(await city.events(answer["journey"])) == 2


async def test_no_event_knows_who_the_applicant_is(door: Door, city: City) -> None:
    await door.ask("submit-application", SUBMISSION | {"applicant": APPLICANT | {"name": "某某"}}, PORTAL)

    stored = b"".join(row["body"] for row in await city.log.pool.fetch("SELECT body FROM event"))

    for secret in (APPLICANT["id_no"], APPLICANT["phone"], "某某"):
        assert secret.encode() not in stored


async def test_an_off_list_demand_is_answered_and_counted(door: Door) -> None:
    answer = (await door.ask("submit-application", SUBMISSION, PORTAL)).json()
    case_no = answer["case_no"]
    await door.ask(
        "receive",
        {"case_no": case_no, "window_id": "e-desk", "form_check": "passed", "identity_check": "passed"},
        OFFICER,
    )

    only = await door.ask(
        "issue-correction", {"case_no": case_no, "missing": [{"code": "photo", "reason_code": "absent"}]}, OFFICER
    )
    again = await door.ask(
        "issue-correction", {"case_no": case_no, "missing": [{"code": "photo", "reason_code": "absent"}]}, OFFICER
    )
    both = await door.ask(
        "issue-correction",
        {
            "case_no": case_no,
            "missing": [{"code": "seal", "reason_code": "absent"}, {"code": "deed", "reason_code": "absent"}],
        },
        OFFICER,
    )

    assert (only.status_code, only.json()["off_list"]) == (201, ["photo"])
    assert (again.status_code, again.json()["events"], again.json()["off_list"]) == (200, [], ["photo"])
    assert "notice_no" not in only.json()
    assert (both.json()["off_list"], both.json()["notice_no"]) == (["seal"], "N1")
