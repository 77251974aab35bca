"""What is appended does not depend on how late a timer fires, on repetition, or on a refused neighbour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from shared.contracts.catalogue import BodyRegistered
from shared.contracts.envelope import Actor
from shared.eventsourcing.decider import Decider, Timer
from shared.eventsourcing.errors import RefusedError, Rule
from shared.eventsourcing.plan import TIMEKEEPER, Applied, Context, Order, Plan, Refused, plan

START = datetime(2026, 3, 9, tzinfo=UTC)
NO = Rule("no", "conflict", "不行。", "No.")


@dataclass(frozen=True)
class Say:
    now: datetime
    word: str


def fact(word: str) -> BodyRegistered:
    return BodyRegistered(body_uscc="1" * 18, name_zh=word, name_en=word, region="330100", level=3)


def decide(command: Say, state: tuple[str, ...]) -> list[BodyRegistered]:
    if command.word == "no":
        raise RefusedError(NO)
    return [] if command.word in state else [fact(command.word)]


def waits(state: tuple[str, ...]) -> frozenset[Timer]:
    """The first word asks for two more, a day and two days after the start, each once."""
    wanted = {"day-1": START + timedelta(days=1), "day-2": START + timedelta(days=2)} if state else {}
    return frozenset(Timer(at, word) for word, at in wanted.items() if word not in state)


ECHO: Decider[Say, tuple[str, ...]] = Decider(
    (), decide, lambda state, event, _: (*state, event.name_zh), waits, lambda timer: Say(timer.due_at, timer.kind)
)


def order(word: str, days: int = 0, seed: UUID | None = None, known: datetime | None = None) -> Order[Say]:
    command_id = seed or uuid4()
    context = Context(command_id, Actor("clerk", "c"), command_id, command_id, known=known)
    return Order("journey-x", "x", Say(START + timedelta(days=days), word), context)


def words(made: Plan[tuple[str, ...]]) -> list[str]:
    return [event.data.name_zh for event in made.events if isinstance(event.data, BodyRegistered)]


def test_timers_that_are_due_fire_before_the_next_command_in_order_of_time() -> None:
    made = plan(ECHO, [], [order("a"), order("b", days=10)])

    assert words(made) == ["a", "day-1", "day-2", "b"]
    fired = made.events[1]
    assert fired.time == START + timedelta(days=1)
    assert fired.context.actor == TIMEKEEPER


def test_history_knows_what_its_timers_did_when_they_were_due() -> None:
    made = plan(ECHO, [], [order("a", known=START), order("b", days=10, known=START + timedelta(days=10))])

    assert made.events[1].context.known == START + timedelta(days=1)


def test_the_same_command_makes_the_same_ids() -> None:
    seed = uuid4()

    first, second = (plan(ECHO, [], [order("a", seed=seed)]).events[0].id for _ in range(2))

    assert first == second


def waiting_for(timers: Callable[[int], frozenset[Timer]]) -> Decider[Say, int]:
    """Says every word it is told, and waits for what `timers` makes of their number."""
    return Decider(
        0,
        lambda command, _: [fact(command.word)],
        lambda state, _, __: state + 1,
        timers,
        lambda timer: Say(timer.due_at, str(timer.case_no)),
    )


def test_timers_that_differ_in_their_case_alone_make_different_ids() -> None:
    at = START + timedelta(days=1)
    both = frozenset({Timer(at, "card", "case-1"), Timer(at, "card", "case-2")})

    made = plan(waiting_for(lambda _: both), [], [order("late", days=2)])

    assert [event.time for event in made.events] == [at, at, START + timedelta(days=2)]
    assert len({event.id for event in made.events}) == 3


def test_as_many_timers_fire_as_a_stream_waits_for() -> None:
    at = START + timedelta(days=1)
    many = frozenset(Timer(at, "silence", f"case-{n}") for n in range(500))

    made = plan(waiting_for(lambda _: many), [], [order("late", days=2)])

    assert len(made.events) == 501


def test_a_decider_that_asks_for_ever_more_timers_is_stopped() -> None:
    restless = waiting_for(lambda state: frozenset({Timer(START + timedelta(seconds=state), "again", "case-1")}))

    with pytest.raises(AssertionError):
        plan(restless, [], [order("late", days=2)])


def test_a_refused_command_changes_nothing_for_the_next() -> None:
    made = plan(ECHO, [], [order("a"), order("no"), order("b")])

    assert [type(outcome) for outcome in made.outcomes] == [Applied, Refused, Applied]
    assert words(made) == ["a", "b"]


def test_what_is_in_effect_already_is_quiet() -> None:
    made = plan(ECHO, [], [order("a"), order("a")])

    assert made.outcomes[1] == Applied(())


def test_timers_started_and_stopped_are_told_apart() -> None:
    opened = plan(ECHO, [], [order("a")])
    passed = plan(ECHO, [], [order("a"), order("b", days=1)])

    assert {timer.kind for timer in opened.timers_added} == {"day-1", "day-2"}
    assert {timer.kind for timer in passed.timers_added} == {"day-2"}
    assert opened.timers_dropped == frozenset()
