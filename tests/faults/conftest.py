"""Everything here runs a whole demonstration under load and breaks something; `./runonce test --faults` runs it all."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Iterator

import pytest

from shared.telemetry import clock
from tests.faults.launched import Launched
from tests.faults.living import Living


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell at once, and when, what failed: a whole run takes three quarters of an hour, and its logs are read by the clock."""
    report = yield
    if report.failed:
        writer = item.config.get_terminal_writer()
        writer.line()
        writer.line(f"  {clock.now():%H:%M:%S} UTC, {report.when}: {report.longreprtext[-2_000:]}")
    return report


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """Which faults at which moments: `--faults-seed N` repeats a run."""
    given: int = request.config.getoption("--faults-seed")
    return given


@pytest.fixture
def rng(seed: int, request: pytest.FixtureRequest) -> random.Random:
    """The dice of one test."""
    return random.Random(f"{seed}/{request.node.name}")


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Write a line into the output of the run, also of one that succeeds."""
    writer = request.config.get_terminal_writer()
    capture = request.config.pluginmanager.getplugin("capturemanager")
    assert capture is not None

    def write(line: str) -> None:
        with capture.global_and_fixture_disabled():
            writer.line()
            writer.line(f"  {line}")

    return write


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A demonstration on its own servers, with its history in and its load on."""
    made = Living(tmp_path_factory.mktemp("living"))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """A stack of this process's own, with its catalogue in and no load on."""
    made = Launched(tmp_path_factory.mktemp("launched"))
    made.start()
    yield made
    made.stop()
