"""The history of a run: every question, every answer and every silence, one JSON line each, in the order in which they came.

A call is one wish under one key. It may be asked many times and answered many times; what was never answered stays unknown.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Door = Literal["intake", "approval", "batch", "partner"]
OK = (200, 201)
BY_RECEIPT: tuple[Door, ...] = ("batch", "partner")
"""Doors where one caller has many wishes, and the first answer to an id is its answer for good."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer: when it came on this machine's monotonic clock, and when the question was sent that it answers."""

    at: float
    status: int
    body: Mapping[str, Any]
    since: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether the wish was granted, now or before."""
        return self.status in OK and self.body.get("status") != "refused" and self.body.get("first_status") != "refused"


@dataclass(slots=True)
class Call:
    """One wish: what was wanted by whom, how often it was asked, and everything that was heard of it."""

    number: int
    at: float
    door: Door
    command: str
    key: str
    by: str
    data: Mapping[str, Any]
    asked: int = 1
    silences: list[str] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    @property
    def granted(self) -> Heard | None:
        """The first answer that said yes."""
        return next((heard for heard in self.heard if heard.is_good), None)

    @property
    def is_refused(self) -> bool:
        """Whether every time it was answered it was answered with no, and no time was left open that could still be a yes."""
        return bool(self.heard) and self.granted is None and (self.door in BY_RECEIPT or not self.silences)


class History:
    """Writes a history; threads and tasks may share one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", buffering=1)
        self._lock = threading.Lock()
        self._calls = 0

    def ask(self, door: Door, command: str, key: str, by: str, data: Mapping[str, Any]) -> int:
        """Write down a wish before it is sent, and return its number."""
        with self._lock:
            self._calls += 1
            number = self._calls
        self._write(number, "ask", door=door, command=command, key=key, by=by, data=data)
        return number

    @property
    def asked(self) -> int:
        """How many wishes were written down so far."""
        return self._calls

    def again(self, number: int) -> None:
        """The same wish is sent once more under its key."""
        self._write(number, "again")

    def hear(self, number: int, status: int, body: Mapping[str, Any], since: float = 0.0) -> None:
        """An answer came to the question that was sent at `since`."""
        self._write(number, "hear", status=status, body=body, since=since)

    def wonder(self, number: int, why: str) -> None:
        """No answer came, and nobody knows what became of the wish."""
        self._write(number, "wonder", why=why)

    def close(self) -> None:
        """Nothing more will be written."""
        self._file.close()

    def _write(self, number: int, does: str, **more: Any) -> None:
        line = json.dumps({"call": number, "at": time.monotonic(), "does": does, **more}, ensure_ascii=False)
        with self._lock:
            self._file.write(line + "\n")


def calls(lines: Iterable[str]) -> list[Call]:
    """The calls of a history, in the order in which they were first asked."""
    found: dict[int, Call] = {}
    for told in _documents(lines):
        number, at = told["call"], told["at"]
        if told["does"] == "ask":
            found[number] = Call(number, at, told["door"], told["command"], told["key"], told["by"], told["data"])
        elif told["does"] == "again":
            found[number].asked += 1
        elif told["does"] == "hear":
            found[number].heard.append(Heard(at, told["status"], told["body"], told["since"]))
        else:
            found[number].silences.append(told["why"])
    return list(found.values())


def _documents(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in lines if line.strip())
