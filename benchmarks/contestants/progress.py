"""Options, clocks and the one line of report that the contestants in Python share."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path


class Progress:
    """Counts records read and movements added up, and takes the time from the first record.

    It is complete when the movements of the first `wanted` records are in the cells. What was read beyond them meanwhile is still
    under way, so it is not credited.
    """

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.read = 0
        self._moved = 0
        self._added = 0
        self._due: int | None = None
        self._begun = 0.0
        self._processor = 0.0

    def begin(self) -> None:
        """Take note that the first record has come."""
        self._begun, self._processor = time.perf_counter(), time.process_time()

    def took(self, movements: int) -> None:
        """Take note of a record that caused so many movements which somebody else is to add up."""
        self.read += 1
        self._moved += movements
        if self.read == self.wanted:
            self._due = self._moved

    def added(self) -> None:
        """Take note that a movement was added up."""
        self._added += 1

    @property
    def is_complete(self) -> bool:
        """Whether every record that is wanted was read and all that it moved is added up."""
        return self._due is not None and self._added >= self._due

    def report(self) -> str:
        """What the contestant prints, when its last commit is done."""
        seconds, processor = time.perf_counter() - self._begun, time.process_time() - self._processor
        events = min(self.read, self.wanted)
        return json.dumps({"events": events, "seconds": round(seconds, 3), "cpu_s": round(processor, 3)})


def options() -> argparse.Namespace:
    """`--kafka HOST:PORT --records N --out FILE --group NAME --state DIRECTORY`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--group", required=True, help="a name that no other run has")
    parser.add_argument("--state", type=Path, required=True, help="a directory that is not there yet")
    return parser.parse_args()
