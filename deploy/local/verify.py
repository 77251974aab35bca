"""`./runonce verify`: what the board shows, what the record says, and what the generator knew beforehand, side by side.

The projection is compared with a recount over everything. The generator's truth is compared with a recount over the journeys
that the generator made, so that imported and hand-made journeys beside them prove nothing false; where there are no others,
all three are the same numbers.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from deploy.local.catalogue import catalogue
from deploy.local.coverage import compare_coverage
from deploy.local.doors import Doors
from deploy.local.ledger import Journal, Ledger
from deploy.local.partners import Partners
from deploy.local.population import province
from deploy.local.progress import tracking
from deploy.local.quiet import NotQuietError, look, until_quiet
from deploy.local.recounting import Record, counted, read_record
from deploy.local.rest import resting
from deploy.local.settling import settle, witnessed
from deploy.local.stage import Stage
from deploy.local.story import Story
from deploy.local.tables import (
    DIMENSIONS,
    KNOWN,
    Compared,
    Difference,
    Readings,
    Table,
    compare,
    compare_with_truth,
    truth_readings,
)
from deploy.local.truth import ALL, Truth, count, figures
from deploy.local.witness import Catalogue, on
from shared.contracts.topics import APPROVAL_EVENTS, EVENT_TOPICS, INTAKE_EVENTS, SERVICES

QUIET_S = 180.0
READINGS_MAX = 4
UNDER_WAY_S = 10.0
ASKED_AT_A_TIME = 4
_OWED = {
    "gov.intake.application-received.v1",
    "gov.intake.correction-notice-issued.v1",
    "gov.intake.application-accepted.v1",
    "gov.intake.application-not-accepted.v1",
    "gov.intake.result-delivered.v1",
}
"""Facts of which people are told: one message each."""
_PARTNER = re.compile(r"^gov\.(portal|department)\.[a-z0-9-]+\.")
_REQUESTED = "gov.notify.notification-requested.v1"


@dataclass
class Verdict:
    """What was laid side by side, and what came of it."""

    as_of: datetime
    projected: Table
    recounted: Table
    truth: Truth
    journeys: int = 0
    others: int = 0
    compared: dict[str, Compared] = field(default_factory=dict)
    laws: list[dict[str, Any]] = field(default_factory=list)
    coverage: list[dict[str, Any]] = field(default_factory=list)

    @property
    def differences(self) -> list[Difference]:
        """Every difference, by figure."""
        return [difference for done in self.compared.values() for difference in done.differences]

    @property
    def broken(self) -> list[dict[str, Any]]:
        """The laws that do not hold."""
        return [law for law in self.laws if not law["holds"]]

    @property
    def is_whole(self) -> bool:
        """Whether nothing differs anywhere."""
        return not self.differences and not self.broken


class TooEarlyError(Exception):
    """The history is not all in yet, so nothing can be compared; wait until `./runonce demo` has brought it in."""

    def __str__(self) -> str:
        return "the history is not all in yet: let ./runonce demo bring it in, then verify"


async def verify(doors: Doors, kafka: str, ledger: Ledger, now: Callable[[], datetime]) -> Verdict:
    """Wait until nothing moves, then compare everything. Live load rests meanwhile.

    Raises `TooEarlyError` while a history is being brought in, and `NotQuietError` if the system does not come to rest.
    """
    if not all(history.is_in for history in ledger.histories()):
        raise TooEarlyError
    with resting(ledger.directory):
        await _ask_again(doors, kafka, ledger, now)
        for _ in range(READINGS_MAX):
            appended = await until_quiet(doors, kafka, QUIET_S)
            verdict = await _compared(doors, ledger, now())
            if (await look(doors, kafka)).appended == appended:
                return verdict
            # A message that is tried again after a minute, or a timer: what was read is not of one moment.
    raise NotQuietError(f"something was written during each of {READINGS_MAX} readings")


async def _compared(doors: Doors, ledger: Ledger, as_of: datetime) -> Verdict:
    journeys: set[str] = set()
    truth = count(_generated(ledger, journeys), Catalogue(catalogue(as_of)), as_of)
    with tracking("reading the record", await _recorded(doors)) as tracker:
        record = await read_record(doors, tracker)
    everybody = set(record.recount.journeys)
    recounted = counted(record, None, on(as_of))
    others = everybody - journeys
    made = counted(record, everybody & journeys, on(as_of)) if others else recounted
    verdict = Verdict(as_of, await _projected(doors), recounted, truth, len(everybody & journeys), len(others))
    for figure in figures():
        sides = compare(figure, verdict.projected, recounted, "projected and recounted")
        known = compare_with_truth(figure, made, truth, "recounted and truth")
        verdict.compared[figure] = Compared(sides.readings + known.readings, sides.differences + known.differences)
    verdict.coverage, verdict.compared["F1"] = await compare_coverage(doors, record.recount, as_of)
    verdict.laws = [*await _laws(doors, record), *_foretold(record, truth, journeys)]
    return verdict


async def _ask_again(doors: Doors, kafka: str, ledger: Ledger, now: Callable[[], datetime]) -> None:
    """Learn the fate of acts whose answers were lost in a kill; those still under way get the time to be answered."""
    deadline = asyncio.get_running_loop().time() + UNDER_WAY_S
    while journals := [path for path in ledger.journals() if witnessed(path).pending]:
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.2)
    if not journals:
        return
    where = province(on(now()))
    async with Partners(kafka, where) as partners:

        def stage_of(journal: Journal) -> Stage:
            return Stage(doors, partners, where, journal, now)

        await settle(journals, doors, stage_of)


def _generated(ledger: Ledger, journeys: set[str]) -> Iterator[Story]:
    """The stories that were told; `journeys` gains what they opened."""
    for history in ledger.histories():
        for story in history.stories():
            journeys.update(str(journey) for journey in story.journeys)
            yield story
    for path in ledger.journals():
        journal = witnessed(path)
        journeys |= journal.journeys
        yield from journal.stories


async def _recorded(doors: Doors) -> int:
    told = await asyncio.gather(*(doors.get(service, "/v1/conservation", "auditor") for service in SERVICES))
    return sum(row["appended"] for counts in told for row in counts["written"])


async def _projected(doors: Doors) -> Table:
    """Every figure by every dimension, through the public doors."""
    definitions = (await doors.get("metrics", "/v1/figures"))["figures"]
    zeros: dict[str, Readings] = {}
    table = Table(lambda figure, _: zeros.get(figure, {}))
    turn = asyncio.Semaphore(ASKED_AT_A_TIME)

    async def ask(code: str, by: str | None) -> None:
        query: dict[str, str | int] = {} if by is None else {"by": by}
        if by == KNOWN:
            query = {"by": "day", "axis": KNOWN}
        async with turn:
            told = await doors.get("metrics", f"/v1/figures/{code}", None, **query)
        if by is None:
            table.put(code, ALL, _readings(told["readings"]))
        for group in told["groups"]:
            table.put(code, f"{by}={group['key']}", _readings(group["readings"]))

    asked = []
    for definition in definitions:
        code = definition["code"]
        if code in figures():
            asked += [ask(code, by) for by in (None, KNOWN, *(d for d in definition["dimensions"] if d in DIMENSIONS))]
    await asyncio.gather(*asked)
    return table


def _readings(told: Mapping[str, Mapping[str, Any]]) -> Readings:
    return {code: (value["numerator"], value["denominator"]) for code, value in told.items()}


async def _laws(doors: Doors, record: Record) -> list[dict[str, Any]]:
    """Conservation: what was appended was recorded and published, and what was consumed became something."""
    laws: list[dict[str, Any]] = []
    for service in SERVICES:
        told = await doors.get(service, "/v1/conservation", "auditor")
        for topic, rows in _by(told["written"], "topic").items():
            sums = _sums(rows, ("appended", "published", "waiting"))
            if topic in record.topics:
                sums["recorded"] = record.topics[topic]
            holds = sums["appended"] == sums["published"] + sums["waiting"] == sums.get("recorded", sums["appended"])
            laws.append({"law": f"{topic} written by {service}", **sums, "holds": holds and _each_written(rows)})
        for name, rows in _by(_of_partners_together(told["consumed"]), "group", "topic").items():
            sums = _sums(rows, ("consumed", "applied", "duplicate", "ignored", "parked", "dead_lettered"))
            laws.append({"law": f"{name} read by {service}", **sums, "holds": all(_is_accounted_for(row) for row in rows)})
    return laws


def _of_partners_together(rows: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Partners' topics under one name for each kind: the law is looked at for every partition, and told for all together."""
    for row in rows:
        yield {**row, "topic": _PARTNER.sub(r"gov.\1.*.", row["topic"])}


