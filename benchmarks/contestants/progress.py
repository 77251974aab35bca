"""Options, clocks and the one line of report that the contestants in Python share."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path


class Progress:
    """Counts records read and movements on their way, and takes the time from the first record."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.read = 0
        self.moving = 0
        self._begun = 0.0
        self._processor = 0.0

    def begin(self) -> None:
        """Take note that the first record has come."""
        self._begun, self._processor = time.perf_counter(), time.process_time()

    @property
    def is_complete(self) -> bool:
        """Whether every record was read and no movement is on its way."""
        return self.read >= self.wanted and self.moving == 0

    def report(self) -> str:
        """What the contestant prints, when its last commit is done."""
        seconds, processor = time.perf_counter() - self._begun, time.process_time() - self._processor
        return json.dumps({"events": self.read, "seconds": round(seconds, 3), "cpu_s": round(processor, 3)})


def options() -> argparse.Namespace:
    """`--kafka HOST:PORT --records N --out FILE --group NAME --state DIRECTORY`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--group", required=True, help="a name that no other run has")
    parser.add_argument("--state", type=Path, required=True, help="a directory that is not there yet")
    return parser.parse_args()
