"""Wrong hall in Wenzhou, right window, custody to Hangzhou, a department without our code: every step over public doors.

What is asserted are differences, never levels: other tests may have used the same installation before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from deploy.local.doors import Doors
from deploy.local.ledger import Journal, Ledger
from deploy.local.partners import Partners
from deploy.local.population import province
from deploy.local.quiet import until_quiet
from deploy.local.scripted import Followed, Scripted
from deploy.local.stage import Stage
from deploy.local.witness import on
from shared.telemetry import clock
from tests.acceptance.conftest import Installation

WENZHOU, HANGZHOU = "330300", "330100"
PAIR = f"{WENZHOU}>{HANGZHOU}"
READABLE_S = 60.0
Counts = Mapping[str, tuple[int, int]]

pytestmark = pytest.mark.acceptance


@dataclass(frozen=True)
class Told:
    """The journey, and the figures before and after it."""

    followed: Followed
    before: dict[str, Counts]
    after: dict[str, Counts]
    doors: Doors

    def moved(self, figure: str, reading: str) -> tuple[int, int]:
        """By how much numerator and denominator of a reading moved."""
        (n, d), (m, e) = self.before[figure].get(reading, (0, 0)), self.after[figure][reading]
        return m - n, e - d


@pytest.fixture(scope="module")
async def told(installation: Installation) -> AsyncIterator[Told]:
    kafka = installation.found.kafka
    where = province(on(clock.now()))
    journal = Journal(Ledger(installation.data).directory / "live-scripted.jsonl")
    async with installation.doors() as doors, Partners(kafka, where) as partners:
        await until_quiet(doors, kafka, READABLE_S)
        before = await figures(doors)
        stage = Stage(doors, partners, where, journal, clock.now)
        followed = await Scripted(doors, stage, where, kafka, lambda _: None).tell(f"t{clock.now():%H%M%S}")
        await until_quiet(doors, kafka, READABLE_S)
        yield Told(followed, before, await figures(doors), doors)
    journal.close()


async def figures(doors: Doors) -> dict[str, Counts]:
    asked = {
        **{code: {} for code in ("F2", "F3", "F4", "F6", "F8", "F10")},
        "F6 pair": {"pair": PAIR},
        "F8 pair": {"pair": PAIR},
        "F2 Hangzhou": {"region": HANGZHOU},
        "F10 Wenzhou": {"region": WENZHOU},
    }
    found = {
        name: _counts(await doors.get("metrics", f"/v1/figures/{name.split()[0]}", None, **query)) for name, query in asked.items()
    }
    causes = (await doors.get("metrics", "/v1/figures/F5", None, by="cause"))["groups"]
    return found | {"F5 wrong_place": next((_counts(one) for one in causes if one["key"] == "wrong_place|applicant"), {})}


def _counts(answer: Any) -> Counts:
    return {code: (value["numerator"], value["denominator"] or 0) for code, value in answer["readings"].items()}


def test_by_law_it_was_one_run_and_by_experience_two(told: Told) -> None:
    assert told.moved("F2", "once") == (1, 1)
    assert told.moved("F2", "zero") == (0, 1)
    assert told.moved("F3", "mean") == (2, 1)
    assert told.moved("F3", "two_runs") == (1, 1)


def test_the_promise_was_broken_by_one_run(told: Told) -> None:
    assert told.moved("F4", "kept") == (0, 1)
    assert told.moved("F4", "gap") == (1, 1)
    assert told.moved("F5 wrong_place", "extra") == (1, 0)


def test_one_cell_of_the_matrix_moved_and_the_province_counts_it_once(told: Told) -> None:
    assert told.moved("F6 pair", "cross_city_cases") == (1, 0)
    assert told.moved("F6", "accepted") == (1, 0)
    assert told.moved("F8 pair", "accepted") == (1, 1)
    assert told.moved("F2 Hangzhou", "once") == (1, 1)
    assert told.moved("F10 Wenzhou", "visits") == (2, 0)


def test_each_message_of_the_department_got_one_receipt(told: Told) -> None:
    receipts = [line["receipt"] for line in told.followed.department if "receipt" in line]
    answered = [(receipt["id"].rpartition("/")[2], receipt["status"]) for receipt in receipts]

    assert sorted(answered) == [
        ("accept", "applied"), ("accept-custody", "applied"), ("decide", "applied"), ("decide", "duplicate"),
    ]  # fmt: skip
    assert receipts[-1]["first_status"] == "applied"


async def test_the_applicant_hears_of_the_result_once(told: Told) -> None:
    async def sent() -> list[str]:
        messages = await told.doors.get("notify", "/v1/messages", "auditor", limit=500)
        rows = messages["messages"] if isinstance(messages, dict) else messages
        own = [row for row in rows if row["journey"] == told.followed.journey and row["template"] == "result"]
        return [row["state"] for row in own]

    async with asyncio.timeout(READABLE_S):
        while await sent() in ([], ["waiting"], ["sending"]):
            await asyncio.sleep(0.1)
    assert await sent() == ["sent"]


async def test_its_evidence_goes_down_to_the_stored_bytes(told: Told) -> None:
    evidence = await told.doors.get("metrics", f"/v1/evidence/journeys/{told.followed.journey}", "auditor")

    assert (evidence["counts"]["statutory"], evidence["counts"]["experienced"]) == (1, 2)
    assert [run["cause"] for run in evidence["runs"]] == ["wrong_place", "normal"]
    assert all(event["body"] is not None and event["offset"] >= 0 for event in evidence["events"])
    assert all(event["chain_holds"] for event in evidence["events"]), "the checksums that the relay wrote are chained again"
    assert {event["topic"] for event in evidence["events"]} == {
        f"gov.{name}.events.v1" for name in ("intake", "approval", "notify")
    }
    assert told.followed.subject_ref in evidence["events"][0]["body"]


async def test_recounting_from_the_bytes_gives_the_same(told: Told) -> None:
    answer = await told.doors.send("POST", "metrics", "/v1/recount", "auditor", None, figure="F4", reading="gap", region=HANGZHOU)

    assert answer.status == 200
    assert answer.body["equal"]
