"""The doors under load: single commands, batches, a portal's topic, and the questions of citizens and of the first screen.

All four services run meanwhile, on the same cores. A command is acknowledged after COMMIT, and in the end the
figures must know exactly the visits that were acknowledged, and intake every case.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from statistics import median, quantiles
from typing import Any

import orjson

from benchmarks.installation import Installation, counted, installed, laws_hold, processor_seconds, say
from benchmarks.intruders import CUT, intruders
from benchmarks.metrics_alone import dashboard_ms, metrics_alone
from benchmarks.processes import resident_mb
from benchmarks.results import Result
from benchmarks.visits import visit
from deploy.local.population import PORTAL, province
from deploy.local.quiet import until_quiet
from deploy.local.scenario import Scenario
from deploy.local.story import Story, document
from services.intake.people import Pseudonyms
from services.intake.resolution import WITHOUT_A_VISIT
from shared.contracts.ids import receipt_no
from shared.contracts.topics import partner_topics
from shared.kafka.clients import producer
from shared.postgres.pool import connect
from shared.reference.deadlines import local_date
from shared.reference.divisions import CITY_CODES
from shared.runtime.auth import Caller
from shared.telemetry import clock

WORD = "doors"
HELP = "single POST, batch HTTP and Kafka submissions, status and dashboard"
SECONDS = 15.0
SMOKE_SECONDS = 1.5
AT_A_TIME = 16
ROUNDS = 3
BATCHES_AT_A_TIME = 2
BATCH = 200
SUBMISSIONS = 10_000
SMOKE_SUBMISSIONS = 200
CASES = 1_000_000
JOURNEYS = 1_000_000
EVENTS_PER_JOURNEY = 15
QUESTIONS = 300
QUIET_S = 300.0
CLERK = Caller("clerk", "bench", None, "330000")
_CLONES = """
INSERT INTO case_index SELECT c.case_no || '-' || n, c.journey, c.receipt_no || '-' || n, c.subject_ref, c.item_code,
    c.item_version, c.submitted_role, c.submitted_by, c.submitted_at, c.handling_body, c.handling_region, c.receiving_body,
    c.receiving_region, c.holder_body, c.holder_region, c.offered_body, c.offered_region, c.situation, c.due, c.changed_at
FROM (SELECT * FROM case_index LIMIT 100) c, generate_series(1, $1::int) AS n
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length of each round of single commands")
    parser.add_argument("--submissions", type=int, default=SUBMISSIONS)
    parser.add_argument("--journeys", type=int, default=JOURNEYS, help="journeys behind the dashboard; 0 leaves it out")


def run(options: argparse.Namespace) -> list[Result]:
    """Measure."""
    if options.smoke:
        return asyncio.run(_intake(SMOKE_SECONDS, SMOKE_SUBMISSIONS, 1_000))
    results = asyncio.run(_intake(options.seconds, options.submissions, CASES))
    return [*results, *(asyncio.run(_screen(options.journeys)) if options.journeys else ())]


def _told(size: int, value: float, unit: str) -> Result:
    result = Result(WORD, "ours", size, round(value, 1), unit)
    say(f"{unit} {result.value}")
    return result


async def _intake(seconds: float, submissions: int, cases: int) -> list[Result]:
    async with installed() as house:
        before = await counted(house.doors)
        results = await _singles(house, seconds)
        single, sent = results[0].value or 0.0, results[0].size
        took = await _half(house, single / 2, seconds)
        results += [_told(sent, value, f"ms {name} single POST under half load") for name, value in _p50_and_p99(took)]
        beside, kept_out = await _beside_intruders(house, single / 2, seconds, took)
        results += beside
        repeated = await _is_repeated(house)
        visits = before + sent + 2 * len(took) + 1
        batches, topics = _applications(submissions)
        results.append(_told(len(batches), await _rate(lambda: _by_batch(house, batches), batches), "submissions/s by batch HTTP"))
        results.append(_told(len(topics), await _rate(lambda: _by_kafka(house, topics), topics), "submissions/s by Kafka"))
        await until_quiet(house.doors, house.kafka, QUIET_S)
        stored = await counted(house.doors) == visits and await _submitted(house) == len(batches) + len(topics)
        right = repeated and kept_out and stored and await laws_hold(house.doors)
        results += await _status(house, batches, cases)
    return [replace(result, correct=right) for result in results]


