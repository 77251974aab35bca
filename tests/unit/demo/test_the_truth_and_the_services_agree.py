"""Promise: over hundreds of made-up journeys the services' rules and the generator's own truth come to the same figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta

import orjson
import pytest

from deploy.local.catalogue import catalogue
from deploy.local.scenario import Scenario
from deploy.local.story import Story
from deploy.local.truth import ALL, Truth, count, figures
from deploy.local.witness import Catalogue
from services.metrics.contributions import GROUPS
from services.metrics.figures import BY_CODE, Figure, evaluate
from services.metrics.ledger import Ledger
from services.metrics.recount import recount
from services.metrics.slices import key_of
from shared.reference.deadlines import CHINA
from tests.unit.demo.pipeline import Pipeline, Province

UNTIL = datetime(2026, 11, 23, 15, 0, tzinfo=CHINA)
LATER = UNTIL + timedelta(days=120)
RARE = 5


class Played:
    """Stories that went through the services, and what they were."""

    def __init__(self, stories: list[Story], as_of: datetime) -> None:
        documents = catalogue(UNTIL)
        self.stories = stories
        self.pipeline = Pipeline(Province(documents, UNTIL))
        for story in stories:
            self.pipeline.play(story, as_of)
        self.truth = count(stories, Catalogue(documents), as_of)
        self.entries: Ledger = recount(self.pipeline.bodies).total()


@pytest.fixture(scope="module", params=[UNTIL, LATER], ids=["now", "much-later"])
def played(request: pytest.FixtureRequest) -> Played:
    return Played(_varied(), request.param)


def _varied() -> list[Story]:
    """Some hundred stories as they come, and whatever else holds a rare act."""
    taken: list[Story] = []
    seen: Counter[str] = Counter()
    for index, story in enumerate(Scenario(7, 3_000, UNTIL).stories()):
        acts = {step.refused or step.command for step in story.steps}
        if acts and (index < 150 or any(seen[act] < RARE for act in acts)):
            taken.append(story)
            seen.update(acts)
    return taken


def test_only_what_is_meant_to_be_refused_is_refused(played: Played) -> None:
    expected = {s.document_id(n): step.refused for s in played.stories for n, step in enumerate(s.steps)}

    assert dict(played.pipeline.answers) == expected


def test_every_event_is_foretold(played: Played) -> None:
    recorded = Counter(orjson.loads(body)["type"] for body in played.pipeline.bodies)

    assert recorded == played.truth.events


@pytest.mark.parametrize("code", figures())
def test_every_reading_in_every_slice_is_the_same(played: Played, code: str) -> None:
    counted = _by_slice(BY_CODE[code], played.entries)

    for name in sorted(set(counted) | played.truth.slices(code)):
        found = evaluate(BY_CODE[code], counted.get(name, {}))
        expected = _comparable(played.truth, code, name)
        assert {r: (found[r].numerator, found[r].denominator) for r in expected} == expected, name


def test_the_stories_hold_something_of_everything(played: Played) -> None:
    happened = {step.command for story in played.stories for step in story.steps}
    foretold = set(played.truth.events)

    assert happened >= {"attribute-visit", "void-visit", "extend", "return-custody", "withdraw-case", "withdraw"}
    assert foretold >= {f"gov.approval.{name}.v1" for name in ("red-card-issued", "special-procedure-ended")}


def _comparable(truth: Truth, code: str, name: str) -> dict[str, tuple[int, int | None]]:
    readings = truth.readings(code, name)
    if name.startswith("cause=") and code == "F5":
        return {"extra": readings["extra"]}
    return {reading: value for reading, value in readings.items() if reading != "overdue"}


def _by_slice(figure: Figure, entries: Ledger) -> dict[str, dict[str, int]]:
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for entry, amounts in entries.items():
        if entry.cell.group not in figure.groups:
            continue
        keys = {by: key_of(entry, by) for by in figure.by if by not in ("week", "month", "home")}
        for name in [ALL, *(f"{by}={key}" for by, key in keys.items() if key is not None)]:
            for measure, amount in zip(GROUPS[entry.cell.group], amounts, strict=True):
                sums[name][f"{entry.cell.group}.{measure}"] += amount
    return sums
