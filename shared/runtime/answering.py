"""Single commands on their way: whoever comes while others are being answered shares the next transaction with those who wait.

A transaction costs about as much for twenty commands as for one, so a crowd is answered sooner together. Nobody notices:
each is answered as if it had come alone, and what one of them breaks is tried again one by one.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from itertools import count
from typing import TypeAlias

from shared.contracts.ingress import Receipt
from shared.eventsourcing.errors import HeldUpError, UnavailableError
from shared.postgres.event_log import EventLog, Tx
from shared.postgres.idempotency import Answer, FirstAnswer, Keyed, once_each, recall
from shared.postgres.pool import ACQUIRE_S
from shared.runtime.problems import problem_of
from shared.runtime.requests import Asked, Handle

ANSWER_S, RECALL_S = 10.0, 5.0
"""How long commands may take once they have a connection, and the look for the answer of one whose fate is unknown."""
AT_ONCE = 2
TOGETHER_MAX = 50
Replayed: TypeAlias = tuple[FirstAnswer, bool]


class Answering:
    """Answers the single commands of one service."""

    def __init__(self, log: EventLog, handle: Handle) -> None:
        self._log = log
        self._handle = handle
        self._waiting: list[_Call] = []
        self._under_way: set[asyncio.Task[None]] = set()

    async def answer(self, asked: Asked, fingerprint: bytes) -> tuple[Answer, bool]:
        """The answer to a command under its key, and whether it was replayed.

        Raises `KeyReusedError`, `KeyBusyError`, `UnavailableError`, and whatever the command's own handling raises.
        """
        call = _Call(asked, Keyed(asked.caller.id, asked.id, fingerprint))
        self._waiting.append(call)
        self._go_on()
        late = asyncio.get_running_loop().call_later(ACQUIRE_S, self._give_up, call)
        try:
            known, replayed = await call.told
        except UnavailableError:
            known, replayed = await self._recall(call.key), True
        finally:
            late.cancel()
        if not isinstance(known, Answer):
            raise known
        return known, replayed

    async def _recall(self, key: Keyed) -> FirstAnswer:
        """The commit's fate may be unknown: look once, on a fresh connection, before saying so."""
        known = await self._log.transact(lambda tx: recall(tx, [key]), RECALL_S)
        if key not in known:
            raise UnavailableError("commit-unknown")
        return known[key]

    def _give_up(self, call: _Call) -> None:
        if call in self._waiting:
            self._waiting.remove(call)
            call.fail(UnavailableError("no-turn"))

    def _go_on(self) -> None:
        while self._waiting and len(self._under_way) < AT_ONCE:
            task = asyncio.create_task(self._run(self._next()))
            self._under_way.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._go_on()

    def _next(self) -> list[_Call]:
        """Who comes next: callers take turns, each one's in the order of their coming, and who repeats a key after the first.

        So whoever asks for much delays himself, and nobody else by more than one transaction.
        """
        turn: dict[str, count[int]] = defaultdict(count)
        in_turns = sorted(self._waiting, key=lambda call: next(turn[call.key.scope]))
        chosen: dict[tuple[str, str], _Call] = {}
        for call in in_turns[:TOGETHER_MAX]:
            chosen.setdefault((call.key.scope, call.key.key), call)
        calls = list(chosen.values())
        self._waiting = [call for call in self._waiting if call not in calls]
        return calls

    async def _run(self, calls: Sequence[_Call]) -> None:
        try:
            answers = await self._together(calls)
        except Exception as error:
            is_away = isinstance(error, UnavailableError) and not isinstance(error, HeldUpError)
            if is_away or len(calls) == 1:
                for call in calls:
                    call.fail(error)
            else:
                for call in calls:
                    await self._run([call])
        else:
            for call, answer in zip(calls, answers, strict=True):
                call.tell(answer)

    async def _together(self, calls: Sequence[_Call]) -> list[Replayed]:
        async def work(tx: Tx) -> list[Replayed]:
            async def decide(fresh: Sequence[int]) -> list[Answer]:
                replies = await self._handle(tx, [calls[index].asked for index in fresh])
                return [_answer_of(reply) for reply in replies]

            answers = await once_each(tx, [call.key for call in calls], decide)
            if not any(_is_kept(answer) for answer in answers):
                raise _NothingDoneError(answers)
            return answers

        try:
            return await self._log.transact(work, ANSWER_S)
        except _NothingDoneError as nothing:
            return nothing.answers


class _Call:
    """One command that waits for its answer."""

    __slots__ = ("asked", "key", "told")

    def __init__(self, asked: Asked, key: Keyed) -> None:
        self.asked = asked
        self.key = key
        self.told: asyncio.Future[Replayed] = asyncio.get_running_loop().create_future()

    def tell(self, answer: Replayed) -> None:
        """Give the answer, if anybody still waits for it."""
        if not self.told.done():
            self.told.set_result(answer)

    def fail(self, error: Exception) -> None:
        """Let `answer` raise, if anybody still waits."""
        if not self.told.done():
            self.told.set_exception(error)


class _NothingDoneError(Exception):
    """Carries the answers out of a transaction that is rolled back, since all of them refuse."""

    def __init__(self, answers: list[Replayed]) -> None:
        super().__init__()
        self.answers = answers


def _is_kept(answer: Replayed) -> bool:
    known, replayed = answer
    return not replayed and isinstance(known, Answer) and known.status < 400


def _answer_of(reply: Receipt) -> Answer:
    if reply.status == "refused":
        response = problem_of(reply)
        return Answer(response.status_code, bytes(response.body))
    return Answer(201 if reply.events else 200, reply.model_dump_json(exclude_none=True).encode())