async def _post(house: Installation, key: str, body: bytes) -> None:
    answer = await house.doors.command("intake", "record-visit", body, key, CLERK)
    if answer.status != 201:
        raise ValueError(f"intake answered {answer.status} {answer.rule}")


def _bodies(seed: int) -> Callable[[], bytes]:
    rng, where = random.Random(seed), province(local_date(clock.now()))
    return lambda: orjson.dumps(visit(where, rng))


async def _singles(house: Installation, seconds: float) -> list[Result]:
    """Rates of single commands, over the clock and over intake's own processor time."""
    pid = {"intake": house.pids()["intake"]}
    rates: list[float] = []
    costs: list[float] = []
    sent = 0
    for turn in range(ROUNDS):
        before = processor_seconds(pid)["intake"]
        per_s, done = await _single(house, turn, seconds)
        rates.append(round(per_s, 1))
        costs.append(round(done / (processor_seconds(pid)["intake"] - before), 1))
        sent += done
    say(f"single POST/s {rates}, a CPU s of intake {costs}")
    return [
        Result(WORD, "ours", sent, median(rates), "single POST/s", rounds=rates),
        Result(WORD, "ours", sent, median(costs), "single POST/CPU s of intake", rounds=costs),
    ]


async def _single(house: Installation, turn: int, seconds: float) -> tuple[float, int]:
    """Commands a second, each its own request; so many clients wait for their answers."""
    body, sent, begun = _bodies(1 + 10 * turn), 0, time.perf_counter()

    async def client(name: int) -> None:
        nonlocal sent
        number = 0
        while time.perf_counter() - begun < seconds:
            await _post(house, f"single-{turn}-{name}-{number}", body())
            number += 1
            sent += 1

    await asyncio.gather(*(client(name) for name in range(AT_A_TIME)))
    return sent / (time.perf_counter() - begun), sent


async def _half(house: Installation, per_s: float, seconds: float, name: str = "half", seed: int = 2) -> list[float]:
    """How many milliseconds each answer takes, counted from when the request was due."""
    await until_quiet(house.doors, house.kafka, QUIET_S)
    body, took, tasks = _bodies(seed), [], []
    loop = asyncio.get_running_loop()
    begun = loop.time()

    async def one(number: int, due: float) -> None:
        await _post(house, f"{name}-{number}", body())
        took.append((loop.time() - due) * 1_000)

    for number in range(max(int(per_s * seconds), 100)):
        due = begun + number / per_s
        await asyncio.sleep(max(0.0, due - loop.time()))
        tasks.append(asyncio.create_task(one(number, due)))
    await asyncio.gather(*tasks)
    return took


async def _beside_intruders(house: Installation, per_s: float, seconds: float, alone: list[float]) -> tuple[list[Result], bool]:
    """The same half load beside requests that are too large, too slow or without an end, and whether none of these was taken."""
    pid = house.pids()["intake"]
    before = resident_mb(pid)
    async with intruders(house.stack.urls["intake"], house.stack.keys.issue("clerk", "intruder", region="330000")) as fared:
        took = await _half(house, per_s, seconds, "beside", 5)
    say(f"intruders fared {dict(fared)}")
    found = [
        _told(len(took), quantiles(took, n=100)[98] / quantiles(alone, n=100)[98], "times p99 of single POST beside intruders"),
        _told(len(took), resident_mb(pid) - before, "MB that intake grew beside intruders"),
    ]
    return found, bool(fared) and all(fate == CUT or fate.startswith("4") for fate in fared)


def _p50_and_p99(took: list[float]) -> list[tuple[str, float]]:
    cuts = quantiles(took, n=100)
    return [("p50", cuts[49]), ("p99", cuts[98])]


async def _is_repeated(house: Installation) -> bool:
    """Whether the same request under the same key is answered as before, and another one refused: one visit in all."""
    body, other = _bodies(3)(), _bodies(4)()
    first, again = [await house.doors.command("intake", "record-visit", body, "again", CLERK) for _ in range(2)]
    refused = await house.doors.command("intake", "record-visit", other, "again", CLERK)
    return bool(first.status == again.status == 201 and first.body == again.body and refused.status == 422)