def _by(rows: Iterable[Mapping[str, Any]], *names: str) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(" of ".join(str(row[name]) for name in names), []).append(row)
    return found


def _sums(rows: Iterable[Mapping[str, Any]], names: tuple[str, ...]) -> dict[str, int]:
    kept = list(rows)
    return {name: sum(row[name] for row in kept) for name in names}


def _each_written(rows: Iterable[Mapping[str, Any]]) -> bool:
    return all(row["appended"] == row["published"] + row["waiting"] for row in rows)


def _is_accounted_for(row: Mapping[str, Any]) -> bool:
    """What was consumed became something, and of a topic of events, which has no gaps, all up to the checkpoint was consumed."""
    became = row["applied"] + row["duplicate"] + row["ignored"] + row["parked"] + row["dead_lettered"]
    to_the_last = row["topic"] not in EVENT_TOPICS or row["consumed"] == row["next_offset"]
    return bool(row["consumed"] == became and to_the_last)


def _foretold(record: Record, truth: Truth, journeys: set[str]) -> list[dict[str, Any]]:
    """Of every type, as many events as the generator's truth foretold about its own journeys."""
    found: Counter[str] = Counter()
    for journey in journeys:
        found.update(record.types.get(journey, {}))
    expected = Counter(truth.events)
    expected[_REQUESTED] = sum(n for name, n in truth.events.items() if name in _OWED)
    laws = []
    for topic, prefix in ((INTAKE_EVENTS, "gov.intake."), (APPROVAL_EVENTS, "gov.approval."), ("requested messages", _REQUESTED)):
        names = sorted(name for name in {*found, *expected} if name.startswith(prefix))
        wrong = [f"{name}: {found[name]} instead of {expected[name]}" for name in names if found[name] != expected[name]]
        sums = {"found": sum(found[name] for name in names), "foretold": sum(expected[name] for name in names)}
        laws.append({"law": f"{topic} foretold by type", **sums, "holds": not wrong, **({"wrong": wrong} if wrong else {})})
    return laws


def as_json(verdict: Verdict) -> dict[str, Any]:
    """The whole verdict as plain values."""
    told: dict[str, Any] = {}
    for figure in figures():
        names = sorted(verdict.recounted.names(figure) | verdict.projected.names(figure) | verdict.truth.slices(figure))
        told[figure] = {name: _beside(verdict, figure, name) for name in names}
    return {
        "as_of": verdict.as_of.isoformat(),
        "equal": verdict.is_whole,
        "journeys": verdict.journeys,
        "journeys_of_others": verdict.others,
        "compared": {figure: done.readings for figure, done in verdict.compared.items()},
        "differences": [asdict(difference) for difference in verdict.differences],
        "figures": told,
        "coverage": verdict.coverage,
        "conservation": verdict.laws,
    }


def _beside(verdict: Verdict, figure: str, name: str) -> dict[str, Any]:
    projected, recounted = verdict.projected.get(figure, name), verdict.recounted.get(figure, name)
    truth = truth_readings(verdict.truth, figure, name)
    return {
        code: {"projected": projected.get(code), "recounted": recounted.get(code), "truth": truth.get(code)}
        for code in sorted({*projected, *recounted})
    }
