"""Three real permit logs, brought in through the ordinary doors, give exactly the figures that are known of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from deploy.local.doors import Doors
from deploy.local.quiet import until_quiet
from tests.acceptance.conftest import Installation
from tests.conftest import ROOT

DATA = ROOT.parent / "shared" / "data"
LOGS = ("receipt", "bpic15", "nyc_dobnow")
CLOSE = 1e-5

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not DATA.exists(), reason="the real logs are not beside this checkout; their terms keep them out of it"),
]


@pytest.fixture(scope="module")
def oracles() -> Any:
    return json.loads((DATA / "oracles.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
async def doors(installation: Installation) -> AsyncIterator[Doors]:
    for log in LOGS:
        done = installation.command("import", str(DATA / log))
        assert done.returncode == 0, done.stderr[-2_000:]
        assert "0 not readable" in done.stdout
    async with installation.doors() as open_doors:
        await until_quiet(open_doors, installation.found.kafka, 120)
        yield open_doors


async def figures(doors: Doors, origin: str, as_of: str | None = None) -> Any:
    query = {} if as_of is None else {"as_of": as_of}
    return await doors.get("metrics", f"/v1/logs/{origin}", None, **query)


def assert_spread(found: dict[str, float], known: dict[str, float]) -> None:
    for name, value in known.items():
        assert found[name] == pytest.approx(value, abs=CLOSE), name


async def test_a_municipalitys_receipt_phase_has_its_known_figures(doors: Doors, oracles: Any) -> None:
    known, found = oracles["receipt"], await figures(doors, "receipt")
    counts = found["counts"]["all"]

    assert (counts["events"], counts["cases"]) == (known["events"], known["cases"])
    assert {rule: n for rule, n in found["rules"]["all"].items() if rule != "step"} == known["domain_event_counts"]
    assert found["channels"]["all"] == known["cases_per_channel"]
    assert found["first_event_month"]["all"] == known["cases_per_first_event_month_local"]
    assert found["started_month"]["all"] == known["cases_per_case_start_month_local"]
    assert_spread(found["duration_s"]["all"], known["duration_s_first_to_last_event"])
    assert counts["single_event_cases"] == known["single_event_cases"]
    assert counts["closed_after_deadline"] == known["cases_closed_after_deadline"]
    assert found["closed_after_deadline_by_channel"]["all"] == known["closed_after_deadline_per_channel"]
    assert found["channels"]["all"]["Desk"] == known["visit_proxy_cases_at_desk"]


async def test_building_permits_of_three_municipalities_have_their_known_figures(doors: Doors, oracles: Any) -> None:
    known, found = oracles["bpic15"], await figures(doors, "bpic15")
    counts = found["counts"]

    assert counts["all"]["events"] == known["events"]
    assert {m: counts[m]["events"] for m in known["events_per_municipality"]} == known["events_per_municipality"]
    assert {m: counts[m]["cases"] for m in known["cases_per_municipality"]} == known["cases_per_municipality"]
    assert {rule: n for rule, n in found["rules"]["all"].items() if rule != "step"} == known["domain_event_counts"]
    for region, rules in known["domain_event_counts_per_municipality"].items():
        assert {rule: n for rule, n in found["rules"][region].items() if rule != "step"} == rules
        assert found["started_month"][region] == known["cases_per_start_month_local"][region]
        assert_spread(found["duration_s"][region], known["duration_s_first_to_last_event"][region])
        assert_spread(found["submitted_to_decision_days"][region], known["days_submitted_to_first_decision_sent"][region])
        assert counts[region]["runs_proxy_mean"] == pytest.approx(known["runs_proxy_mean_per_municipality"][region], abs=CLOSE)
        assert counts[region]["with_correction_request"] == known["cases_with_materials_requested"][region]
    assert_spread(found["duration_s"]["all"], known["duration_s_all"])
    assert_spread(found["submitted_to_decision_days"]["all"], known["days_submitted_to_first_decision_sent_all"])
    assert counts["all"]["decision_before_submission"] == known["decision_before_submission_cases"]
    assert found["correction_rounds"]["all"] == known["materials_request_rounds_per_case"]
    receipt = found["request_to_receipt_days"]["awb45"]
    assert_spread(receipt, known["days_first_request_to_first_receipt"])
    assert receipt["before_request"] == known["receipt_before_request_cases"]
    assert found["runs_proxy"]["all"] == known["runs_proxy_1_plus_supplements"]
    out_of_order = found["out_of_order"]["all"]
    assert out_of_order["events_after_first_close"] == known["events_after_first_close"]
    assert out_of_order["recorded_later"] == known["events_recorded_later_than_event_date"]


RULE_OF = {
    "cases_submitted": "submitted",
    "cases_accepted": "accepted",
    "cases_materials_requested": "materials_requested",
    "cases_materials_supplemented": "materials_supplemented",
    "cases_decision_sent": "decision_sent",
    "cases_withdrawn": "withdrawn",
    "cases_objection": "objection",
    "cases_closed": "closed",
}


@pytest.mark.parametrize("moment", ["2011-07-01", "2012-07-01", "2013-07-01", "2014-07-01"])
async def test_building_permits_stand_on_each_day_as_they_stood(doors: Doors, oracles: Any, moment: str) -> None:
    as_of = f"{moment}T00:00:00+02:00"
    found = await figures(doors, "bpic15", as_of=as_of)

    day_before = date.fromisoformat(moment) - timedelta(days=1)
    by_day = await doors.get("metrics", "/v1/logs/bpic15", None, to=day_before.isoformat())
    # Means of fractions may differ in their last digit from one reading to the next.
    assert all(by_day[counted] == found[counted] for counted in ("counts", "rules", "cases_by_rule"))
    for region, known in oracles["bpic15_asof"][as_of].items():
        counts, cases = found["counts"][region], found["cases_by_rule"][region]
        assert counts["events"] == known["events_before"]
        assert counts["cases"] == known["cases_started"]
        assert counts["in_flight"] == known["cases_in_flight"]
        assert {name: cases.get(rule, 0) for name, rule in RULE_OF.items()} == {name: known[name] for name in RULE_OF}


async def test_nyc_as_it_was_known_on_each_day(doors: Doors, oracles: Any) -> None:
    known = oracles["nyc_dobnow"]
    for field, days in (("filing_status", known["status_per_snapshot"]), ("borough", known["borough_per_snapshot"])):
        for day, values in days.items():
            midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("America/New_York")) + timedelta(days=1)
            path = f"/v1/logs/nyc_dobnow/fields/{field}"
            found = await doors.get("metrics", path, known_at=midnight.isoformat())
            assert found["values"] == values, f"{field} on {day}"


async def test_nyc_transitions_objections_and_resubmissions(doors: Doors, oracles: Any) -> None:
    known = oracles["nyc_dobnow"]["changes"]
    found = await doors.get("metrics", "/v1/logs/nyc_dobnow/changes")

    assert found["filing_status"] == known["status_transitions"]
    assert found["updates"] == known["updates_per_field"]
    updates = found["updates"]
    assert updates["latest_objection_date"] + updates["qa_failed_date"] == known["objection_events_observed"]
    assert updates["latest_resubmit_date"] == known["resubmissions_observed"]


async def test_importing_again_changes_nothing(doors: Doors, installation: Installation) -> None:
    before = await figures(doors, "receipt")

    done = installation.command("import", str(DATA / "receipt"))
    await until_quiet(doors, installation.found.kafka, 60)

    assert "0 recorded" in done.stdout
    assert await figures(doors, "receipt") == before