async def _rate(send: Callable[[], Awaitable[None]], stories: list[Story]) -> float:
    begun = time.perf_counter()
    await send()
    return len(stories) / (time.perf_counter() - begun)


def _applications(count: int) -> tuple[list[Story], list[Story]]:
    """So many that a hall hands in, and so many that a portal may: nobody applies at a window through a portal."""
    applying = [story for story in Scenario(9, count * 5, clock.now()).stories() if story.case_no is not None]
    sent = [story for story in applying[count:] if _submission(story)["data"]["channel"] in WITHOUT_A_VISIT]
    return applying[:count], sent[:count]


def _submission(story: Story) -> dict[str, Any]:
    number = next(n for n, step in enumerate(story.steps) if step.command == "submit-application")
    assert story.case_no is not None
    return document(story.document_id(number), story.steps[number], story.case_no)


async def _by_batch(house: Installation, stories: list[Story]) -> None:
    turn = asyncio.Semaphore(BATCHES_AT_A_TIME)

    async def send(part: list[dict[str, Any]]) -> None:
        async with turn:
            answers = await house.doors.batch("intake", stories[0].caller, part)
        if any(answer["status"] != "applied" for answer in answers):
            raise ValueError(f"intake answered {answers[0]}")

    documents = [_submission(story) for story in stories]
    await asyncio.gather(*(send(documents[start : start + BATCH]) for start in range(0, len(documents), BATCH)))


async def _by_kafka(house: Installation, stories: list[Story]) -> None:
    """From the first message until intake has recorded the last one."""
    before = await _submitted(house)
    topic = partner_topics("portal", PORTAL)[0].name
    client = producer(house.kafka, "runonce-bench")
    await client.start()
    try:
        for story in stories:
            said = {name: value for name, value in _submission(story).items() if name not in ("time", "knowntime")}
            # A portal's own id; the subject is its reference until the receipt names the case.
            await client.send(topic, orjson.dumps(said), said["subject"].encode())
        await client.flush()
    finally:
        await client.stop()
    deadline = time.perf_counter() + QUIET_S
    while (recorded := await _submitted(house) - before) < len(stories):
        if time.perf_counter() > deadline:
            raise TimeoutError(f"{recorded} of {len(stories)} submissions were recorded")
        await asyncio.sleep(0.1)


async def _submitted(house: Installation) -> int:
    return int(await _ask(house, "SELECT count(*) FROM case_index"))


async def _ask(house: Installation, sql: str, *args: Any) -> Any:
    connection = await connect(house.stack.dsns["intake"][0])
    try:
        return await connection.fetchval(sql, *args)
    finally:
        await connection.close()


async def _status(house: Installation, stories: list[Story], cases: int) -> list[Result]:
    """Citizens ask for their cases among a million rows; all but the real ones are copies under other numbers."""
    await _ask(house, _CLONES, cases // 100)
    await _ask(house, "ANALYZE case_index")
    pseudonyms = Pseudonyms(house.stack.keys.pseudonym_key())
    took = []
    for story in random.Random(6).choices(stories, k=QUESTIONS):
        assert story.case_no is not None
        claim = {"receipt_no": receipt_no(story.case_no), "code": pseudonyms.status_code(story.case_no)}
        begun = time.perf_counter()
        answer = await house.doors.send("POST", "intake", "/v1/status", "citizen", claim)
        took.append((time.perf_counter() - begun) * 1_000)
        assert answer.status == 200, answer.rule
    return [_told(cases, quantiles(took, n=100)[94], "ms p95 status")]


async def _screen(journeys: int) -> list[Result]:
    """The first screen over a corpus, read from Kafka by the real projector."""
    async with metrics_alone() as house:
        # Read while it is published: the corpus of a million journeys takes either of them a quarter of an hour.
        await house.start()
        await house.publish(journeys * EVENTS_PER_JOURNEY)
        await house.until_applied()
        right = await house.is_right()
        p50, p95, p99 = await dashboard_ms(house.doors, QUESTIONS, "2023-01-01", (*CITY_CODES, "330000"))
    found = [_told(journeys, value, f"ms {name} dashboard") for name, value in (("p50", p50), ("p95", p95), ("p99", p99))]
    return [replace(result, correct=right) for result in found]
