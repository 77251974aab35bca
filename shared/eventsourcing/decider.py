"""The decider: what a service decides from what already happened, and which timers its situation asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from shared.contracts.base import Fact
from shared.contracts.envelope import Envelope


class Timed(Protocol):
    """Every command says when it happens; rules never look at a clock."""

    @property
    def now(self) -> datetime: ...


C = TypeVar("C", bound=Timed)
S = TypeVar("S")


@dataclass(frozen=True, slots=True, order=True)
class Timer:
    """At `due_at` a `TimePassed` of this kind is due for the stream (and case, if it is about one)."""

    due_at: datetime
    kind: str
    case_no: str | None = None


def no_timers(_: Any) -> frozenset[Timer]:
    """For a decider whose situations wait for nobody."""
    return frozenset()


@dataclass(frozen=True, slots=True)
class Decider(Generic[C, S]):
    """Four pure functions over one stream.

    `decide(command, state)` answers with facts: `[]` means already in effect, a broken rule raises `RefusedError`.
    `evolve(state, fact, at)` never fails: a fact is never refused. `timers(state)` lists what the situation waits for;
    `elapse(timer)` is the command that a timer issues when its time has come, with `now = due_at`. A decider that never
    looks back decides without its history, which is then not read: right for reports that nothing can refuse.
    """

    initial: S
    decide: Callable[[C, S], list[Any]]
    evolve: Callable[[S, Any, datetime], S]
    timers: Callable[[S], frozenset[Timer]] = no_timers
    elapse: Callable[[Timer], C] | None = None
    looks_back: bool = True

    def fold(self, history: Iterable[Envelope[Fact]]) -> S:
        """The situation after `history`, oldest first."""
        state = self.initial
        for event in history:
            state = self.evolve(state, event.data, event.time)
        return state
