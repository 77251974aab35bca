"""The truth on disk: what was scripted before it was sent, and what was sent and answered. A kill loses nothing of it.

A history is written whole before its first document leaves, with a list of the parts that are in. A live run appends a line
before each act and a line after its answer; an act without an answer is asked again, under its own id, before anything is
compared.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson

from deploy.local.scenario import Scenario
from deploy.local.story import Story, from_json, to_json
from shared.contracts.base import wire_time

CHUNK = 250
"""Stories that are brought in together."""


@dataclass(frozen=True, slots=True)
class History:
    """One history that was scripted for this data directory."""

    directory: Path
    scenario: Scenario

    @property
    def _base(self) -> Path:
        return self.directory / f"history-{self.scenario.name}"

    @property
    def is_in(self) -> bool:
        """Whether every part was brought in."""
        return self._base.with_suffix(".in").exists()

    def stories(self) -> Iterator[Story]:
        """The stories as they were scripted."""
        with gzip.open(self._base.with_suffix(".jsonl.gz"), "rb") as file:
            for line in file:
                yield from_json(orjson.loads(line))

    def chunks(self) -> Iterator[tuple[int, list[Story]]]:
        """The stories in numbered parts."""
        part: list[Story] = []
        number = 0
        for story in self.stories():
            part.append(story)
            if len(part) == CHUNK:
                yield number, part
                number, part = number + 1, []
        if part:
            yield number, part

    def done(self) -> set[int]:
        """The numbers of the parts that are in."""
        path = self._base.with_suffix(".done")
        return {int(line) for line in path.read_text().split()} if path.exists() else set()

    def mark(self, number: int) -> None:
        """Remember that a part is in."""
        with self._base.with_suffix(".done").open("a") as file:
            file.write(f"{number}\n")

    def finish(self) -> None:
        """Remember that all of it is in."""
        self._base.with_suffix(".in").touch()


class Ledger:
    """The truth directory of one installation."""

    def __init__(self, data: Path) -> None:
        self.directory = data / "truth"
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def histories(self) -> list[History]:
        """Every history that was scripted, oldest first."""
        heads = sorted(self.directory.glob("history-*.json"), key=lambda path: path.stat().st_mtime_ns)
        return [self._history(path) for path in heads]

    def script(self, scenario: Scenario) -> History:
        """Write a whole history down before anything of it is sent."""
        history = History(self.directory, scenario)
        base = self.directory / f"history-{scenario.name}"
        unfinished = base.with_suffix(".part")
        with gzip.open(unfinished, "wb", compresslevel=1) as file:
            for story in scenario.stories():
                if story.steps:
                    file.write(orjson.dumps(to_json(story)) + b"\n")
        os.replace(unfinished, base.with_suffix(".jsonl.gz"))
        head = {"seed": scenario.seed, "journeys": scenario.journeys, "until": scenario.until.isoformat()}
        base.with_suffix(".json").write_bytes(orjson.dumps(head))
        return history

    def journals(self) -> list[Path]:
        """The journals of the live runs, oldest first."""
        return sorted(self.directory.glob("live-*.jsonl"))

    def _history(self, head: Path) -> History:
        stored = orjson.loads(head.read_bytes())
        until = datetime.fromisoformat(stored["until"])
        return History(self.directory, Scenario(stored["seed"], stored["journeys"], until))


class Journal:
    """The journal of one live run: appended, a line at a time, in the hands of the kernel before anything is sent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] = path.open("ab", buffering=0)

    def begin(self, story: Story) -> None:
        """A story is about to be told. Its steps are noted one by one."""
        self._write({"story": story.name, "caller": story.caller})

    def intend(self, name: str, number: int, act: dict[str, Any], at: datetime) -> None:
        """Step `number` is about to be sent, exactly so."""
        self._write({"story": name, "n": number, "act": act, "from": wire_time(at)})

    def settle(
        self, name: str, number: int, at: datetime, *, rule: str | None, journey: str | None, since: datetime | None = None
    ) -> None:
        """Step `number` was answered by `at`: it took effect, or `rule` refused it. `since` corrects when it was sent."""
        line: dict[str, Any] = {"story": name, "n": number, "to": wire_time(at), "rule": rule, "journey": journey}
        self._write(line if since is None else line | {"since": wire_time(since)})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(orjson.dumps(line) + b"\n")


def read_journal(path: Path) -> Iterable[dict[str, Any]]:
    """The lines of a journal; a last line that was cut off by a kill is left out, as it was never acted on."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield orjson.loads(line)
