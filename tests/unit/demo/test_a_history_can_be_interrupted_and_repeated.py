"""Promise: a history comes in once, in the order of each journey, however often it is refused at first or begun again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.local import history as module
from deploy.local.doors import Answer
from deploy.local.history import HistoryError, Loader
from deploy.local.ledger import History, Ledger
from deploy.local.scenario import Scenario
from shared.reference.deadlines import CHINA

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=CHINA)


class Counted:
    def __init__(self) -> None:
        self.done = 0

    def advance(self, count: int) -> None:
        self.done += count


class Services:
    """Doors that answer as services would: each case is unknown to approval for the first few times it is asked about."""

    def __init__(self, history: History, *, late: int = 0, broken: str | None = None) -> None:
        self.sent: dict[str, list[str]] = defaultdict(list)
        self.holds: list[int] = []
        self._late = late
        self._broken = broken
        self._asked: dict[str, int] = defaultdict(int)
        self._meant = {s.document_id(n): step.refused for s in history.stories() for n, step in enumerate(s.steps)}

    async def batch(self, service: str, caller_id: str, documents: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        for case in {document["subject"] for document in documents}:
            self._asked[service + case] += 1
        return [self._answer(service, document) for document in documents]

    def _answer(self, service: str, document: Mapping[str, Any]) -> dict[str, Any]:
        if document["type"] == self._broken:
            return {"status": "refused", "rule": "something-else"}
        if service == "approval" and self._asked[service + document["subject"]] <= self._late:
            return {"status": "refused", "rule": "case-unknown"}
        self.sent[document["subject"]].append(document["id"])
        meant = self._meant[document["id"]]
        return {"status": "applied"} if meant is None else {"status": "refused", "rule": meant}

    async def send(self, method: str, service: str, path: str, role: str, body: Any) -> Answer:
        self.holds.append(body["hold_s"])
        return Answer(200, {})


@pytest.fixture
def history(tmp_path: Path) -> History:
    return Ledger(tmp_path).script(Scenario(4, 130, NOW))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NEWS_S", 0.0)


async def _load(services: Services, history: History) -> int:
    tracker = Counted()
    await Loader(services, history, tracker).load()  # type: ignore[arg-type]
    return tracker.done


async def test_every_document_goes_in_once_and_in_order(history: History) -> None:
    services = Services(history)

    stories = list(history.stories())
    assert await _load(services, history) == len(stories)
    for story in stories:
        expected = [
            story.document_id(n) for act in ("before", "decision", "after") for n, s in enumerate(story.steps) if s.act == act
        ]
        assert services.sent[story.case_no or story.name] == expected
    assert history.is_in


async def test_a_case_that_has_not_crossed_yet_is_asked_about_again(history: History) -> None:
    services = Services(history, late=3)

    await _load(services, history)

    decided = [n for ids in services.sent.values() for n in ids]
    assert len(decided) == len(set(decided))


async def test_timers_stand_still_until_the_last_act(history: History) -> None:
    services = Services(history)
    await _load(services, history)

    assert services.holds[:2] == [module.HOLD_S, module.HOLD_S]
    assert services.holds[-2:] == [0, 0]


async def test_what_is_in_is_not_sent_again(history: History) -> None:
    await _load(Services(history), history)
    again = Services(history)

    assert await _load(again, history) == len(list(history.stories()))
    assert not again.sent


async def test_a_surprise_stops_the_load_and_leaves_the_timers_held(history: History) -> None:
    services = Services(history, broken="gov.command.accept.v1")

    with pytest.raises(HistoryError, match="accept: something-else"):
        await _load(services, history)
    assert not history.is_in
    assert services.holds[-1] != 0
