"""From journals back to stories: what was played and answered; and the acts whose answer a kill took away, asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import orjson

from deploy.local.doors import Doors
from deploy.local.ledger import Journal, read_journal
from deploy.local.stage import Deed, Stage, Told, deed_of, step_of
from deploy.local.story import DOOR_OF, Step, Story
from deploy.local.witness import on


@dataclass
class Witnessed:
    """One journal, read back. `pending` are the acts without an answer: story, step, deed, and when it was sent."""

    stories: list[Story] = field(default_factory=list)
    journeys: set[str] = field(default_factory=set)
    pending: list[tuple[str, int, Deed, datetime]] = field(default_factory=list)


def witnessed(path: Path) -> Witnessed:
    """Read a journal. A story's steps are those that took effect, and those that were refused as they were meant to be.

    An act may be answered twice, as whoever compares asks again what the load still asks: it took effect if either was told so.
    """
    found = Witnessed()
    callers: dict[str, str] = {}
    sent: dict[tuple[str, int], tuple[Deed, datetime]] = {}
    answered: set[tuple[str, int]] = set()
    steps: dict[str, dict[int, Step]] = {}
    for line in read_journal(path):
        name = line["story"]
        if "caller" in line:
            callers[name] = line["caller"]
        elif "act" in line:
            sent[name, line["n"]] = (deed_of(line["act"]), datetime.fromisoformat(line["from"]))
        elif (name, line["n"]) in sent:
            answered.add((name, line["n"]))
            deed, at = sent[name, line["n"]]
            if line["journey"] is not None and line["rule"] is None:
                found.journeys.add(line["journey"])
            if line["rule"] == deed.refused:
                since = datetime.fromisoformat(line["since"]) if "since" in line else at
                step = step_of(deed, since, datetime.fromisoformat(line["to"]))
                steps.setdefault(name, {}).setdefault(line["n"], step)
    found.pending = [(*key, *told) for key, told in sent.items() if key not in answered]
    found.stories = [Story(name, callers[name], _in_order(made)) for name, made in steps.items()]
    return found


def _in_order(steps: dict[int, Step]) -> tuple[Step, ...]:
    return tuple(steps[number] for number in sorted(steps))


async def settle(paths: Iterable[Path], doors: Doors, stage_of: Callable[[Journal], Stage]) -> int:
    """Ask every act without an answer again, under its own id, and write down what it was; returns how many there were."""
    count = 0
    for path in paths:
        pending = witnessed(path).pending
        if not pending:
            continue
        journal = Journal(path)
        stage: Stage = stage_of(journal)
        for name, number, deed, sent_at in pending:
            told = await stage.say(deed)
            since, by = await _when(doors, deed, told, sent_at, stage.now())
            journal.settle(name, number, by, rule=told.rule, journey=told.journey, since=since)
            count += 1
        journal.close()
    return count


async def _when(doors: Doors, deed: Deed, told: Told, sent_at: datetime, now: datetime) -> tuple[datetime, datetime]:
    """Between which moments it happened. If a midnight lies there, the recorded event itself says when."""
    if told.at is not None:
        return told.at, told.at
    if on(sent_at) == on(now) or told.journey is None or not told.events:
        return sent_at, now
    for line in await doors.lines(DOOR_OF[deed.act], f"/v1/streams/journey-{told.journey}", "auditor"):
        event = orjson.loads(line)
        if event["id"] == told.events[0]:
            at = datetime.fromisoformat(event["time"])
            return at, at
    return sent_at, now
