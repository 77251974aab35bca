"""From commands and a stream's history to what must be appended. Pure: the shell loads, plans, and writes it in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.contracts.base import Fact
from shared.contracts.envelope import Actor, Envelope
from shared.contracts.ids import reaction_id, timer_id
from shared.eventsourcing.decider import C, Decider, S, Timer
from shared.eventsourcing.errors import RefusedError

TIMEKEEPER = Actor("timekeeper", "timekeeper")
FURTHER_MAX = 64
"""How many timers may fire beyond those that a stream waited for: a decider that asks for more and more of them is at fault.

How many it waited for is no bound of ours: every case of a journey has its own, and a person may have many."""


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks and why. The ids of the resulting events are functions of `command_id`, so a repeated command makes none twice.

    `known` is set by the import and history doors alone: when government knew; otherwise it is the commit time.
    """

    command_id: UUID
    actor: Actor
    correlation: UUID
    causation: UUID
    reaction: str = "command"
    known: datetime | None = None

    @classmethod
    def following(cls, cause: Envelope[Any], actor: Actor, reaction: str) -> Context:
        """The context of a reaction to `cause`: same correlation, caused by it, and known no earlier than it.

        An imported cause keeps its known time, so that what follows from history is history too.
        """
        known = cause.known if cause.known < cause.recorded else None
        return cls(cause.id, actor, cause.correlation, cause.id, reaction, known)


@dataclass(frozen=True, slots=True)
class Order(Generic[C]):
    """One command for one stream; `key` is the Kafka key of what follows from it."""

    stream: str
    key: str
    command: C
    context: Context


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A decided fact on its way into the log: everything of its envelope but version and commit time."""

    id: UUID
    data: Fact
    time: datetime
    key: str
    context: Context


@dataclass(frozen=True, slots=True)
class Applied:
    """The command took effect through these events; none if it was already in effect."""

    events: tuple[NewEvent, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The command broke a rule; nothing of it was recorded."""

    error: RefusedError


Outcome = Applied | Refused
_T = TypeVar("_T")


@dataclass(slots=True)
class Plan(Generic[S]):
    """What one stream gains from its orders: events in order, timers to add and to drop, one outcome for each order."""

    state: S
    events: list[NewEvent] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    timers_before: frozenset[Timer] = frozenset()
    timers_after: frozenset[Timer] = frozenset()

    @property
    def timers_added(self) -> frozenset[Timer]:
        return self.timers_after - self.timers_before

    @property
    def timers_dropped(self) -> frozenset[Timer]:
        return self.timers_before - self.timers_after


def plan(decider: Decider[C, S], history: Sequence[Envelope[Fact]], orders: Sequence[Order[C]]) -> Plan[S]:
    """Decide `orders` one after another on one stream.

    Before each command the timers due by its `now` fire in order of time, so what is decided does not depend on how
    late the timekeeper is, and history entered today decides as it would have then.
    """
    state = decider.fold(history)
    timers = decider.timers(state)
    made: Plan[S] = Plan(state, timers_before=timers, timers_after=timers)
    for order in orders:
        _elapse(decider, made, order)
        made.outcomes.append(_decide(decider, made, order))
    return made


def _elapse(decider: Decider[C, S], made: Plan[S], order: Order[C]) -> None:
    fired: set[Timer] = set()
    fired_max = len(made.timers_after) + FURTHER_MAX
    while due := sorted(t for t in made.timers_after - fired if t.due_at <= order.command.now):
        timer = due[0]
        fired.add(timer)
        if decider.elapse is None or len(fired) > fired_max:
            raise AssertionError("a decider with timers must say what they issue, and what fires may ask for few more")
        seed = timer_id(order.stream, timer.case_no, timer.kind, timer.due_at)
        context = Context(seed, TIMEKEEPER, order.context.correlation, seed, "timer", _known_at(timer, order))
        _record(decider, made, decider.decide(decider.elapse(timer), made.state), timer.due_at, order.key, context)


def _known_at(timer: Timer, order: Order[C]) -> datetime | None:
    return timer.due_at if order.context.known is not None else None


def _decide(decider: Decider[C, S], made: Plan[S], order: Order[C]) -> Outcome:
    try:
        facts = decider.decide(order.command, made.state)
    except RefusedError as error:
        return Refused(error)
    return Applied(_record(decider, made, facts, order.command.now, order.key, order.context))


def _record(
    decider: Decider[C, S], made: Plan[S], facts: Sequence[Fact], at: datetime, key: str, context: Context
) -> tuple[NewEvent, ...]:
    events = tuple(
        NewEvent(reaction_id(context.command_id, context.reaction, ordinal), fact, at, key, context)
        for ordinal, fact in enumerate(facts)
    )
    for event in events:
        made.state = decider.evolve(made.state, event.data, at)
    made.events.extend(events)
    made.timers_after = decider.timers(made.state)
    return events
