"""Promise: a process ends at exactly the passage of the point that was asked for, and never a second time."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared.contracts.topics import SERVICES
from tests.conftest import ROOT
from tests.faults import fuses
from tests.faults.crash_points import POINTS

END_S = 60.0
_PROGRAM = """
from pathlib import Path
from tests.faults.fuses import Fuse
fuse = Fuse(Path({path!r}))
for number in range(4):
    fuse.passes("another:point")
    fuse.passes("commit:before")
    print(number, flush=True)
"""


def lives(path: Path) -> subprocess.CompletedProcess[str]:
    """A process that passes both points four times."""
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(path=str(path))],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=END_S,
        check=False,
    )


def test_it_ends_at_the_passage_that_was_asked_for_and_then_runs_plainly(tmp_path: Path) -> None:
    asked = fuses.ask(tmp_path, "intake", "commit:before", 3)

    first, second = lives(asked), lives(asked)

    assert first.returncode == -signal.SIGKILL
    assert first.stdout.split() == ["0", "1"]
    assert not asked.exists()
    assert second.returncode == 0


@pytest.mark.parametrize("service", SERVICES)
def test_every_point_has_a_name_of_its_own(service: str) -> None:
    names = [point for points in POINTS[service].values() for point in points]  # type: ignore[index]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("service", SERVICES)
def test_what_the_launcher_wraps_is_there(service: str) -> None:
    """A seam that was renamed is noticed here, and not only in the campaign."""
    program = (
        "from pathlib import Path; from tests.faults.crash_points import install; from tests.faults.fuses import Fuse; "
        f"install(Fuse(Path('nowhere')), {service!r})"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=END_S, check=False)

    assert done.returncode == 0, done.stderr[-500:]
