"""Promise: in stories that are played live, each step is done by somebody whom the services let do it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest

from deploy.local.casting import Cast, Partner
from deploy.local.catalogue import catalogue
from deploy.local.population import province
from deploy.local.scenario import LiveScenario
from deploy.local.story import Story
from deploy.local.truth import count
from deploy.local.witness import Catalogue
from services.metrics.recount import recount
from shared.reference.deadlines import CHINA
from tests.unit.demo.pipeline import Pipeline, Province

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=CHINA)
WHERE = province(NOW.date())


def _stories(count: int) -> list[Story]:
    scenario = LiveScenario(5, "t", NOW.date())
    return [scenario.story(index, NOW) for index in range(count)]


@pytest.mark.parametrize("by_kafka", [False, True], ids=["desks", "topics"])
def test_nobody_is_refused_by_mistake(by_kafka: bool) -> None:
    stories = _stories(220)
    pipeline = Pipeline(Province(catalogue(NOW), NOW))
    for story in stories:
        pipeline.play_live(story, Cast(WHERE, story, by_kafka=by_kafka))

    expected = {s.document_id(n): step.refused for s in stories for n, step in enumerate(s.steps)}
    assert dict(pipeline.answers) == expected


def test_the_truth_of_played_stories_is_that_of_the_record() -> None:
    stories = _stories(100)
    documents = catalogue(NOW)
    pipeline = Pipeline(Province(documents, NOW))
    for story in stories:
        pipeline.play_live(story, Cast(WHERE, story, by_kafka=True))
    truth = count(stories, Catalogue(documents), max(s.steps[-1].at for s in stories))

    entries = recount(pipeline.bodies).total()
    delivered = sum(amounts[0] for entry, amounts in entries.items() if entry.cell.group == "delivered")
    assert (delivered, None) == truth.readings("F0")["delivered"]


def test_about_half_of_the_stories_use_a_topic_if_they_may() -> None:
    by_topic = Counter(
        any(isinstance(Cast(WHERE, story, by_kafka=True).part(step), Partner) for step in story.steps) for story in _stories(400)
    )

    assert 0.4 < by_topic[True] / 400 < 0.85
