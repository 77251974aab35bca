"""Who takes part in the projection contest, and how each is started."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.environments import CONTESTANTS, java_program, python

OURS = "ours"
HEAP = "-Xmx2g"
Command = list[str]


@dataclass(frozen=True, slots=True)
class Contender:
    """One contestant. `prepare` makes its environment and answers the beginning of its command."""

    name: str
    prepare: Callable[[], Command]
    uses_postgres: bool = False
    can_stop_early: bool = False
    """Whether it can be timed over its first records only; one that cannot is left out where it would take too long."""


def _ours() -> Command:
    return [sys.executable, "-m", "benchmarks.contestants.ours"]


def _of_its_own(name: str) -> Callable[[], Command]:
    return lambda: [str(python(CONTESTANTS / name / "requirements.lock")), "-m", f"benchmarks.contestants.{name}"]


def _kafka_streams() -> Command:
    java, *classes = java_program(CONTESTANTS / "kafka_streams")
    return [java, HEAP, *classes, "runonce.contest.Main"]


CONTENDERS: Sequence[Contender] = (
    Contender(OURS, _ours, uses_postgres=True),
    Contender("kafka_streams", _kafka_streams),
    Contender("quix", _of_its_own("quix"), can_stop_early=True),
    Contender("bytewax", _of_its_own("bytewax")),
    Contender("faust_tables", _of_its_own("faust_tables"), can_stop_early=True),
)
