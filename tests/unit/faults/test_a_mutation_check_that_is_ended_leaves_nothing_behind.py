"""Promise: whenever the mutation check is told to stop it does so at once, and its copies of the sources are gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.faults.living import until

BEGIN_S = 60.0
END_S = 30.0
BROKEN = "shared/postgres/event_log.py"


def is_copying(temporary: Path) -> bool:
    return any(temporary.glob("runonce-mutants-*/0/shared"))


def tries_a_mutant(temporary: Path) -> bool:
    healthy = (ROOT / BROKEN).read_text()
    return any(text not in ("", healthy) for text in (copy.read_text() for copy in temporary.glob(f"*/0/{BROKEN}")))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("moment", [is_copying, tries_a_mutant])
def test_it_stops_and_takes_its_copies_along(moment: Callable[[Path], bool], number: signal.Signals, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tests.faults.mutants", "--only", "hash-without-chain", "--jobs", "1"]
    with subprocess.Popen(words, cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}, stderr=subprocess.DEVNULL) as check:
        try:
            until(lambda: moment(tmp_path), BEGIN_S, moment.__name__)
            check.send_signal(number)
            assert check.wait(END_S) in (128 + number, -number)
        finally:
            check.kill()

    assert list(tmp_path.iterdir()) == []
