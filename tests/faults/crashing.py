"""`python -m tests.faults.crashing SERVICE [POINT N]`: a service as it is, with fuses at its seams.

With FUSES, a directory, in the environment, points can also be asked for while it runs; see `fuses.ask`.
"""

from __future__ import annotations

import os
import runpy
import sys
import tempfile
from pathlib import Path

from shared.contracts.topics import SERVICES, Service
from tests.faults.crash_points import POINTS, install
from tests.faults.fuses import Fuse, ask

UNKNOWN_AFTER_S = 3.0
"""How long notify waits before it takes up an attempt that nobody ended; the sweep cannot wait a minute for each."""
BACK_OFF_S = (0.5, 1.0, 2.0, 3.0)
"""Nor can it wait two minutes for a message whose every attempt met a dead intake."""


def main(words: list[str]) -> None:
    """Run the service named first."""
    if not words or words[0] not in SERVICES:
        sys.exit(f"usage: crashing {'|'.join(SERVICES)} [POINT N]")
    service: Service = words[0]
    directory = Path(os.environ.get("FUSES") or tempfile.mkdtemp())
    if len(words) == 3:
        if not any(words[1] in points for points in POINTS[service].values()):
            sys.exit(f"{service} has no point {words[1]}")
        ask(directory, service, words[1], int(words[2]))
    install(Fuse(directory / service), service)
    if service == "notify":
        _take_up_sooner()
    sys.argv = [f"services.{service}"]
    runpy.run_module(f"services.{service}", run_name="__main__", alter_sys=True)


def _take_up_sooner() -> None:
    from services.notify import sender

    sender.Sender.__init__.__kwdefaults__["unknown_after_s"] = UNKNOWN_AFTER_S  # type: ignore[index]
    sender.BACK_OFF_S = BACK_OFF_S


if __name__ == "__main__":
    main(sys.argv[1:])
