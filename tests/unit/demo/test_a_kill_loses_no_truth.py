"""Promise: whatever moment a live run is killed in, its journal tells which acts took effect and which must be asked again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from deploy.local.casting import Desk, Outside, Partner
from deploy.local.ledger import Journal, Ledger
from deploy.local.scenario import Scenario
from deploy.local.settling import witnessed
from deploy.local.stage import Deed, deed_of
from deploy.local.story import Story
from shared.reference.deadlines import CHINA
from shared.runtime.auth import Caller

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=CHINA)
CLERK = Desk("intake", Caller("clerk", "c-1", "11330302DEM0000061", "330302"))
PORTAL = Partner("gov.portal.zlb.submissions.v1", "zlb")
PROGRAM = Outside("approval", "decision-made", "j-1")


def deed(command: str = "receive", part: Desk | Partner | Outside = CLERK, refused: str | None = None) -> Deed:
    return Deed(command, "before", {"case_no": "C1"}, part, f"s-{command}", "C1", refused)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "live-1.jsonl")
    made.begin(Story("s", "caller"))
    yield made
    made.close()


def test_an_answered_act_is_a_step_between_its_two_moments(journal: Journal) -> None:
    journal.intend("s", 0, deed().to_json(), NOW)
    journal.settle("s", 0, NOW + timedelta(seconds=2), rule=None, journey="j-1")

    found = witnessed(journal.path)

    (story,) = found.stories
    assert [(s.command, s.at, s.by) for s in story.steps] == [("receive", NOW, NOW + timedelta(seconds=2))]
    assert found.journeys == {"j-1"}
    assert found.pending == []


def test_an_act_without_an_answer_is_pending(journal: Journal) -> None:
    journal.intend("s", 0, deed().to_json(), NOW)

    assert witnessed(journal.path).pending == [("s", 0, deed(), NOW)]


def test_an_act_that_was_refused_against_the_script_did_not_happen(journal: Journal) -> None:
    journal.intend("s", 0, deed().to_json(), NOW)
    journal.settle("s", 0, NOW, rule="case-ended", journey=None)

    assert witnessed(journal.path).stories == []


def test_an_act_that_was_meant_to_be_refused_stays_a_refused_step(journal: Journal) -> None:
    journal.intend("s", 0, deed(refused="already-received").to_json(), NOW)
    journal.settle("s", 0, NOW, rule="already-received", journey=None)

    (story,) = witnessed(journal.path).stories
    assert story.steps[0].refused == "already-received"


def test_a_line_that_was_cut_off_was_never_acted_on(journal: Journal) -> None:
    journal.intend("s", 0, deed().to_json(), NOW)
    with journal.path.open("ab") as file:
        file.write(b'{"story":"s","n":1,"act":{"comm')

    assert len(witnessed(journal.path).pending) == 1


def test_an_answer_that_is_learned_twice_counts_once(journal: Journal) -> None:
    journal.intend("s", 0, deed().to_json(), NOW)
    for _ in range(2):
        journal.settle("s", 0, NOW, rule=None, journey="j-1")

    (story,) = witnessed(journal.path).stories
    assert len(story.steps) == 1


@pytest.mark.parametrize("rules", [("not-decided", None), (None, "not-decided")])
def test_what_took_effect_did_so_whatever_somebody_else_was_answered(journal: Journal, rules: tuple[str | None, ...]) -> None:
    journal.intend("s", 0, deed().to_json(), NOW)
    for rule in rules:
        journal.settle("s", 0, NOW, rule=rule, journey=None if rule else "j-1")

    found = witnessed(journal.path)
    assert [len(story.steps) for story in found.stories] == [1]
    assert (found.journeys, found.pending) == ({"j-1"}, [])


def test_a_moment_that_the_record_knows_better_is_corrected(journal: Journal) -> None:
    exactly = NOW + timedelta(minutes=5)
    journal.intend("s", 0, deed().to_json(), NOW)
    journal.settle("s", 0, exactly, rule=None, journey="j-1", since=exactly)

    (story,) = witnessed(journal.path).stories
    assert (story.steps[0].at, story.steps[0].by) == (exactly, exactly)


@pytest.mark.parametrize("part", [CLERK, PORTAL, PROGRAM], ids=["desk", "topic", "somebody else"])
def test_every_part_survives_being_written_down(part: Desk | Partner | Outside) -> None:
    assert deed_of(deed(part=part).to_json()) == deed(part=part)


def test_a_history_is_written_whole_before_it_is_sent(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    history = ledger.script(Scenario(3, 120, NOW))

    (known,) = Ledger(tmp_path).histories()
    assert known == history
    assert list(known.stories()) == [story for story in Scenario(3, 120, NOW).stories() if story.steps]
    assert not known.is_in


def test_parts_that_are_in_are_remembered(tmp_path: Path) -> None:
    history = Ledger(tmp_path).script(Scenario(3, 120, NOW))
    history.mark(0)
    history.mark(2)
    history.finish()

    (known,) = Ledger(tmp_path).histories()
    assert known.done() == {0, 2}
    assert known.is_in
