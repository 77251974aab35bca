"""Promise: a port that one installation found free is not found by another that starts at the same time."""

from __future__ import annotations

import subprocess
import sys

from deploy.local.children import free_port
from tests.conftest import ROOT

ASK = "import sys; from deploy.local.children import free_port; print(free_port(int(sys.argv[1])))"


def test_another_process_finds_another_port_although_nobody_listens_yet() -> None:
    mine = free_port()

    done = subprocess.run([sys.executable, "-c", ASK, str(mine)], cwd=ROOT, capture_output=True, text=True, check=True)

    assert int(done.stdout) != mine


def test_a_port_that_is_asked_for_twice_is_given_once() -> None:
    mine = free_port()

    assert free_port(mine) != mine
