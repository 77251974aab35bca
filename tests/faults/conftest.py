"""Everything here runs a whole demonstration under load and breaks something; `./runonce test --faults` runs it all."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.faults.living import Living


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """Which faults at which moments: `--faults-seed N` repeats a run."""
    given: int = request.config.getoption("--faults-seed")
    return given


@pytest.fixture
def rng(seed: int, request: pytest.FixtureRequest) -> random.Random:
    """The dice of one test."""
    return random.Random(f"{seed}/{request.node.name}")


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A demonstration on its own servers, with its history in and its load on."""
    made = Living(tmp_path_factory.mktemp("living"))
    made.start()
    yield made
    made.stop()
