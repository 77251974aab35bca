"""Promise: whoever sets the clock of the record, forward or back, holds nobody up, and nothing is promised that does not hold."""

from __future__ import annotations

import json
import random
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from deploy.local.children import as_nobody
from deploy.local.postgres import Postgres
from shared.contracts.topics import SERVICES
from shared.telemetry import clock
from tests.faults.launched import Launched
from tests.faults.living import until

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
SETTINGS_S = (1_800, 600, 0, 3_000, 0)
"""Forward by less than a token lives, back by stages and at once; never behind the clock of those who ask."""
FOLLOWS_S = 20.0
LIVES, LIVES_S = 12, 120.0
NEAR = timedelta(seconds=5)

NEEDS_LIBRARY = "the package libfaketime, which gives a program a clock of its own, is not installed"
pytestmark = pytest.mark.skipif(not LIBRARIES, reason=NEEDS_LIBRARY)


class Clocked(Launched):
    """A stack whose record goes by a clock of its own."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.ahead = data / "ahead"
        self.set_clock(0)

    def set_clock(self, seconds: int) -> None:
        """Let the record's clock be so far ahead of everybody else's."""
        fresh = self.ahead.with_suffix(".fresh")
        fresh.write_text(f"+{seconds}")
        fresh.chmod(0o644)
        fresh.replace(self.ahead)

    def as_of(self) -> datetime | None:
        """Up to when the figures are said to be complete."""
        with urllib.request.urlopen(f"{self.stack.urls['metrics']}/v1/live", timeout=5) as answer:
            told = json.load(answer)["as_of"]
        return None if told is None else datetime.fromisoformat(told)


@pytest.fixture(scope="module")
def clocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clocked]:
    """A stack with its catalogue in and no load on."""
    made, plain, user = Clocked(tmp_path_factory.mktemp("clocked")), Postgres.command, as_nobody()
    # Read at every look, since a server of many processes is to see a new time in all of them at once.
    own = [f"FAKETIME_TIMESTAMP_FILE={made.ahead}", "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"]

    def command(server: Postgres) -> list[str]:
        return [*user, "env", f"LD_PRELOAD={LIBRARIES[0]}", *own, *plain(server)[len(user) :]]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Postgres, "command", command)
        made.start()
    yield made
    made.stop()


def test_figures_are_complete_by_the_clock_that_counts(clocked: Clocked, rng: random.Random, tell: Callable[[str], None]) -> None:
    with clocked.crowd("set", rng) as crowd:
        for ahead in SETTINGS_S:
            clocked.set_clock(ahead)

            def follows(ahead: int = ahead) -> bool:
                as_of = clocked.as_of()
                return as_of is not None and abs(as_of - clock.now() - timedelta(seconds=ahead)) < NEAR

            took = until(follows, FOLLOWS_S, f"figures by a clock that is {ahead} s ahead")
            tell(f"with the record's clock {ahead} s ahead, figures were complete by it after {took:.1f} s")
            clocked.kill(rng.choice(SERVICES))
            enough = crowd.lived + LIVES

            def live_on(enough: int = enough) -> bool:
                return crowd.lived >= enough

            until(live_on, LIVES_S, f"lives by a clock that is {ahead} s ahead")

    clocked.agrees_with("set")
