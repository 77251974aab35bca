"""Promise: the same seed tells the same stories on every machine, within the shares that were asked for."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from stdnum.cn import uscc

from deploy.local.catalogue import catalogue
from deploy.local.population import province
from deploy.local.scenario import LiveScenario, Scenario
from deploy.local.story import from_json, to_json
from deploy.local.truth import count
from deploy.local.witness import Catalogue
from shared.contracts.commands import Applicant
from shared.contracts.ids import case_no, ingress_id
from shared.contracts.ingress import read_command
from shared.reference.deadlines import CHINA

UNTIL = datetime(2026, 11, 23, 15, 0, tzinfo=CHINA)


def test_the_same_seed_tells_the_same_stories() -> None:
    first, again = (list(Scenario(3, 50, UNTIL).stories()) for _ in range(2))

    assert first == again


def test_a_larger_scenario_begins_with_a_smaller_one() -> None:
    assert list(Scenario(3, 50, UNTIL).stories())[:20] == list(Scenario(3, 20, UNTIL).stories())


def test_another_seed_tells_other_stories() -> None:
    assert Scenario(3, 1, UNTIL).story(5).steps != Scenario(4, 1, UNTIL).story(5).steps


def test_a_live_story_depends_on_its_run_and_place() -> None:
    now = UNTIL
    one = LiveScenario(1, "a", now.date())

    assert one.story(3, now) == LiveScenario(1, "a", now.date()).story(3, now)
    assert one.story(3, now) != LiveScenario(1, "b", now.date()).story(3, now)


def test_steps_are_told_in_the_order_of_time_and_never_after_the_end() -> None:
    for story in Scenario(5, 300, UNTIL).stories():
        times = [step.at for step in story.steps]
        assert times == sorted(times)
        assert all(UNTIL - timedelta(days=125) < at <= UNTIL for at in times)
        assert all(step.at <= step.known <= UNTIL for step in story.steps)


def test_every_document_is_a_command_of_the_contract() -> None:
    for story in Scenario(6, 120, UNTIL).stories():
        for act in ("before", "decision", "after"):
            for _, document in story.documents(act):
                assert read_command(document).subject == (story.case_no or story.name)


def test_the_case_number_is_known_before_anything_is_sent() -> None:
    story = next(s for s in Scenario(6, 50, UNTIL).stories() if s.case_no)
    number, step = next((n, s) for n, s in enumerate(story.steps) if s.command == "submit-application")

    day = step.at.astimezone(CHINA).date()
    assert story.case_no == case_no(step.data["item_code"], day, ingress_id(story.caller, story.document_id(number)))


def test_a_story_survives_being_written_down() -> None:
    for story in Scenario(6, 30, UNTIL).stories():
        assert from_json(to_json(story)) == story


def test_the_catalogue_is_valid_and_names_no_real_body() -> None:
    documents = catalogue(UNTIL)

    assert len({d["id"] for d in documents}) == len(documents)
    for document in documents:
        read_command(document)
    for body in province(UNTIL.date()).bodies:
        assert uscc.is_valid(body.uscc)
        assert "演示" in body.name_zh
        assert "(demo)" in body.name_en


def test_what_to_bring_and_when_is_said_in_both_languages() -> None:
    data = [document["data"] for document in catalogue(UNTIL)]
    materials = [material for told in data for material in told.get("materials", ())]
    halls = [told for told in data if "hours" in told]

    assert materials
    assert halls
    assert all(material["name_en"].isascii() for material in materials)
    assert all(hall["hours_en"].isascii() for hall in halls)


def test_people_are_recognisably_made_up() -> None:
    for story in Scenario(6, 60, UNTIL).stories():
        for step in story.steps:
            if "applicant" in step.data:
                assert Applicant.model_validate(step.data["applicant"]).id_no.startswith("SYN")


def test_cities_get_their_share_of_the_population() -> None:
    homes: Counter[str] = Counter()
    for story in Scenario(8, 2_500, UNTIL).stories():
        submitted = next((s for s in story.steps if s.command == "submit-application"), None)
        if submitted is not None:
            homes[submitted.data["applicant"]["region"][:4]] += 1
    total = sum(homes.values())

    assert homes["3301"] / total == pytest.approx(0.185, abs=0.025)
    assert homes["3309"] / total == pytest.approx(0.018, abs=0.008)


def test_about_one_in_eight_comes_more_than_once() -> None:
    truth = count(Scenario(9, 2_000, UNTIL).stories(), Catalogue(catalogue(UNTIL)), UNTIL)
    more = sum(truth.readings("F3")[name][0] for name in ("two_runs", "more_runs"))

    assert more / truth.readings("F0")["delivered"][0] == pytest.approx(0.121, abs=0.03)
    assert 0.01 < _ratio(truth.readings("F6")["cross_city"]) < 0.12
    assert 0.01 < _ratio(truth.readings("F10")["unattributed"]) < 0.06


def _ratio(reading: tuple[int, int | None]) -> float:
    numerator, denominator = reading
    assert denominator
    return numerator / denominator
