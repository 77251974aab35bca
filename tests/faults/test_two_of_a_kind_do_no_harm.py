"""Promise: a service may run twice: a sleeper is relieved and wakes as a stranger, and who comes and goes loses nothing."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from deploy.local.supervisor import Child
from shared.contracts.topics import APPROVAL_EVENTS, INTAKE_EVENTS, PARTITIONS, SERVICES, Service
from shared.kafka.clients import CONSUMER
from shared.postgres.pool import connect
from tests.faults.launched import Launched, door_of
from tests.faults.living import BACK_S, until

ASLEEP_S = CONSUMER["session_timeout_ms"] / 1_000 + 4
RELIEVED_S = 30.0
BUSY = 60
STORM_S = 60.0
TOGGLE_S = 3.0
GUESTS = ("second", "third")
STATEMENT_S = 0.1
REOPENED_S = 0.5
_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND state = 'active' AND wait_event = 'ClientRead'
AND xact_start IS NOT NULL AND query_start < clock_timestamp() - $2::float8 * interval '1 second'
"""
_END_SESSIONS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()
"""
_PUBLISHER = "SELECT holder FROM lease WHERE until > clock_timestamp()"


def heard(launched: Launched, child: Child, topic: str) -> dict[int, int]:
    """How far a topic was heard, by partition, as a second process tells it."""
    told = launched.ask(f"{door_of(child)}/v1/conservation")
    return {row["partition"]: row["next_offset"] for row in told["consumed"] if row["topic"] == topic}


def is_relieved(launched: Launched, child: Child, topic: str, before: dict[int, int]) -> bool:
    """Whether partitions move again that the sleeper had: of two members each has one half."""
    moved = [place for place, offset in heard(launched, child, topic).items() if offset > before.get(place, 0)]
    return len(moved) > PARTITIONS // 2


def publisher(launched: Launched, service: Service) -> int:
    """The process that holds the lease to publish; 0 while none does."""
    holder: str | None = launched.run(first(launched.stack.dsns[service][0], _PUBLISHER), BACK_S)
    return 0 if holder is None else int(holder.split("-")[1])


async def first(dsn: str, sql: str, *args: object) -> Any:
    """The first value that a database answers with."""
    connection = await connect(dsn)
    try:
        return await connection.fetchval(sql, *args)
    finally:
        await connection.close()


@pytest.mark.parametrize("service", SERVICES)
def test_a_sleeper_is_relieved_and_does_no_harm_when_it_wakes(
    launched: Launched, rng: random.Random, tell: Callable[[str], None], service: Service
) -> None:
    name, topic = f"asleep-{service}", APPROVAL_EVENTS if service == "intake" else INTAKE_EVENTS
    other = launched.begin_second(service, "other")
    try:
        with launched.crowd(name, rng, other_doors={service: door_of(other)}) as crowd:
            until(lambda: crowd.history.asked >= BUSY, BACK_S, "load")
            until(lambda: publisher(launched, service) == launched.found.pids[service], BACK_S, f"{service} publishes")
            pid = launched.signal(service, signal.SIGSTOP)
            begun = time.monotonic()
            try:
                before = heard(launched, other, topic)
                until(lambda: is_relieved(launched, other, topic, before), RELIEVED_S, f"{service} is relieved")
                until(lambda: publisher(launched, service) not in (0, pid), RELIEVED_S, f"another {service} publishes")
                took = time.monotonic() - begun
                time.sleep(max(ASLEEP_S - took, 0))  # The fault itself: longer than every session and every lease.
            finally:
                launched.signal(service, signal.SIGCONT)

        tell(f"{service} was relieved after {took:.1f} s")
        launched.agrees_with(name)
        assert launched.found.pids[service] == pid
    finally:
        launched.end_second(other)


@pytest.mark.parametrize("service", ["intake", "metrics"])
def test_a_sleeper_in_the_middle_of_a_statement_is_relieved_too(
    launched: Launched, rng: random.Random, tell: Callable[[str], None], service: Service
) -> None:
    name, topic = f"asleep-in-{service}", APPROVAL_EVENTS if service == "intake" else INTAKE_EVENTS
    other = launched.begin_second(service, "other")
    try:
        with launched.crowd(name, rng, other_doors={service: door_of(other)}) as crowd:
            until(lambda: crowd.history.asked >= BUSY, BACK_S, "load")
            try:
                until(lambda: falls_asleep_in_a_statement(launched, service, rng), BACK_S, f"{service} asleep in a statement")
                before = heard(launched, other, topic)
                took = until(lambda: is_relieved(launched, other, topic, before), RELIEVED_S, f"{service} is relieved")
                pid = launched.found.pids[service]
                until(lambda: publisher(launched, service) not in (0, pid), RELIEVED_S, f"another {service} publishes")
            finally:
                launched.signal(service, signal.SIGCONT)

        tell(f"{service} was relieved after {took:.1f} s")
        launched.agrees_with(name)
    finally:
        launched.end_second(other)


def falls_asleep_in_a_statement(launched: Launched, service: Service, rng: random.Random) -> bool:
    """Stop a process; unless that keeps the server waiting for the rest of a statement, let it go on.

    Statements are prepared once a session, and only in between does the server wait: so its sessions are ended before.
    """
    _, dsn = launched.stack.dsns[service]
    name = f"runonce-{service}"
    launched.run(first(dsn, _END_SESSIONS, name), BACK_S)
    time.sleep(rng.random() * REOPENED_S)
    launched.signal(service, signal.SIGSTOP)
    time.sleep(STATEMENT_S)  # Whatever the server still did for it is done by then.
    if launched.run(first(dsn, _WAITING, name, STATEMENT_S), BACK_S):
        return True
    launched.signal(service, signal.SIGCONT)
    return False


def test_projectors_come_and_go_and_each_offset_is_applied_once(
    launched: Launched, rng: random.Random, tell: Callable[[str], None]
) -> None:
    there: dict[str, Child] = {}
    turns = 0
    with launched.crowd("storm", rng):
        begun = time.monotonic()
        while time.monotonic() - begun < STORM_S:
            turned = time.monotonic()
            guest = rng.choice(GUESTS)
            if guest in there:
                launched.end_second(there.pop(guest), rng.choice((signal.SIGTERM, signal.SIGKILL)))
            else:
                there[guest] = launched.begin_second("metrics", guest)
            turns += 1
            time.sleep(max(TOGGLE_S - (time.monotonic() - turned), 0))  # The moment of the next fault.

    for child in there.values():
        launched.end_second(child)
    tell(f"projectors came and went {turns} times")
    launched.agrees_with("storm")
    launched.agrees()
